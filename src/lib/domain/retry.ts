/** How often and how long a failed request is tried again. Times are milliseconds. */
export interface RetryPolicy {
  readonly attempts: number
  /** The first pause is up to this long, and each further one up to twice the one before. */
  readonly first: number
  readonly longest: number
}

/** Outlasts three failures in ten and a registry that restarts, and gives up in about half a minute. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 8, first: 200, longest: 8000 }

const passing = new Set([408, 425, 429, 500, 502, 503, 504])

/** True for a status that may be another one the next time. */
export function isPassing(status: number): boolean {
  return passing.has(status)
}

const passingCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ENETUNREACH',
  'EHOSTUNREACH',
])

/** True for the code of a failed connection that may hold the next time; one that is refused or unknown will not. */
export function isPassingCode(code: string): boolean {
  return passingCodes.has(code)
}

/**
 * The pause before attempt number `attempt` (the first retry is 1), with jitter so that many clients do not come back
 * at once; at least what the server's Retry-After asks for. Undefined when it is time to give up.
 */
export function retryPause(
  policy: RetryPolicy,
  attempt: number,
  random: () => number,
  retryAfter?: number,
): number | undefined {
  if (attempt >= policy.attempts) return undefined
  const most = Math.min(policy.longest, policy.first * 2 ** (attempt - 1))
  const pause = most / 2 + (most / 2) * random()
  if (retryAfter === undefined) return pause
  // A server that wants minutes is not waited for in silence.
  return retryAfter > 4 * policy.longest ? undefined : Math.max(pause, retryAfter)
}

/** Milliseconds that a Retry-After header asks for; seconds or a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
