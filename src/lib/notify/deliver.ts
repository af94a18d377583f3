import { isPassing, isPassingCode, readRetryAfter, retryPause, type RetryPolicy } from '../domain/retry.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { Http, HttpAnswer, HttpFailure } from '../ports/http.js'

/** Milliseconds. A run waits this long for a webhook and no longer, whatever that does. */
const patience = { attempt: 3000, all: 8000 } as const
const policy: RetryPolicy = { attempts: 5, first: 400, longest: 1600 }

export interface DeliverOptions {
  readonly http: Http
  /** The machine's own clock: webhooks are real also in a rehearsal. */
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly signal: AbortSignal
}

/** The place of a webhook as people may see it: all but the host can be a secret. */
export const hostOf = (webhook: string): string => URL.parse(webhook)?.host ?? 'the webhook'

/**
 * Posts a document as JSON, again after passing failures, for eight seconds at most. It may arrive twice. Rejects with a
 * RampartError of kind `unreachable` that holds nothing of the address but its host, or with the signal's reason.
 */
export async function deliver(webhook: string, document: object, options: DeliverOptions): Promise<void> {
  const { http, clock, random, signal } = options
  const request = {
    method: 'POST',
    url: webhook,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(document),
  }
  const end = clock.now() + patience.all
  const session = http.session(1)
  try {
    for (let attempt = 1; ; attempt += 1) {
      const timeout = Math.max(1, Math.min(patience.attempt, end - clock.now()))
      const result = await session.send(request, { timeout, signal })
      if (result.kind === 'answer' && result.status >= 200 && result.status < 300) return
      const pause = mayPass(result) ? retryPause(policy, attempt, random, waitOf(result, clock.now())) : undefined
      if (pause === undefined || clock.now() + pause >= end) throw refused(webhook, result, attempt)
      await clock.sleep(pause, signal)
    }
  } finally {
    session.close()
  }
}

/** A service that is just being started refuses connections; others may well answer the next time. */
function mayPass(result: HttpAnswer | HttpFailure): boolean {
  if (result.kind === 'answer') return isPassing(result.status)
  return result.code === 'timeout' || result.code === 'ECONNREFUSED' || isPassingCode(result.code)
}

const waitOf = (result: HttpAnswer | HttpFailure, now: number): number | undefined =>
  result.kind === 'answer' ? readRetryAfter(result.headers['retry-after'], now) : undefined

function refused(webhook: string, result: HttpAnswer | HttpFailure, attempts: number): RampartError {
  const tries = attempts === 1 ? '' : `, after ${attempts} attempts`
  return new RampartError('unreachable', `${hostOf(webhook)}: ${wordsOf(result)}${tries}`)
}

/** The answer's own text stays out: it may hold the address that it was sent to. */
function wordsOf(result: HttpAnswer | HttpFailure): string {
  if (result.kind === 'failure') return result.detail
  const { status } = result
  // Followed, the address that is the secret would be told to another host, or the notice lost on the way.
  if (status >= 300 && status < 400) return `it answered ${status}, and redirects are not followed`
  return `it answered ${status}`
}
