import { isPassing, readRetryAfter, retryPause, type RetryPolicy } from '../domain/retry.js'
import type { Clock } from '../ports/clock.js'
import type { Authorizer, Scopes } from './auth.js'
import { connectionFailure, readProblem, RegistryRefusal, type Purpose } from './failures.js'
import { isPassingError } from './retry.js'
import { discard, readAll, type Transport, type WireRequest, type WireResponse } from './transport.js'

/** One request to a registry, with what it is for and what it must be allowed. */
export interface Ask extends Omit<WireRequest, 'headers'> {
  readonly purpose: Purpose
  readonly scopes: Scopes
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses that are answers; every other one rejects. */
  readonly expect: readonly number[]
  /** False when a passing failure is for the caller to deal with, because the request alone cannot be repeated. */
  readonly retry?: boolean
  /** Read the whole body, of at most this many bytes; a body that breaks off is asked for again. */
  readonly read?: number
  /** Follow redirects, as the download of a blob must. */
  readonly follow?: boolean
}

/** Sends a request until it has an answer: authorised, tried again after passing failures, redirected. */
export type Exchange = (ask: Ask) => Promise<Answer>

/** An answer; `bytes` is its body when the ask said to read it, and empty otherwise. */
export interface Answer extends WireResponse {
  readonly bytes: Uint8Array
}

export interface ExchangeOptions {
  /** Only this origin gets the header that proves who we are. */
  readonly origin: string
  readonly transport: Transport
  readonly authorizer: Authorizer
  readonly clock: Clock
  readonly random: () => number
  readonly policy: RetryPolicy
  readonly signal?: AbortSignal | undefined
}

const redirects = new Set([301, 302, 303, 307, 308])
const nothing = new Uint8Array()
const longestChain = 5
const longestErrorBody = 64 * 1024

/** The signals that are there, as one. */
function joined(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const present = signals.filter((signal) => signal !== undefined)
  return present.length > 1 ? AbortSignal.any(present) : present[0]
}

/** An exchange over a transport, an authorizer and a retry policy. */
export function createExchange(options: ExchangeOptions): Exchange {
  const { transport, authorizer, clock, random, policy } = options

  /** Follows redirects. The header that proves who we are never goes to where the registry points. */
  async function send(ask: Ask, authorization: string | undefined, signal: AbortSignal | undefined) {
    let { url } = ask
    for (let hop = 0; ; hop += 1) {
      const trusted = url.origin === options.origin
      const response = await transport.send({
        ...ask,
        url,
        headers: { ...ask.headers, ...(trusted && authorization !== undefined && { authorization }) },
        ...(signal !== undefined && { signal }),
      })
      const { location } = response.headers
      if (ask.follow !== true || location === undefined || !redirects.has(response.status)) return response
      if (hop >= longestChain) return response
      discard(response)
      url = new URL(location, url)
    }
  }

  return async (ask) => {
    const signal = joined(options.signal, ask.signal)
    let failures = 0
    let lessons = 0
    for (;;) {
      signal?.throwIfAborted()
      let pause: number | undefined
      let failed: unknown
      try {
        const authorization = await authorizer.header(ask.scopes)
        const response = await send(ask, authorization, signal)
        if (ask.expect.includes(response.status)) {
          return { ...response, bytes: ask.read === undefined ? nothing : await readAll(response, ask.read) }
        }
        if (response.status === 401 && ask.url.origin === options.origin && lessons < 2) {
          discard(response)
          lessons += 1
          if (await authorizer.learn(response, ask.scopes, authorization)) continue
          throw new RegistryRefusal(ask.purpose, 401, undefined)
        }
        if (response.status === 403 && ask.url.origin === options.origin && lessons === 0) {
          lessons += 1
          if (await authorizer.learn(response, ask.scopes, authorization)) {
            discard(response)
            continue
          }
        }
        failed = await refusal(ask, response)
        if (ask.retry !== false && isPassing(response.status)) {
          const after = readRetryAfter(response.headers['retry-after'], clock.now())
          failures += 1
          pause = retryPause(policy, failures, random, after)
        }
      } catch (error) {
        signal?.throwIfAborted()
        failed = connectionFailure(ask.purpose, error)
        if (ask.retry !== false && isPassingError(error)) {
          failures += 1
          pause = retryPause(policy, failures, random)
        }
      }
      if (pause === undefined) throw failed
      await clock.sleep(pause, signal)
    }
  }
}

async function refusal(ask: Ask, response: WireResponse): Promise<RegistryRefusal> {
  const body = ask.method === 'HEAD' ? '' : await readAll(response, longestErrorBody).catch(() => Buffer.alloc(0))
  return new RegistryRefusal(ask.purpose, response.status, readProblem(body.toString()))
}
