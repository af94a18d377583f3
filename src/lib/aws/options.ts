import { RetryStrategy } from './retry.js'

/** What all clients share. Endpoint and credentials come from the SDK's own environment and profiles. */
export interface ClientOptions {
  readonly region: string
  readonly maxAttempts?: number
  /** Milliseconds until a request without an answer is given up, and asked again. */
  readonly answerTimeout?: number
  /** Told of every request that goes out, pages and repeated ones included, as `AutoScaling:DescribeAutoScalingGroups`. */
  readonly onCall?: (operation: string) => void
}

/** Settings of every client of the SDK. */
export interface ClientSettings {
  readonly region: string
  readonly retryStrategy: RetryStrategy
  readonly requestHandler: {
    readonly connectionTimeout: number
    readonly requestTimeout: number
    readonly throwOnRequestTimeout: true
  }
}

/**
 * The settings of every client. Ten attempts: a control plane that throttles three calls in ten must not end a
 * rollout, and the SDK's backoff bounds what ten of them can take. The SDK itself waits for ever: a connection that
 * a sleeping laptop or a firewall swallowed would hold up a rollout's watch without a word.
 */
export function clientSettings({ region, maxAttempts = 10, answerTimeout = 30_000 }: ClientOptions): ClientSettings {
  return {
    region,
    retryStrategy: new RetryStrategy(maxAttempts),
    requestHandler: { connectionTimeout: 5000, requestTimeout: answerTimeout, throwOnRequestTimeout: true },
  }
}

interface Handled {
  readonly clientName?: string
  readonly commandName?: string
}
type Handler = (args: never) => Promise<never>
interface Stack {
  add(middleware: (next: Handler, context: Handled) => Handler, options: { readonly step: 'deserialize' }): void
}

/** The client, with its requests told to whoever counts them. That step is the last, so that each attempt is one. */
export function counted<C extends { readonly middlewareStack: object }>(client: C, { onCall }: ClientOptions): C {
  if (onCall === undefined) return client
  // The SDK's own type is bound to each client's inputs, of which nothing is looked at here.
  const stack = client.middlewareStack as Stack
  stack.add(
    (next, { clientName = '', commandName = '' }) =>
      (args) => {
        onCall(`${clientName.replace(/Client$/, '')}:${commandName.replace(/Command$/, '')}`)
        return next(args)
      },
    { step: 'deserialize' },
  )
  return client
}
