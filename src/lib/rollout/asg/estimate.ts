import type { AutoScalingGroup } from '../../ports/auto-scaling.js'
import type { AsgRolloutOptions } from './options.js'

/** From the request for an instance to InService: launch, boot and registration, in seconds. */
const launch = 60
/** Until the old instances have drained: a group's deregistration delay, in seconds, lies anywhere from 0 to 300 by habit. */
const drain = 120

/** How many instances a refresh replaces at once: launching first where it can, and always at least one. */
export function batchSize(desired: number, { minHealthyPercentage, maxHealthyPercentage }: AsgRolloutOptions): number {
  const low = Math.ceil((desired * minHealthyPercentage) / 100)
  const high = Math.floor((desired * maxHealthyPercentage) / 100)
  return Math.max(1, Math.min(desired, high - low))
}

/**
 * About how long a refresh of the whole group takes, in milliseconds: for each batch its launch and its warmup, then
 * the pauses that were asked for and the draining of the last batch; the others drain beside the next one.
 */
export function estimateRefresh(group: AutoScalingGroup, options: AsgRolloutOptions): number {
  const batches = Math.ceil(group.desiredCapacity / batchSize(group.desiredCapacity, options))
  const warmup = options.warmup ?? group.defaultInstanceWarmup ?? group.healthCheckGracePeriod
  const pauses = options.checkpointPercentages.length * (options.checkpointDelay ?? 3600)
  return (batches * (launch + warmup) + drain + pauses + options.bakeTime) * 1000
}
