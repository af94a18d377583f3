import { RetryStrategy } from './retry.js'

/** What all clients share. Endpoint and credentials come from the SDK's own environment and profiles. */
export interface ClientOptions {
  readonly region: string
  readonly maxAttempts?: number
  /** Milliseconds until a request without an answer is given up, and asked again. */
  readonly answerTimeout?: number
  /** How many times as fast as time the cloud's clock runs, for the waits between attempts; 1 if absent. */
  readonly pace?: number
  /** Told of every request that goes out, pages and repeated ones included, as `AutoScaling:DescribeAutoScalingGroups`. */
  readonly onCall?: (operation: string) => void
  /** Told whenever a request is about to be made again, e.g. because it was throttled. */
  readonly onRetry?: () => void
  /** Asked before every request that changes a fleet goes out, repeated ones included; when it rejects, it does not go. */
  readonly beforeChange?: () => Promise<void>
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
export function clientSettings({
  region,
  maxAttempts = 10,
  answerTimeout = 30_000,
  onRetry,
  pace,
}: ClientOptions): ClientSettings {
  return {
    region,
    retryStrategy: new RetryStrategy(maxAttempts, onRetry, pace),
    requestHandler: { connectionTimeout: 5000, requestTimeout: answerTimeout, throwOnRequestTimeout: true },
  }
}

interface Handled {
  readonly clientName?: string
  readonly commandName?: string
}
type Handler = (args: { readonly input: object }) => Promise<never>
interface Stack {
  add(
    middleware: (next: Handler, context: Handled) => Handler,
    options: { readonly step: 'deserialize'; readonly priority: 'low' },
  ): void
}

/** The clients of fleets and what they launch; registries, parameters and logs are no part of what serves. */
const fleetClients: ReadonlySet<string> = new Set(['ApplicationAutoScaling', 'AutoScaling', 'EC2', 'ECS'])

/** A question: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html for DryRun. */
const asksOnly = (command: string, input: object): boolean =>
  /^(?:Describe|Get|List)/.test(command) || ('DryRun' in input && input.DryRun === true)

/**
 * The client, with its requests told to whoever counts them, and its changes asked for before they go out. That step is
 * the last, so that each attempt is one, and as little time as can be lies between the question and the request.
 */
export function counted<C extends { readonly middlewareStack: object }>(
  client: C,
  { onCall, beforeChange }: Pick<ClientOptions, 'onCall' | 'beforeChange'>,
): C {
  if (onCall === undefined && beforeChange === undefined) return client
  // The SDK's own type is bound to each client's inputs, of which hardly anything is looked at here.
  const stack = client.middlewareStack as Stack
  stack.add(
    (next, { clientName = '', commandName = '' }) =>
      async (args) => {
        const service = clientName.replace(/Client$/, '')
        const command = commandName.replace(/Command$/, '')
        if (beforeChange !== undefined && fleetClients.has(service) && !asksOnly(command, args.input)) {
          await beforeChange()
        }
        onCall?.(`${service}:${command}`)
        return next(args)
      },
    { step: 'deserialize', priority: 'low' },
  )
  return client
}
