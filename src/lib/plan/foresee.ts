import type { Phase } from '../domain/phase.js'
import type { DeployPrediction, Span } from '../domain/prediction.js'
import type { Circumstances } from '../domain/release-figures.js'
import type { Figures } from './assumptions.js'
import { leastSure } from './figure.js'
import { spanBy } from './fit.js'
import { isOwnPhase, partsOf, rolloutParts, type Learned } from './learn.js'

/** So many runs make what they have in common a measured number. */
const enough = 3

/**
 * What a deploy under these circumstances takes, phase by phase, by what was learned; `supposed` are the figures that the
 * learning began with. Undefined when its rollout would not end.
 */
export function foresee(
  circumstances: Circumstances,
  phases: readonly Phase[],
  { learned, supposed }: { readonly learned: Learned; readonly supposed: Figures },
): DeployPrediction | undefined {
  const course = learned.imagined(circumstances)
  if (course === undefined) return undefined
  const spans = phases.flatMap((phase): DeployPrediction['phases'] => {
    if (phase === 'rollout') {
      const basis = learned.rollout.runs > 0 ? 'derived' : 'assumed'
      return [{ phase, span: spanBy(learned.rollout, rolloutParts(course), basis) }]
    }
    const own = learned.phases.get(phase)
    if (own === undefined || !isOwnPhase(phase)) return []
    const seen = own.runs >= enough && phase !== 'push' ? 'measured' : 'derived'
    const parts = partsOf(phase, supposed, circumstances)
    return [{ phase, span: spanBy(own, parts, own.runs === 0 ? 'assumed' : seen) }]
  })
  return { total: totalOf(spans.map(({ span }) => span)), phases: spans, runs: learned.runs }
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
