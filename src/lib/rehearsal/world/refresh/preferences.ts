import type { RefreshPreferences } from '@aws-sdk/client-auto-scaling'
import { ServiceError } from '../../wire/service.js'
import type { WorldState } from '../state.js'
import type { Preferences } from './refresh.js'

const invalid = (message: string): ServiceError => new ServiceError('ValidationError', message)

function inRange(name: string, value: number | undefined, low: number, high: number): void {
  if (value === undefined || (value >= low && value <= high)) return
  const relation = value < low ? `greater than or equal to ${low}` : `less than or equal to ${high}`
  throw invalid(
    `1 validation error detected: Value '${value}' at 'preferences.${name}' failed to satisfy constraint: ` +
      `Member must have value ${relation}`,
  )
}

/**
 * The preferences with every default resolved.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html
 */
export function resolvePreferences(world: WorldState, given: RefreshPreferences): Preferences {
  checkRanges(given)
  checkCheckpoints(given)
  const { group, switches } = world
  const policy = group.maintenancePolicy
  const maximumByPolicy = switches.policyMaximumIsExplicit ? policy?.maximum : undefined
  const minimum = given.MinHealthyPercentage ?? policy?.minimum ?? 90
  const maximum = given.MaxHealthyPercentage ?? (given.MinHealthyPercentage === undefined ? maximumByPolicy : undefined)
  if (maximum !== undefined && maximum - minimum > 100) {
    throw invalid(
      "The request isn't valid. The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100.",
    )
  }
  const checkpoints = given.CheckpointPercentages ?? []
  return {
    minimum,
    maximum,
    warmup: given.InstanceWarmup ?? switches.defaultWarmupSeconds ?? switches.healthCheckGraceSeconds,
    checkpoints,
    checkpointDelay: checkpoints.length === 0 ? undefined : (given.CheckpointDelay ?? 3600),
    skipMatching: given.SkipMatching ?? false,
    autoRollback: given.AutoRollback ?? false,
    protectedInstances: given.ScaleInProtectedInstances ?? 'Wait',
    standbyInstances: given.StandbyInstances ?? 'Wait',
    alarms: given.AlarmSpecification?.Alarms ?? [],
    bakeTime: given.BakeTime,
  }
}

/** The preferences as DescribeInstanceRefreshes echoes them. */
export function echoPreferences(preferences: Preferences): RefreshPreferences {
  const { maximum, checkpoints, checkpointDelay, alarms, bakeTime } = preferences
  return {
    MinHealthyPercentage: preferences.minimum,
    ...(maximum !== undefined && { MaxHealthyPercentage: maximum }),
    InstanceWarmup: preferences.warmup,
    ...(checkpoints.length > 0 && { CheckpointPercentages: [...checkpoints] }),
    ...(checkpointDelay !== undefined && { CheckpointDelay: checkpointDelay }),
    SkipMatching: preferences.skipMatching,
    AutoRollback: preferences.autoRollback,
    ScaleInProtectedInstances: preferences.protectedInstances,
    StandbyInstances: preferences.standbyInstances,
    ...(alarms.length > 0 && { AlarmSpecification: { Alarms: [...alarms] } }),
    ...(bakeTime !== undefined && { BakeTime: bakeTime }),
  }
}

function checkRanges(given: RefreshPreferences): void {
  inRange('minHealthyPercentage', given.MinHealthyPercentage, 0, 100)
  inRange('maxHealthyPercentage', given.MaxHealthyPercentage, 100, 200)
  inRange('instanceWarmup', given.InstanceWarmup, 0, Number.MAX_SAFE_INTEGER)
  inRange('checkpointDelay', given.CheckpointDelay, 0, 172_800)
  inRange('bakeTime', given.BakeTime, 0, 172_800)
  for (const percentage of given.CheckpointPercentages ?? []) inRange('checkpointPercentages', percentage, 1, 100)
  if (given.MaxHealthyPercentage !== undefined && given.MinHealthyPercentage === undefined) {
    throw invalid(
      "The request isn't valid. The MaxHealthyPercentage parameter cannot be specified when the MinHealthyPercentage parameter is empty.",
    )
  }
  if ((given.AlarmSpecification?.Alarms ?? []).length > 10) {
    throw invalid("The request isn't valid. You can specify up to 10 CloudWatch alarms.")
  }
}

function checkCheckpoints(given: RefreshPreferences): void {
  const checkpoints = given.CheckpointPercentages ?? []
  if (given.CheckpointDelay !== undefined && checkpoints.length === 0) {
    throw invalid(
      "The request isn't valid. The CheckpointDelay parameter cannot be specified when the CheckpointPercentages parameter is empty.",
    )
  }
  if (checkpoints.some((each, index) => each <= (checkpoints[index - 1] ?? 0))) {
    throw invalid(
      "The request isn't valid. The CheckpointPercentages parameter must have unique values in ascending order.",
    )
  }
}
