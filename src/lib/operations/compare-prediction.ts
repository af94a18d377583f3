import type { Phase } from '../domain/phase.js'
import type { Difference, PredictionResult } from '../domain/prediction.js'
import type { Foretold, Seen } from './timekeeper.js'

/** What is nearer to the prediction than this needs no reason. */
const needsReason = 0.05
/** A reason counts from such a share of what was expected, and from that many milliseconds. */
const notable = { share: 0.15, time: 5000 } as const
/** So many times what is usual is larger than usual. */
const larger = 1.5
/** Less than this share of the images is not noticed when they are pulled. */
const noticed = 0.1
/** The phases that take what rampart does, and not what it sends or has moved. */
const own: readonly Phase[] = ['preflight', 'build', 'release', 'baseline', 'proof', 'verify', 'tags']
/** Below that, how long a push takes says nothing of the line. */
const leastUpload = 1_000_000

/** What was foretold of a deploy against what was seen of it. */
export function comparePrediction(foretold: Foretold, seen: Seen): PredictionResult {
  const { circumstances, prediction, start, usual } = foretold
  const predicted = prediction.total.value
  const actual = [...seen.phases.values()].reduce((all, duration) => all + duration, 0)
  const differing = mostDifferent(prediction, seen.phases)
  const late = actual > predicted
  const reasons = Math.abs(actual / Math.max(1, predicted) - 1) < needsReason ? [] : found()
  return {
    predicted,
    actual,
    within: actual >= prediction.total.low && actual <= prediction.total.high,
    runs: prediction.runs,
    ...(differing !== undefined && { phase: differing }),
    reasons,
  }

  function found(): readonly Difference[] {
    const { starts, facts, waited } = seen
    const replaced = circumstances.services.reduce((all, { targets = 0 }) => all + targets, 0) || circumstances.targets
    const upload = predictedOf('push')
    const stood = (...codes: readonly string[]): number =>
      codes.reduce((all, code) => all + (seen.causes.get(code) ?? 0), 0)
    const capacity = stood('no-capacity', 'quota')
    const pause = stood('paused')
    const weighed: readonly (Weighed | undefined)[] = [
      moreThan('lock', waited, notable.time, waited),
      starts && changed('launch', start.inService, starts.inService.p50),
      ...(starts === undefined ? [] : readiness(starts)),
      moreThan('downloads', seen.downloads, 0, starts?.ready.p50 ?? 0),
      moreThan('relaunches', seen.launched - replaced, 0, starts?.ready.p50 ?? 0),
      moreThan('capacity', capacity, notable.time, capacity),
      moreThan('pause', pause, notable.time + (circumstances.rules.pauses ?? 0), pause),
      moreThan('retries', seen.retries, 2, 1000 * seen.retries),
      facts && facts.desired !== circumstances.targets
        ? toward('targets', circumstances.targets, facts.desired, notable.time)
        : undefined,
      facts?.warmup === undefined || circumstances.rules.warmup === undefined
        ? undefined
        : changed('warmup', circumstances.rules.warmup, facts.warmup),
      uploaded(upload, seen.phases.get('push') ?? 0, seen.pushed),
      sentMore(),
      lacking('registry-cache', seen.pushedBase, leastUpload, 'push'),
      lacking('build-cache', seen.steps.cached === 0 ? seen.steps.made : 0, 1, 'build'),
      ownWork(),
    ]
    return weighed
      .filter((one) => one !== undefined)
      .toSorted((a, b) => b.weight - a.weight)
      .map(({ difference }) => difference)
  }

  function predictedOf(phase: Phase): number {
    return prediction.phases.find((one) => one.phase === phase)?.span.value ?? 0
  }

  /** By how much a phase was longer than predicted; 0 where that is nothing to speak of. */
  function lateness(phase: Phase): number {
    return changed('own-work', predictedOf(phase), seen.phases.get(phase) ?? 0)?.weight ?? 0
  }

  /** What came between in service and ready: where the log tells when the process began, in two parts. */
  function readiness({ inService, ready }: NonNullable<Seen['starts']>): readonly (Weighed | undefined)[] {
    const { load } = seen
    return load === undefined
      ? [changed('model-load', afterService(start), afterService({ inService: inService.p50, ready: ready.p50 }))]
      : [pull(), changed('model-load', start.load, load)]
  }

  function pull(): Weighed | undefined {
    const { load, starts } = seen
    if (load === undefined || starts === undefined) return undefined
    const got = afterService({ inService: starts.inService.p50, ready: starts.ready.p50 }) - load
    return changed('pull', Math.max(0, afterService(start) - start.load), Math.max(0, got))
  }

  /** A larger layer than usual, where what it had to pass was late: the way up, or the way to the targets. */
  function sentMore(): Weighed | undefined {
    if (usual === undefined || seen.pushed < leastUpload || seen.pushed < larger * usual) return undefined
    const shipped = circumstances.services.reduce((all, { bytes }) => all + bytes, 0)
    const weight = lateness('push') + (seen.pushed - usual >= noticed * shipped ? (pull()?.weight ?? 0) : 0)
    return weight > 0 && late
      ? { weight, difference: { reason: 'layer', expected: usual, actual: seen.pushed } }
      : undefined
  }

  /** What a cache did not have, where the phase that it is to shorten was late. */
  function lacking(reason: Difference['reason'], count: number, least: number, phase: Phase): Weighed | undefined {
    const weight = lateness(phase)
    return weight > 0 ? moreThan(reason, count, least, weight) : undefined
  }

  /** What rampart does itself, which depends on its machine and, under the clock of a rehearsal, on its pace. */
  function ownWork(): Weighed | undefined {
    const waited = seen.phases.has('release') ? seen.waited : 0
    return changed('own-work', ownSum(predictedOf), ownSum((phase) => seen.phases.get(phase) ?? 0) - waited)
  }

  /** Something that costs time, where it was enough of it. */
  function moreThan(reason: Difference['reason'], count: number, least: number, weight: number): Weighed | undefined {
    return late && count > least ? { weight, difference: { reason, actual: count } } : undefined
  }

  /** A time that explains the difference, as it differs in the same direction. */
  function changed(reason: Difference['reason'], expected: number, got: number): Weighed | undefined {
    const by = Math.abs(got - expected)
    return by >= notable.time && by >= notable.share * expected ? toward(reason, expected, got, by) : undefined
  }

  function toward(reason: Difference['reason'], expected: number, got: number, weight: number): Weighed | undefined {
    return got > expected === late ? { weight, difference: { reason, expected, actual: got } } : undefined
  }

  function uploaded(expected: number, took: number, bytes: number): Weighed | undefined {
    if (bytes < leastUpload || expected <= 0 || took <= 0) return undefined
    const difference = changed('upload', expected, took)?.weight
    if (difference === undefined) return undefined
    const rate = (time: number): number => Math.round((1000 * bytes) / time)
    return { weight: difference, difference: { reason: 'upload', expected: rate(expected), actual: rate(took) } }
  }
}

const ownSum = (of: (phase: Phase) => number): number => own.reduce((all, phase) => all + of(phase), 0)

const afterService = ({ inService, ready }: { readonly inService: number; readonly ready: number }): number =>
  Math.max(0, ready - inService)

interface Weighed {
  /** About what it explains, in milliseconds. */
  readonly weight: number
  readonly difference: Difference
}

function mostDifferent(
  { phases }: Foretold['prediction'],
  took: ReadonlyMap<Phase, number>,
): PredictionResult['phase'] {
  const all = new Set([...phases.map(({ phase }) => phase), ...took.keys()])
  const [first] = [...all]
    .map((phase) => ({
      phase,
      predicted: phases.find((one) => one.phase === phase)?.span.value ?? 0,
      actual: took.get(phase) ?? 0,
    }))
    .toSorted((a, b) => Math.abs(b.actual - b.predicted) - Math.abs(a.actual - a.predicted))
  return first
}
