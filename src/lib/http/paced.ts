import type { Http, HttpAnswer, HttpSession } from '../ports/http.js'

/**
 * The same client for servers whose time runs faster than the machine's, as those of a rehearsal do: `pace` of their
 * milliseconds pass in a real one. How long an answer took they say themselves, by `Server-Timing`: what this machine
 * takes beside would count as often as their time is faster.
 */
export function pacedHttp(http: Http, pace: number): Http {
  return {
    ...http,
    now: () => http.now() * pace,
    session: (connections) => pacedSession(http.session(connections), pace),
  }
}

function pacedSession(session: HttpSession, pace: number): HttpSession {
  return {
    send: async (request, options) => {
      const result = await session.send(request, { ...options, timeout: options.timeout / pace })
      return result.kind === 'failure' ? result : paced(result)
    },
    close: () => session.close(),
  }
}

// https://www.w3.org/TR/server-timing/#the-server-timing-header-field
const duration = /(?:^|,)\s*total\s*;\s*dur=(\d+(?:\.\d+)?)/i

function paced(answer: HttpAnswer): HttpAnswer {
  const said = duration.exec(answer.headers['server-timing'] ?? '')?.[1]
  if (said === undefined) return answer
  const { resolve, connect, tls } = answer.timing
  const total = resolve + connect + tls + Number(said)
  return { ...answer, timing: { resolve, connect, tls, firstByte: total, total } }
}
