import { formatLatency } from '../domain/format-latency.js'
import type { CheckResult, Finding } from '../domain/checkup.js'
import type { SampledLatency } from '../domain/verification.js'
import type { ComparePlan, Demand, EndpointPlan, Json } from '../domain/verify-plan.js'
import { answersOf, firstOf, firstRequests, isCompared, isMeasured, type Baseline } from './baseline.js'
import { changeOfMean, type Change } from './bootstrap.js'
import { driftOf, type Drift } from './drift.js'
import type { EndpointPorts } from './endpoint.js'
import type { Judged, VerifyTask } from './judged.js'

/** What the comparison needs beside the two releases. */
export interface CompareOptions {
  readonly url: string
  readonly plan: ComparePlan
  readonly endpoints: readonly EndpointPlan[]
  readonly ports: EndpointPorts
  /** What served before; undefined when nobody can tell. */
  readonly baseline: Baseline | undefined
  /** What the endpoints' own checks have measured of what serves now, by endpoint. */
  readonly measured: (endpoint: string) => SampledLatency | undefined
  /** Told how many times as long as a warm request the slowest of the first ones took. */
  readonly onFirst?: (ratio: number) => void
}

const bad = (demand: Demand): CheckResult => (demand === 'fail' ? 'fail' : 'warn')

const nothing: Judged = {
  result: 'skip',
  detail: 'nothing to compare with: what served before was not measured, and no record of it is recent',
}

/** What the first requests find, before anything else is asked of the new targets. */
export function firstTasks(options: CompareOptions): readonly VerifyTask[] {
  const { plan, endpoints, url, ports, baseline, onFirst } = options
  const endpoint = endpoints.find(isMeasured)
  if (plan.first === 'off' || endpoint === undefined) return []
  const look = async (signal: AbortSignal): Promise<Judged> => {
    const now = await firstOf(url, endpoint, ports, signal)
    if (now === undefined) return { result: 'skip', detail: `${endpoint.name} gave no answer that could be measured` }
    onFirst?.(now.ratio)
    return judgeFirst(now, plan, baseline)
  }
  return [{ name: 'first-requests', kind: 'compare', alone: true, retry: 0, look }]
}

const times = (ratio: number): string => `${ratio.toFixed(1)}x`

function judgeFirst(
  { slowest, warm, ratio }: { readonly slowest: number; readonly warm: number; readonly ratio: number },
  plan: ComparePlan,
  baseline: Baseline | undefined,
): Judged {
  const before = baseline?.first
  const said =
    before === undefined
      ? `${times(ratio)} a warm one`
      : `${times(ratio)} a warm one, ${times(before)} with ${wordsOf(baseline)}`
  const evidence = [
    `slowest of the first ${firstRequests} requests ${formatLatency(slowest)}, a warm one ${formatLatency(warm)}`,
  ]
  // Without one to compare with, warm targets are what counts: https://en.wikipedia.org/wiki/Cold_start_(computing)
  if (ratio <= Math.max(1, before ?? 1) * plan.firstAtMost)
    return { result: 'ok', detail: `the slowest first request took ${said}`, evidence }
  return {
    result: bad(plan.first),
    detail: `the slowest first request took ${said}: more than ${plan.firstAtMost} times as much`,
    remedy: 'load the models before the target says that it is ready, and have them in the base',
    evidence,
  }
}

const wordsOf = (baseline: Baseline | undefined): string =>
  baseline?.origin.kind === 'recorded'
    ? `${baseline.origin.release}, by its record of ${baseline.origin.at.slice(0, 10)}`
    : 'the release before'

/** What differs from what served before; to be asked when the endpoints' own checks are made. */
export function compareTasks(options: CompareOptions): readonly VerifyTask[] {
  const { plan } = options
  const common = { kind: 'compare', alone: true, retry: 0 } as const
  return [
    ...(plan.latency === 'off'
      ? []
      : [{ ...common, name: 'compare:latency', look: async () => judgeLatency(options) }]),
    ...(plan.answers === 'off'
      ? []
      : [{ ...common, name: 'compare:answers', look: async (signal: AbortSignal) => lookAtAnswers(options, signal) }]),
  ]
}

