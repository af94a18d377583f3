import { RetryStrategy } from './retry.js'

/** What all clients share. Endpoint and credentials come from the SDK's own environment and profiles. */
export interface ClientOptions {
  readonly region: string
  readonly maxAttempts?: number
  /** Milliseconds until a request without an answer is given up, and asked again. */
  readonly answerTimeout?: number
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
