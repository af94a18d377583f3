import type { Clock } from '../ports/clock.js'
import type { Http, HttpAnswer, HttpFailure, HttpSession } from '../ports/http.js'
import { lateFailure } from './failures.js'

/** A client and the time in which its servers answer; both go by what the servers say, not by this machine. */
export interface StatedTime {
  readonly http: Http
  readonly clock: Clock
}

interface Moment {
  readonly at: number
  readonly come: () => void
}

/**
 * The same client for servers that are simulated: each says by `Server-Timing` how long its answer takes, and that is
 * how long it takes here. Time stands still while a request is really under way and leaps to the next moment that
 * somebody waits for when none is, so that what is measured, under load also, does not depend on how busy this machine
 * is. Milliseconds; the clock begins at `origin`, milliseconds since 1970.
 */
export function statedTime(http: Http, origin: number): StatedTime {
  const moments: Moment[] = []
  let now = 0
  let underWay = 0
  let isAwaited = false

  /** Leaps when everybody who was woken has come to wait for something again. */
  function pass(): void {
    if (isAwaited || underWay > 0 || moments.length === 0) return
    isAwaited = true
    setImmediate(() => {
      isAwaited = false
      if (underWay > 0) return
      const next = moments.reduce((soonest, one) => (one.at < soonest.at ? one : soonest))
      moments.splice(moments.indexOf(next), 1)
      now = Math.max(now, next.at)
      next.come()
      pass()
    })
  }
  async function until(at: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    moments.push({ at, come: resolve })
    pass()
    await promise
  }
  async function really<T>(work: () => Promise<T>): Promise<T> {
    underWay += 1
    try {
      return await work()
    } finally {
      underWay -= 1
      pass()
    }
  }
  const sessionOf = (session: HttpSession): HttpSession => ({
    send: async (request, options) => {
      const began = now
      const result = stated(await really(() => session.send(request, options)), options.timeout)
      await until(began + (result.kind === 'answer' ? result.timing.total : result.total))
      options.signal?.throwIfAborted()
      return result
    },
    close: () => session.close(),
  })
  return {
    http: { ...http, now: () => now, session: (connections) => sessionOf(http.session(connections)) },
    clock: {
      now: () => origin + now,
      sleep: async (milliseconds, signal) => {
        signal?.throwIfAborted()
        await until(now + milliseconds)
        signal?.throwIfAborted()
      },
    },
  }
}

// https://www.w3.org/TR/server-timing/#the-server-timing-header-field
const duration = /(?:^|,)\s*total\s*;\s*dur=(\d+(?:\.\d+)?)/i

/** An answer with the times that its server states. Making the connection is this machine's doing, and takes none. */
function stated(result: HttpAnswer | HttpFailure, timeout: number): HttpAnswer | HttpFailure {
  if (result.kind === 'failure') return result
  const said = duration.exec(result.headers['server-timing'] ?? '')?.[1]
  if (said === undefined) return result
  const total = Number(said)
  if (total > timeout) return lateFailure('answer', timeout, 0)
  return { ...result, timing: { resolve: 0, connect: 0, tls: 0, firstByte: total, total } }
}
