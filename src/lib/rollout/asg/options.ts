/** How a group is to be rolled. Durations in seconds, as the API takes them. */
export interface AsgRolloutOptions {
  readonly minHealthyPercentage: number
  readonly maxHealthyPercentage: number
  /** Undefined leaves it to the group: its default warmup, or the grace period. */
  readonly warmup?: number
  readonly bakeTime: number
  readonly checkpointPercentages: readonly number[]
  readonly checkpointDelay?: number
  readonly alarms: readonly string[]
}
