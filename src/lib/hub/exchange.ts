import { isPassing, isPassingCode, readRetryAfter, retryPause, type RetryPolicy } from '../domain/retry.js'
import type { Clock } from '../ports/clock.js'
import { codeOf, hubFailure, hubRefusal, hubTokenUnfit, type Purpose } from './failures.js'

export interface ExchangeOptions {
  /** Only this origin gets the token. */
  readonly origin: string
  readonly token: () => Promise<string | undefined>
  readonly clock: Clock
  readonly random: () => number
  readonly policy: RetryPolicy
  readonly signal?: AbortSignal | undefined
}

/** A `fetch` that answers with what is there or rejects with a RampartError. */
export type HubFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * The `fetch` that the hub's library is given: it proves who asks to the hub itself and to nobody else, and tries again
 * after passing failures. The library gets no token: it would send it where the hub points, and refuses those of
 * mirrors, which do not begin as the hub's own.
 */
export function createHubFetch(options: ExchangeOptions, purpose: Purpose): HubFetch {
  const { clock, policy, random, signal } = options
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const secret = await options.token()
    if (secret !== undefined && !/^[\x21-\x7e]+$/.test(secret)) throw hubTokenUnfit()
    const headers = new Headers(init?.headers)
    headers.set('user-agent', 'rampart')
    // What is counted and resumed by bytes must come as it is stored.
    headers.set('accept-encoding', 'identity')
    // `fetch` takes it off again when it follows a redirect to another origin.
    if (url.origin === options.origin && secret !== undefined) headers.set('authorization', `Bearer ${secret}`)
    for (let failures = 1; ; failures += 1) {
      signal?.throwIfAborted()
      let failed: Error
      let pause: number | undefined
      try {
        const response = await fetch(url, { ...init, headers, ...(signal !== undefined && { signal }) })
        if (response.ok) return response
        await response.body?.cancel()
        const passing = isPassing(response.status)
        const wait = passing ? waitOf(response.headers, clock.now()) : undefined
        failed = hubRefusal(purpose, response, { secret, passing, wait })
        if (passing) pause = retryPause(policy, failures, random, wait)
      } catch (error) {
        signal?.throwIfAborted()
        failed = hubFailure(purpose, error)
        if (isPassingFailure(error)) pause = retryPause(policy, failures, random)
      }
      if (pause === undefined) throw failed
      await clock.sleep(pause, signal)
    }
  }
}

/** True for a broken connection that may hold the next time. */
export function isPassingFailure(error: unknown): boolean {
  const code = codeOf(error)
  return isPassingCode(code) || /^UND_ERR_(?:SOCKET|(?:CONNECT|HEADERS|BODY)_TIMEOUT)$/.test(code)
}

/** Milliseconds to wait: Retry-After, or the time to the end of the hub's window. https://huggingface.co/docs/hub/rate-limits */
function waitOf(headers: Headers, now: number): number | undefined {
  const after = readRetryAfter(headers.get('retry-after') ?? undefined, now)
  if (after !== undefined) return after
  const window = /(?:^|;)\s*r=0\s*;\s*t=(\d{1,6})/.exec(headers.get('ratelimit') ?? '')?.[1]
  return window === undefined ? undefined : Number(window) * 1000
}
