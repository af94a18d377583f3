import type { Phase } from '../domain/phase.js'
import type { DeployPrediction, Span } from '../domain/prediction.js'
import type { Circumstances } from '../domain/release-figures.js'
import type { Figures } from './assumptions.js'
import { leastSure } from './figure.js'
import { spanBy } from './fit.js'
import { checkedPhase, checkedTotal } from './range.js'
import { rolloutParts, type Learned } from './learn.js'
import { isOwnPhase, ownPhases, partsOf, supposedOf } from './own-phases.js'

/** So many runs make what they have in common a measured number. */
const enough = 3

/** By what a deploy is foretold. */
export interface Grounds {
  readonly learned: Learned
  /** The figures that the learning began with. */
  readonly supposed: Figures
  /** Phases of this very deploy that are over, and what they took: where nothing was learned, that is known. */
  readonly over?: ReadonlyMap<Phase, number>
}

/**
 * What a deploy under these circumstances takes, phase by phase, by what was learned. Undefined when its rollout would
 * not end.
 */
export function foresee(
  circumstances: Circumstances,
  phases: readonly Phase[],
  { learned, supposed, over = new Map<Phase, number>() }: Grounds,
): DeployPrediction | undefined {
  const course = learned.imagined(circumstances)
  if (course === undefined) return undefined
  const { pace, runs, errors } = learned
  const known = runs === 0 ? over : new Map<Phase, number>()
  const slowness = slownessOf(known, supposed, pace)
  const spans = phases.flatMap((phase): DeployPrediction['phases'] => {
    if (phase === 'rollout') {
      const basis = learned.rollout.runs > 0 ? 'derived' : 'assumed'
      return [{ phase, span: spanBy(learned.rollout, rolloutParts(course, pace, slowness), basis) }]
    }
    const own = learned.phases.get(phase)
    if (own === undefined || !isOwnPhase(phase)) return []
    const took = known.get(phase)
    if (took !== undefined) return [{ phase, span: { low: took, value: took, high: took, basis: 'measured' } }]
    const seen = own.runs >= enough && phase !== 'push' ? 'measured' : 'derived'
    const [first = 0, ...others] = partsOf(phase, supposed, { pushed: circumstances.pushed, pace })
    const parts = [first * slowness, ...others]
    return [{ phase, span: spanBy(own, parts, own.runs === 0 ? 'assumed' : seen) }]
  })
  return {
    total: checkedTotal(totalOf(spans.map(({ span }) => span)), errors.total),
    phases: spans.map(({ phase, span }) => ({ phase, span: checkedPhase(span, errors.phases.get(phase)) })),
    runs,
    checked: errors.total.length,
  }
}

/**
 * How many times longer this machine takes for its work than is supposed, by the phases that are over, of which half
 * (as a factor) is taken for the moment's. Under the real clock they tell of the way to AWS, and not of what is done next.
 */
function slownessOf(over: ReadonlyMap<Phase, number>, figures: Figures, pace: number | undefined): number {
  const seen = ownPhases.filter((phase) => phase !== 'push' && (over.get(phase) ?? 0) > 0)
  if (pace === undefined || seen.length === 0) return 1
  const sum = (of: (phase: (typeof seen)[number]) => number): number => seen.reduce((all, phase) => all + of(phase), 0)
  return Math.sqrt(sum((phase) => over.get(phase) ?? 0) / sum((phase) => supposedOf(phase, figures, pace)))
}

/** Their sum. That all are late at the same time is unlikely: their errors add up as independent ones do. */
function totalOf(spans: readonly Span[]): Span {
  const value = spans.reduce((all, span) => all + span.value, 0)
  const low = Math.hypot(...spans.map((span) => span.value - span.low))
  const high = Math.hypot(...spans.map((span) => span.high - span.value))
  const weighty = spans.filter((span) => span.value > 0.05 * value)
  return {
    low: Math.max(0, value - low),
    value,
    high: value + high,
    basis: leastSure('derived', ...weighty.map(({ basis }) => basis)),
  }
}
