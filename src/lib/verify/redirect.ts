import type { Finding } from '../domain/checkup.js'
import type { Http, HttpSession } from '../ports/http.js'
import { judgeAll, type Judged } from './judged.js'

/** What one path of plain HTTP came to. */
interface Followed {
  readonly evidence: string
  readonly problem?: Finding
  /** True when nothing listens at the port at all. */
  readonly closed?: boolean
  /** Why there was no answer, when there was none. */
  readonly unasked?: string
}

/** Longer than any chain that is meant, and as far as browsers go at about twice that. */
const mostHops = 10

/** https://www.rfc-editor.org/rfc/rfc9110#section-15.4: these are kept by clients; 307 and 302 are asked again each time. */
const permanent = new Set([301, 308])

/** What a proxy answers for itself where it reaches nobody. */
const unreached = new Set([407, 502, 503, 504])

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

const listener =
  'give the port-80 listener a default action that redirects to HTTPS with HTTP_301, and no rule before it that forwards'

/** Asks each path over plain HTTP, and follows where it leads to its end. */
export async function lookAtRedirects(
  http: Http,
  { host, port, paths }: { readonly host: string; readonly port: number; readonly paths: readonly string[] },
  timeout: number,
  signal: AbortSignal,
): Promise<Judged> {
  const session = http.session(1)
  try {
    const followed: Followed[] = []
    for (const path of paths) {
      const start = new URL(path, `http://${host}:${port}`)
      followed.push(
        await follow(start, async (url) => session.send({ method: 'GET', url, headers: {} }, { timeout, signal })),
      )
    }
    const evidence = followed.map((one) => one.evidence)
    if (followed.every(({ closed }) => closed === true)) {
      return {
        result: 'warn',
        detail: `nothing listens at port ${port}: nothing is served in plain text, and who types the name without https:// is lost`,
        remedy: listener,
        evidence,
      }
    }
    const [first] = followed
    // Without a way to the host every path would fail with the same words, and none of its own.
    if (first?.unasked !== undefined && followed.every(({ unasked }) => unasked === first.unasked)) {
      return { result: 'skip', detail: `port ${port} gives no answer: ${first.unasked}`, evidence }
    }
    const problems = followed.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
    const count = `${paths.length} ${paths.length === 1 ? 'path' : 'paths'}`
    return judgeAll(problems, `${count} of plain HTTP lead to HTTPS for good`, { evidence })
  } finally {
    session.close()
  }
}

async function follow(start: URL, ask: (url: string) => ReturnType<HttpSession['send']>): Promise<Followed> {
  const visited: string[] = []
  const hops: string[] = []
  const bad = (detail: string, remedy = listener): Followed => ({
    evidence: `GET ${start.href}: ${hops.join(' -> ')}`,
    problem: { detail: `${start.pathname}: ${detail}`, remedy },
  })
  for (let url = start; ;) {
    if (visited.includes(url.href))
      return bad('the redirects turn in a circle', 'let one side alone redirect: the app or the load balancer')
    if (visited.length >= mostHops) return bad(`more than ${mostHops} redirects`)
    visited.push(url.href)
    const answer = await ask(url.href)
    const isFirst = visited.length === 1
    if (answer.kind === 'failure') {
      hops.push(answer.detail)
      const evidence = `GET ${start.href}: ${hops.join(' -> ')}`
      // That the redirect leads to HTTPS is known by then; what is wrong with that is for the other checks to say.
      if (!isFirst) return { evidence }
      if (answer.code === 'ECONNREFUSED') return { evidence, closed: true }
      return { evidence, unasked: answer.detail, problem: { detail: `${start.pathname}: ${answer.detail}` } }
    }
    const { status, headers, via } = answer
    if (isFirst && via !== undefined && unreached.has(status)) {
      const detail = `the proxy ${via} answers ${status}`
      return { evidence: `GET ${start.href}: ${detail}`, unasked: detail, problem: { detail } }
    }
    const location = headers['location']
    hops.push(location === undefined ? String(status) : `${status} to ${location}`)
    if (!isRedirect(status) || location === undefined) {
      return isFirst
        ? bad(`answers ${status} over plain HTTP instead of redirecting`)
        : { evidence: `GET ${start.href}: ${hops.join(' -> ')}` }
    }
    if (!URL.canParse(location, url.href)) return bad(`redirects to ${JSON.stringify(location)}, which is no address`)
    const next = new URL(location, url.href)
    if (isFirst && next.protocol !== 'https:') {
      return next.href === url.href ? bad('redirects to itself') : bad(`redirects to ${next.href}, which is not HTTPS`)
    }
    if (isFirst && !permanent.has(status))
      return bad(`redirects with ${status}, which clients do not keep; 301 or 308 they do`)
    if (!['http:', 'https:'].includes(next.protocol)) return bad(`redirects to ${next.href}`)
    url = next
  }
}
