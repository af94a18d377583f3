import type { Http, HttpAnswer, HttpSession } from '../ports/http.js'

/**
 * The same client for servers whose time runs faster than the machine's, as those of a rehearsal do: `pace` of their
 * milliseconds pass in a real one. What it tells and takes is their time.
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
      return result.kind === 'failure' ? { ...result, total: result.total * pace } : paced(result, pace)
    },
    close: () => session.close(),
  }
}

function paced(answer: HttpAnswer, pace: number): HttpAnswer {
  const { resolve, connect, tls, firstByte, total } = answer.timing
  const timing = {
    resolve: resolve * pace,
    connect: connect * pace,
    tls: tls * pace,
    firstByte: firstByte * pace,
    total: total * pace,
  }
  return { ...answer, timing }
}