const percent = (share: number): string => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(0)} %`

interface Compared {
  readonly name: string
  readonly change: Change
  readonly words: string
}

function judgeLatency({ plan, endpoints, baseline, measured }: CompareOptions): Judged {
  if (baseline === undefined) return nothing
  const compared = endpoints.filter(isMeasured).flatMap(({ name }): readonly Compared[] => {
    const before = baseline.endpoints.get(name)?.times ?? []
    const after = measured(name)?.times ?? []
    const change = changeOfMean(before, after)
    if (change === undefined) return []
    const words = `${name}: mean ${percent(change.share)} (95 % interval ${percent(change.low)} to ${percent(change.high)}), ${before.length} requests before and ${after.length} after`
    return [{ name, change, words }]
  })
  const [some] = compared
  if (some === undefined) return { result: 'skip', detail: 'too few requests succeeded to be compared' }
  const evidence = [`compared with ${wordsOf(baseline)}`, ...compared.map(({ words }) => words)]
  // Only what is longer for sure counts: chance alone must not turn a release back.
  const slower = compared.filter(({ change }) => change.low * 100 > plan.slower)
  const findings: readonly Finding[] = slower.map(({ words }) => ({ detail: words }))
  const worst = compared.toSorted((a, b) => b.change.share - a.change.share)[0] ?? some
  const shown = `${worst.name} ${percent(worst.change.share)} (${percent(worst.change.low)} to ${percent(worst.change.high)})`
  if (slower.length === 0) return { result: 'ok', detail: `the mean changed most for ${shown}`, evidence }
  return {
    result: bad(plan.latency),
    detail: `slower than ${wordsOf(baseline)} by more than ${plan.slower} %: ${shown}`,
    remedy: 'look for what this release does more for each request, or set verify.compare.slower higher',
    findings,
    evidence,
  }
}

const shown = (value: Json | undefined): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

const mostShown = 12

async function lookAtAnswers(options: CompareOptions, signal: AbortSignal): Promise<Judged> {
  const { baseline, endpoints, plan, url, ports } = options
  if (baseline === undefined) return nothing
  if (baseline.origin.kind === 'recorded') {
    return { result: 'skip', detail: 'what served before is gone, and its record holds no answers' }
  }
  let questions = 0
  const drifts: (Drift & { readonly where: string })[] = []
  for (const endpoint of endpoints.filter(isCompared)) {
    const before = baseline.endpoints.get(endpoint.name)?.answers ?? new Map<number, Json>()
    if (before.size === 0) continue
    const after = await answersOf(url, endpoint, ports, signal)
    for (const [n, document] of after) {
      const old = before.get(n)
      if (old === undefined) continue
      questions += 1
      drifts.push(
        ...driftOf(old, document, plan).map((drift) => ({ ...drift, where: `${endpoint.name}, question ${n}` })),
      )
    }
  }
  if (questions === 0) return { result: 'skip', detail: 'no question was answered with JSON by both releases' }
  const asked = `${questions} ${questions === 1 ? 'question' : 'questions'}`
  if (drifts.length === 0) return { result: 'ok', detail: `${asked} answered as by ${wordsOf(baseline)}` }
  const where = new Set(drifts.map((drift) => drift.where))
  return {
    result: bad(plan.answers),
    detail: `${where.size} of ${asked} answered differently than by ${wordsOf(baseline)}, in ${drifts.length} values`,
    remedy: 'if that is meant, allow it with verify.compare.tolerance or ignore, or deploy with --keep',
    evidence: drifts
      .slice(0, mostShown)
      .map((drift) => `${drift.where}: ${drift.path} was ${shown(drift.before)}, is ${shown(drift.after)}`),
  }
}
