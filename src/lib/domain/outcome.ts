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

/** Evidence that one target serves what was released. */
export interface TargetProof {
  readonly target: string
  readonly proved: boolean
  /** How it is known: so far `launched`, from the revision that the platform launched it with. */
  readonly grade: 'launched'
  /** What was seen, or what is missing. */
  readonly detail: string
}
