import type { Phase } from '../domain/phase.js'
import type { Circumstances } from '../domain/release-figures.js'
import type { Figures } from './assumptions.js'

/** What the machine that runs rampart does, where nothing is known, in milliseconds; what a plan supposes is elsewhere. */
const supposed = { push: 1000, release: 1500, baseline: 5000, proof: 3000, verify: 10_000, tags: 2000 } as const

/**
 * The part of it that is work of this machine and no waiting for another one, in milliseconds: under the clock of a
 * rehearsal, which takes nothing to answer, it is nearly all, and each second of it counts as many.
 */
const work = {
  preflight: 150,
  build: 120,
  push: 10,
  release: 60,
  rollout: 200,
  baseline: 500,
  proof: 150,
  verify: 900,
  tags: 60,
} as const

/** What a machine of those does to have a stretch done, in milliseconds of a clock of that pace. */
export const workOf = (phase: OwnPhase | 'rollout', pace: number): number => pace * work[phase]

/** Those, in the order of a deploy. */
export const ownPhases = ['preflight', 'build', 'push', 'release', 'baseline', 'proof', 'verify', 'tags'] as const
/** A phase that takes what rampart itself does. */
export type OwnPhase = (typeof ownPhases)[number]

/** True for a phase that takes what rampart itself does. */
export const isOwnPhase = (phase: Phase): phase is OwnPhase => (ownPhases as readonly Phase[]).includes(phase)

/** What is checked there waits for the targets too, at whatever pace. */
const asksTargets: ReadonlySet<OwnPhase> = new Set(['baseline', 'proof', 'verify'])

/** What it is supposed to take under a clock of that pace (undefined for the real one), in milliseconds. */
export function supposedOf(phase: OwnPhase, figures: Figures, pace: number | undefined): number {
  if (pace !== undefined) return workOf(phase, pace) + (asksTargets.has(phase) ? atRealPace(phase, figures) : 0)
  return atRealPace(phase, figures)
}

function atRealPace(phase: OwnPhase, figures: Figures): number {
  if (phase === 'preflight') return figures.preflight.value
  return phase === 'build' ? figures.appBuild.value : supposed[phase]
}

/** What the time of a phase is made of, in milliseconds as it is supposed: its work, and for a push what goes out. */
export function partsOf(
  phase: Phase,
  figures: Figures,
  { pushed, pace }: Pick<Circumstances, 'pushed'> & { readonly pace: number | undefined },
): readonly number[] {
  if (!isOwnPhase(phase)) return []
  const own = supposedOf(phase, figures, pace)
  return phase === 'push' ? [own, (1000 * pushed) / figures.upload.value] : [own]
}
