/** How a rollout ended. `abandoned` means that watching ended before the rollout did. */
export type RolloutOutcome = 'succeeded' | 'rolled-back' | 'failed' | 'cancelled' | 'abandoned' | 'nothing-to-do'

/** Why a rollout failed or stalls: the likeliest cause, what shows it, and what to do about it. */
export interface Cause {
  /** A stable word for it, e.g. `container-exits`, `never-ready`, `no-capacity`, `alarm`. */
  readonly code: string
  readonly summary: string
  /** What was seen, in the platform's or the target's own words, oldest first. */
  readonly evidence: readonly string[]
  readonly next: readonly string[]
}

/**
 * How a target is known to serve a release, from weak to strong: from the revision that the platform launched it with;
 * by what it reports of itself, the digests that run there; by what it answers, a real request asked of it alone.
 */
export const proofGrades = ['launched', 'reported', 'answered'] as const

export type ProofGrade = (typeof proofGrades)[number]

/** Evidence that one target serves what was released. */
export interface TargetProof {
  readonly target: string
  readonly proved: boolean
  readonly grade: ProofGrade
  /** What was seen, or what is missing. */
  readonly detail: string
}
