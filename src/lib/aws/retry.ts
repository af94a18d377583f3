import { StandardRetryStrategy } from '@smithy/core/retry'

type Refreshed = ReturnType<StandardRetryStrategy['refreshRetryTokenForRetry']>
type Failed = Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>

// Nobody listens there, or there is no such name: more of the same question hardly ever helps.
const neverReached = new Set(['ECONNREFUSED', 'ENOTFOUND'])
/** About a second of the SDK's backoff: enough for a service that is being restarted. */
const briefAttempts = 6

function codeOf(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return undefined
  if ('code' in error) return error.code
  return depth < 5 ? codeOf(error.cause, depth + 1) : undefined
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html: no wait is longer.
const longestWait = 20_000

/** The SDK's backoff on a clock that runs so many times as fast as time; its own class is not to be had. */
function pacedBackoff(pace: number) {
  let base = 0
  return {
    setDelayBase: (delay: number) => {
      base = delay
    },
    computeNextBackoffDelay: (attempt: number) => (Math.random() * Math.min(base * 2 ** attempt, longestWait)) / pace,
  }
}

/** The SDK's own retries, but for an endpoint that cannot be reached at all: a person waits a second for that, not half a minute. */
export class RetryStrategy extends StandardRetryStrategy {
  readonly #onRetry: (() => void) | undefined

  /** `pace`: how many times as fast as time the clock of a rehearsal runs. */
  constructor(maxAttempts: number, onRetry?: () => void, pace?: number) {
    super({ maxAttempts, ...(pace !== undefined && { backoff: pacedBackoff(pace) }) })
    this.#onRetry = onRetry
  }

  override async refreshRetryTokenForRetry(...[token, failure]: Failed): Refreshed {
    if (token.getRetryCount() + 1 >= briefAttempts && neverReached.has(String(codeOf(failure.error)))) {
      throw new Error('nobody answers there')
    }
    this.#onRetry?.()
    return super.refreshRetryTokenForRetry(token, failure)
  }
}
