import type { Phase } from '../domain/phase.js'
import type { Span } from '../domain/prediction.js'
import type { PastDeploy } from './past.js'

/** A prediction that rests on fewer deploys than this is a guess; how far it was off says nothing of later ones. */
const leastHistory = 3
/** Older errors are those of another time. */
const most = 20
/** Fewer errors than this say nothing. */
const fewest = 4
/** This share of the outcomes lies below the range, and as many above it. */
const tail = 0.1
/** From so many errors on, the smallest and the largest leave out more than that. */
const enough = 1 / tail - 1

/** How far what earlier deploys took was from what was said before each of them; logarithms, the newest first. */
export interface Errors {
  /** Against the sum of what was said of the phases. */
  readonly total: readonly number[]
  readonly phases: ReadonlyMap<Phase, readonly number[]>
}

const offBy = (took: number, predicted: number): readonly number[] =>
  took > 0 && predicted > 0 ? [Math.log(took / predicted)] : []

/** The errors of the predictions that the records keep: each was made before its deploy, so that none has seen its outcome. */
export function errorsOf(past: readonly PastDeploy[]): Errors {
  const scored = past.filter(({ figures, runs }) => figures?.predicted !== undefined && runs >= leastHistory)
  const phases = new Map<Phase, readonly number[]>()
  const total: number[] = []
  for (const { figures, phases: took } of scored.slice(0, most)) {
    let [all, said] = [0, 0]
    for (const [phase, duration] of took) {
      const predicted = figures?.predicted?.[phase]
      if (predicted === undefined) continue
      // For how long others keep the lock nobody can tell: the range is that of a deploy that has it at once.
      const own = duration - (phase === 'release' ? (figures?.waited ?? 0) : 0)
      all += own
      said += predicted
      phases.set(phase, [...(phases.get(phase) ?? []), ...offBy(own, predicted)])
    }
    total.push(...offBy(all, said))
  }
  return { total, phases }
}

interface Bounds {
  readonly low: number
  readonly middle: number
  readonly high: number
}

/**
 * Between which factors the next outcome lies in eight of ten cases, and the middle one, as earlier outcomes had it.
 * Counted as split conformal prediction counts (https://arxiv.org/abs/2107.07511, section 1): of n errors by size the one
 * at 0.1 (n + 1) from either end, whatever way errors are spread. Undefined where there are too few.
 */
function boundsOf(errors: readonly number[]): Bounds | undefined {
  const sorted = errors.toSorted((a, b) => a - b)
  const { length } = sorted
  if (length < fewest) return undefined
  const left = Math.max(0, Math.floor(tail * (length + 1)) - 1)
  const at = (index: number): number => sorted[index] ?? 0
  const middle = (at(Math.floor((length - 1) / 2)) + at(Math.ceil((length - 1) / 2))) / 2
  return { low: Math.exp(at(left)), middle: Math.exp(middle), high: Math.exp(at(length - 1 - left)) }
}

/** The bounds of the errors; while these are few also those of the span, where they are further off. */
function bounded(span: Span, value: number, errors: readonly number[], { low, high }: Bounds): Span {
  const [least, furthest] = [span.value * low, span.value * high]
  const isFew = errors.length < enough
  return {
    ...span,
    low: Math.min(value, isFew ? Math.min(least, span.low) : least),
    value,
    high: Math.max(value, isFew ? Math.max(furthest, span.high) : furthest),
  }
}

/** A phase with the bounds that earlier errors give; as it is where these are too few. */
export function checkedPhase(span: Span, errors: readonly number[] = []): Span {
  const bounds = boundsOf(errors)
  return bounds === undefined ? span : bounded(span, span.value, errors, bounds)
}

/**
 * A total with the bounds that earlier errors give, moved to their middle: each phase is told by what it usually takes,
 * but where one is late others are, too, so that together they usually take more than the sum of that.
 */
export function checkedTotal(span: Span, errors: readonly number[]): Span {
  const bounds = boundsOf(errors)
  return bounds === undefined ? span : bounded(span, span.value * bounds.middle, errors, bounds)
}
