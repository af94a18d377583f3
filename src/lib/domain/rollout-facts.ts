import type { Revision } from './release.js'

/** A revision and what is known of what it launches. */
export interface RevisionFacts {
  readonly revision: Revision
  /** The release that it says it launches; undefined for a revision that rampart did not make. */
  readonly release?: string
  /** The references of the configured repositories in it, as they stand there. */
  readonly images: readonly string[]
}

/** What a rollout is about and by which rules the platform moves it. Durations in milliseconds. */
export interface RolloutFacts {
  readonly kind: 'asg' | 'ecs'
  /** E.g. the Auto Scaling group's name. */
  readonly fleet: string
  readonly desired: number
  readonly to?: RevisionFacts
  /** What it comes from, and goes back to. */
  readonly from?: RevisionFacts
  readonly minHealthyPercentage?: number
  readonly maxHealthyPercentage?: number
  readonly warmup?: number
  readonly gracePeriod?: number
  readonly healthCheckInterval?: number
  readonly bakeTime?: number
  readonly checkpointPercentages: readonly number[]
  readonly alarms: readonly string[]
}
