import type { Phase } from '../domain/phase.js'
import type { Span } from '../domain/prediction.js'
import type { PastDeploy } from './past.js'

/** Of so many earlier predictions the largest error is the first that eight of ten stay below. */
const fewest = 4
/** A prediction that rests on fewer deploys than this is a guess; how far it was off says nothing of later ones. */
const leastHistory = 3
/** Older errors are those of another time. */
const most = 20
const share = 0.8

/** How far what earlier deploys took was from what was said before each of them; logarithms, the newest first. */
export interface Errors {
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
    // For how long others keep the lock nobody can tell: the range is that of a deploy that has it at once.
    const waited = (phase: Phase): number => (phase === 'release' ? (figures?.waited ?? 0) : 0)
    let all = 0
    for (const [phase, duration] of took) {
      const own = duration - waited(phase)
      const predicted = figures?.predicted?.[phase]
      if (predicted === undefined) continue
      all += own
      phases.set(phase, [...(phases.get(phase) ?? []), ...offBy(own, predicted)])
    }
    total.push(...offBy(all, figures?.predicted?.total ?? 0))
  }
  return { total, phases }
}

/**
 * How far off the next prediction may be, as a logarithm, so that eight of ten outcomes lie within it: the error that
 * so many of the earlier predictions stayed below, counted as split conformal prediction counts
 * (https://arxiv.org/abs/2107.07511, section 1): of n errors the ceil(0.8 (n + 1))th by size. It supposes nothing of how
 * errors are spread, and is wide while there are few: up to eight it is the largest. Undefined for fewer than four.
 */
function reachOf(errors: readonly number[]): number | undefined {
  const sizes = errors.map(Math.abs).toSorted((a, b) => a - b)
  return sizes.length < fewest ? undefined : sizes[Math.ceil(share * (sizes.length + 1)) - 1]
}

/** The span with bounds that earlier errors give; as it is where these are too few. */
export function checkedSpan(span: Span, errors: readonly number[] = []): Span {
  const reach = reachOf(errors)
  if (reach === undefined) return span
  const { value } = span
  return { ...span, low: value * Math.exp(-reach), high: value * Math.exp(reach) }
}
