import type { EndpointPlan, Json } from '../domain/verify-plan.js'
import { askerOf, type Asked, type EndpointPorts } from './endpoint.js'
import { requestOf } from './requests.js'

/** What one endpoint answered, and how long it took. Times are milliseconds. */
export interface EndpointBaseline {
  /** Of requests that were answered well, on a connection that was open already. */
  readonly times: readonly number[]
  /** The n-th request's answer, as JSON; those that are none are left out. */
  readonly answers: ReadonlyMap<number, Json>
}

/** What served before, or where the figures come from when that could not be asked. */
export interface Baseline {
  readonly origin:
    | { readonly kind: 'measured' }
    | { readonly kind: 'recorded'; readonly release: string; readonly at: string }
  readonly endpoints: ReadonlyMap<string, EndpointBaseline>
  /** How many times as long as a warm request the slowest of the first ones took. */
  readonly first?: number
}

/** Different questions whose answers are compared, at most. */
const mostQuestions = 8

/** Requests after which every target behind a load balancer has very likely had one. */
export const firstRequests = 12

/** What templates fill in by themselves must be the same in both questions. */
const still = { uuid: '00000000-0000-4000-8000-000000000000', now: '2000-01-01T00:00:00.000Z' }

/** The ports for questions that are asked twice and must be the same each time. */
const steady = (ports: EndpointPorts): EndpointPorts => ({
  ...ports,
  uuid: () => still.uuid,
  now: () => Date.parse(still.now),
})

/** Only what changes nothing may be asked twice: GET, and what is measured anyway. */
export const isCompared = ({ method, samples }: EndpointPlan): boolean => method === 'GET' || samples > 0

/** Those that are measured, which load a model or a database rather than a constant. */
export const isMeasured = ({ samples }: EndpointPlan): boolean => samples > 0

function documentOf({ result }: Asked): Json | undefined {
  if (result.kind !== 'answer' || result.cut) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(result.body)) as Json
  } catch {
    return undefined
  }
}

/** How many different questions there are, as far as they are compared. */
function questionsOf(base: string, plan: EndpointPlan): number {
  const seen = new Set<string>()
  for (let n = 1; n <= mostQuestions; n += 1) {
    const question = JSON.stringify(requestOf(base, plan, n, still))
    if (seen.has(question)) break
    seen.add(question)
  }
  return seen.size
}

/** The answers to the first questions of an endpoint, each a different one, by their numbers. */
export async function answersOf(
  base: string,
  plan: EndpointPlan,
  ports: EndpointPorts,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Json>> {
  return (await askOver(base, plan, ports, { requests: questionsOf(base, plan), signal })).answers
}

/** Asks the questions in turn on one connection, and keeps how long each took but the first, which opened it. */
async function askOver(
  base: string,
  plan: EndpointPlan,
  ports: EndpointPorts,
  { requests, signal }: { readonly requests: number; readonly signal: AbortSignal },
): Promise<EndpointBaseline> {
  const ask = await askerOf(base, plan, steady(ports))
  const session = ports.http.session(1)
  const compared = questionsOf(base, plan)
  const answers = new Map<number, Json>()
  const times: number[] = []
  let failed = 0
  try {
    // What answers wrongly three times tells nothing new.
    for (let n = 1; n <= requests && failed < 3; n += 1) {
      const one = await ask(session, n, signal)
      if (one.problems.length > 0 || one.result.kind !== 'answer') {
        failed += 1
        continue
      }
      if (n > 1) times.push(one.result.timing.total)
      const document = n <= compared ? documentOf(one) : undefined
      if (document !== undefined) answers.set(n, document)
    }
    return { answers, times }
  } finally {
    session.close()
  }
}

/** The slowest of the first requests and the median of the warm ones, in milliseconds; undefined when all failed. */
export async function firstOf(
  base: string,
  plan: EndpointPlan,
  ports: EndpointPorts,
  signal: AbortSignal,
): Promise<{ readonly slowest: number; readonly warm: number; readonly ratio: number } | undefined> {
  const ask = await askerOf(base, plan, ports)
  const session = ports.http.session(1)
  try {
    const times: number[] = []
    for (let n = 1; n <= firstRequests; n += 1) {
      const one = await ask(session, n, signal)
      if (one.problems.length > 0 || one.result.kind !== 'answer') continue
      const { total, resolve, connect, tls } = one.result.timing
      times.push(total - resolve - connect - tls)
    }
    const sorted = times.toSorted((a, b) => a - b)
    const slowest = sorted.at(-1)
    // The lower half: targets that were asked for the first time are in the upper one.
    const warm = sorted[Math.floor((sorted.length - 1) / 4)]
    if (slowest === undefined || warm === undefined || warm <= 0) return undefined
    return { slowest, warm, ratio: slowest / warm }
  } finally {
    session.close()
  }
}

/** Asks what serves now the same as will be asked of what serves then. Failed requests are left out, and never reject. */
export async function measureBaseline(
  base: string,
  plans: readonly EndpointPlan[],
  ports: EndpointPorts,
  signal: AbortSignal,
): Promise<Baseline> {
  const asked = plans.find(isMeasured)
  const first = asked && (await firstOf(base, asked, ports, signal))
  const endpoints = new Map<string, EndpointBaseline>()
  for (const plan of plans.filter(isCompared)) {
    const requests = Math.max(plan.samples === 0 ? 0 : plan.samples + 1, questionsOf(base, plan))
    endpoints.set(plan.name, await askOver(base, plan, ports, { requests, signal }))
  }
  return { origin: { kind: 'measured' }, endpoints, ...(first !== undefined && { first: first.ratio }) }
}
