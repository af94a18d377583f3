import { formatLatency } from '../domain/format-latency.js'
import type { Finding } from '../domain/checkup.js'
import type { SampledLatency } from '../domain/verification.js'
import type { EndpointPlan } from '../domain/verify-plan.js'
import type { Http, HttpAnswer, HttpFailure, HttpSession } from '../ports/http.js'
import { answerJudge, excerpt, type AnswerJudge } from './answers.js'
import { judgeAll, type Judged } from './judged.js'
import { budgetWords, latencyOf, overBudget } from './latency.js'
import { requestOf } from './requests.js'

/** What asking an endpoint needs. */
export interface EndpointPorts {
  readonly http: Http
  readonly readText: (path: string) => Promise<string>
  readonly uuid: () => string
  /** Milliseconds since 1970, for templates. */
  readonly now: () => number
}

/** One request and what is wrong with its answer. */
export interface Asked {
  readonly problems: readonly string[]
  readonly result: HttpAnswer | HttpFailure
  readonly method: string
  readonly url: string
}

/** Asks the endpoint for the n-th time. */
export type Ask = (session: HttpSession, n: number, signal: AbortSignal) => Promise<Asked>

/** How often samples may fail before the rest is left out: a broken endpoint tells nothing new. */
const enough = 3

/** Makes ready what asks an endpoint; rejects when its schema can not be read. */
export async function askerOf(base: string, plan: EndpointPlan, ports: EndpointPorts): Promise<Ask> {
  const judge: AnswerJudge = await answerJudge(plan.expect, ports.readText)
  return async (session, n, signal) => {
    const common = { uuid: ports.uuid(), now: new Date(ports.now()).toISOString() }
    const request = requestOf(base, plan, n, common)
    const result = await session.send(request, { timeout: plan.timeout, signal })
    const problems = result.kind === 'failure' ? [result.detail] : judge(result)
    return { problems, result, method: request.method, url: request.url }
  }
}

/** Asks once on a new connection, then as often as the plan says on that connection, and compares with the budget. */
export async function lookAtEndpoint(
  base: string,
  plan: EndpointPlan,
  ports: EndpointPorts,
  signal: AbortSignal,
): Promise<Judged> {
  const ask = await askerOf(base, plan, ports)
  const session = ports.http.session(1)
  try {
    const first = await ask(session, 1, signal)
    if (first.problems.length > 0) {
      return judgeAll(first.problems.map(findingOf(plan, first.result)), '', { evidence: evidenceOf(first) })
    }
    const measured: number[] = []
    const failed: Asked[] = []
    for (let n = 0; n < plan.samples && failed.length < enough; n += 1) {
      const one = await ask(session, n + 2, signal)
      if (one.problems.length === 0) measured.push(one.result.kind === 'answer' ? one.result.timing.total : 0)
      else failed.push(one)
    }
    return outcome(plan, first, measured, failed)
  } finally {
    session.close()
  }
}

function outcome(plan: EndpointPlan, first: Asked, measured: readonly number[], failed: readonly Asked[]): Judged {
  const figures = latencyOf(measured)
  const alone = first.result.kind === 'answer' ? first.result.timing.total : 0
  // One request has no connection before it: then it is the sample.
  const latency: SampledLatency | undefined =
    figures === undefined ? undefined : { ...figures, first: alone, budget: plan.latency, times: measured }
  const asked = measured.length + failed.length
  const findings: readonly Finding[] = [
    ...(failed.length === 0
      ? []
      : [{ detail: `${failed.length} of ${asked} requests failed: ${failed[0]?.problems[0]}` }]),
    ...(latency === undefined ? [] : overBudget(latency, plan.latency).map((detail) => ({ detail }))),
  ]
  const status = first.result.kind === 'answer' ? first.result.status : ''
  const well =
    latency === undefined
      ? `${status} in ${formatLatency(alone)}`
      : `${status}; mean ${formatLatency(latency.mean)}, p95 ${formatLatency(latency.p95)} of ${latency.count} requests`
  const budget = budgetWords(plan.latency)
  return judgeAll(findings, well, {
    evidence: [
      ...evidenceOf(first),
      ...(latency === undefined
        ? []
        : [
            `${latency.count} more on the same connection: ${distribution(latency)}${budget === '' ? '' : `; budget ${budget}`}`,
          ]),
      ...failed.flatMap(evidenceOf),
    ],
    ...(latency !== undefined && { latency }),
  })
}

const distribution = (latency: SampledLatency): string =>
  `mean ${formatLatency(latency.mean)}, p50 ${formatLatency(latency.p50)}, p95 ${formatLatency(latency.p95)}, ` +
  `p99 ${formatLatency(latency.p99)}, max ${formatLatency(latency.max)}`

const findingOf =
  (plan: EndpointPlan, result: HttpAnswer | HttpFailure) =>
  (detail: string): Finding =>
    result.kind === 'failure' && result.code === 'timeout'
      ? { detail, remedy: `raise the timeout of ${plan.name} if it may take longer` }
      : { detail }

/** What was asked, how it went step by step, and what an answer that is wrong began with. */
export function evidenceOf({ method, url, result, problems }: Asked): readonly string[] {
  const asked = `${method} ${withoutUser(url)}`
  if (result.kind === 'failure') return [`${asked}: ${result.code}, ${result.detail}`]
  const { timing } = result
  const steps = [
    ...(timing.resolve > 0 ? [`DNS ${formatLatency(timing.resolve)}`] : []),
    ...(timing.connect > 0 ? [`connect ${formatLatency(timing.connect)}`] : []),
    ...(timing.tls > 0 ? [`TLS ${formatLatency(timing.tls)}`] : []),
    `first byte after ${formatLatency(timing.firstByte)}`,
  ].join(', ')
  return [
    `${asked}: ${result.status} ${result.via === undefined ? `from ${result.address}` : `through the proxy ${result.via}`} in ${formatLatency(timing.total)} (${steps})`,
    ...(problems.length > 0 ? [`answered: ${excerpt(result)}`] : []),
  ]
}

/** The address without the name and password that it may hold. */
function withoutUser(address: string): string {
  const url = new URL(address)
  url.username = ''
  url.password = ''
  return url.href
}
