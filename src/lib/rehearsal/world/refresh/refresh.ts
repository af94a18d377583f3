import { resolveChoice } from '../launch-templates.js'
import type { Instance, LaunchTemplateChoice, WorldState } from '../state.js'

/** The API's own words: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html */
export type RefreshStatus =
  | 'Pending'
  | 'InProgress'
  | 'Baking'
  | 'Successful'
  | 'Failed'
  | 'Cancelling'
  | 'Cancelled'
  | 'RollbackInProgress'
  | 'RollbackSuccessful'
  | 'RollbackFailed'

/** The preferences of a refresh with every default resolved; durations are seconds. */
export interface Preferences {
  readonly minimum: number
  /** Undefined when none was given: that is not the same as 100. */
  readonly maximum: number | undefined
  readonly warmup: number
  readonly checkpoints: readonly number[]
  readonly checkpointDelay: number | undefined
  readonly skipMatching: boolean
  readonly autoRollback: boolean
  readonly protectedInstances: 'Refresh' | 'Ignore' | 'Wait'
  readonly standbyInstances: 'Terminate' | 'Ignore' | 'Wait'
  readonly alarms: readonly string[]
  readonly bakeTime: number | undefined
}

export interface Refresh {
  readonly id: string
  readonly startTime: number
  readonly preferences: Preferences
  readonly desired: LaunchTemplateChoice | undefined
  /** The group's own choice when the refresh began: what a rollback goes back to. */
  readonly source: LaunchTemplateChoice
  /** The ids of the instances to replace. */
  readonly cohort: ReadonlySet<string>
  /** The ids of the instances launched with the desired configuration since it began: what a rollback replaces. */
  readonly launched: Set<string>
  status: RefreshStatus
  statusReason: string | undefined
  endTime: number | undefined
  percentage: number
  remaining: number
  /** The highest checkpoint that was reached; 0 before the first. */
  checkpoint: number
  pauseUntil: number | undefined
  bakeUntil: number | undefined
  deadline: number
  blockedSince: number | undefined
  /** How far it has come, so that going back and forth does not count as progress. */
  progress: number
  rollback:
    | { readonly reason: string; readonly startTime: number; readonly percentage: number; readonly remaining: number }
    | undefined
}

const ended: ReadonlySet<RefreshStatus> = new Set([
  'Successful',
  'Failed',
  'Cancelled',
  'RollbackSuccessful',
  'RollbackFailed',
])

/** The refresh that has not ended, if there is one; there is never a second. */
export function activeRefresh(world: WorldState): Refresh | undefined {
  const newest = world.refreshes.at(-1)
  return newest === undefined || ended.has(newest.status) ? undefined : newest
}

/** What the group launches at this moment. Scale-outs during a refresh get the desired configuration as well. */
export function choiceToLaunch(world: WorldState): LaunchTemplateChoice {
  const refresh = activeRefresh(world)
  if (refresh === undefined || refresh.status === 'Cancelling') return world.group.template
  return refresh.status === 'RollbackInProgress' ? refresh.source : (refresh.desired ?? refresh.source)
}

/** Whether the refresh, as it stands, has to replace the instance. A `$Latest` is resolved anew each time. */
export function isOutdated(world: WorldState, refresh: Refresh, instance: Instance): boolean {
  if (refresh.status === 'RollbackInProgress') return refresh.launched.has(instance.id)
  return refresh.cohort.has(instance.id) || !matches(world, refresh.desired ?? refresh.source, instance)
}

/** Skip matching's comparison: launch template, version and instance type, and nothing that user data would pull. */
export function matches(world: WorldState, choice: LaunchTemplateChoice, instance: Instance): boolean {
  const { template, version } = resolveChoice(world, choice)
  const type = version.data.InstanceType
  return (
    instance.template.id === template.id &&
    instance.template.version === version.number &&
    (type === undefined || type === instance.instanceType)
  )
}

/** Why a rollback of that refresh is impossible, or undefined when it is possible. */
export function rollbackObstacle(
  world: WorldState,
  source: LaunchTemplateChoice,
  desired: LaunchTemplateChoice | undefined,
): 'no-desired-configuration' | 'unnumbered-version' | 'machine-image-parameter' | undefined {
  if (desired === undefined) return 'no-desired-configuration'
  if (!/^\d+$/.test(source.version)) return 'unnumbered-version'
  const image = resolveChoice(world, source).version.data.ImageId
  return image?.startsWith('resolve:ssm:') === true ? 'machine-image-parameter' : undefined
}
