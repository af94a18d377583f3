import type { Phase } from '../domain/phase.js'
import type { Difference, PredictionResult } from '../domain/prediction.js'
import type { Foretold, Seen } from './timekeeper.js'

/** What is nearer to the prediction than this needs no reason. */
const needsReason = 0.05
/** A reason counts from such a share of what was expected, and from that many milliseconds. */
const notable = { share: 0.15, time: 5000 } as const
/** Below that, how long a push takes says nothing of the line. */
const leastUpload = 1_000_000

/** What was foretold of a deploy against what was seen of it. */
export function comparePrediction({ circumstances, prediction, start }: Foretold, seen: Seen): PredictionResult {
  const predicted = prediction.total.value
  const actual = [...seen.phases.values()].reduce((all, duration) => all + duration, 0)
  const phase = mostDifferent(prediction, seen.phases)
  const late = actual > predicted
  const reasons = Math.abs(actual / Math.max(1, predicted) - 1) < needsReason ? [] : found()
  return {
    predicted,
    actual,
    within: actual >= prediction.total.low && actual <= prediction.total.high,
    runs: prediction.runs,
    ...(phase !== undefined && { phase }),
    reasons,
  }

  function found(): readonly Difference[] {
    const { starts, facts, waited } = seen
    const replaced = circumstances.services.reduce((all, { targets = 0 }) => all + targets, 0) || circumstances.targets
    const upload = prediction.phases.find((one) => one.phase === 'push')?.span.value ?? 0
    const weighed: readonly (Weighed | undefined)[] = [
      moreThan('lock', waited, notable.time, waited),
      starts && changed('launch', start.inService, starts.inService.p50),
      starts &&
        changed(
          'model-load',
          Math.max(0, start.ready - start.inService),
          Math.max(0, starts.ready.p50 - starts.inService.p50),
        ),
      moreThan('downloads', seen.downloads, 0, starts?.ready.p50 ?? 0),
      moreThan('relaunches', seen.launched - replaced, 0, starts?.ready.p50 ?? 0),
      moreThan('retries', seen.retries, 2, 1000 * seen.retries),
      facts && facts.desired !== circumstances.targets
        ? toward('targets', circumstances.targets, facts.desired, notable.time)
        : undefined,
      facts?.warmup === undefined || circumstances.rules.warmup === undefined
        ? undefined
        : changed('warmup', circumstances.rules.warmup, facts.warmup),
      uploaded(upload, seen.phases.get('push') ?? 0, seen.pushed),
    ]
    return weighed
      .filter((one) => one !== undefined)
      .toSorted((a, b) => b.weight - a.weight)
      .map(({ difference }) => difference)
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
