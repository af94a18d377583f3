import type { StartInstanceRefreshType } from '@aws-sdk/client-auto-scaling'
import { ServiceError } from '../../wire/service.js'
import { findTemplate, findVersion, versionNotFound } from '../launch-templates.js'
import type { LaunchTemplateChoice, WorldState } from '../state.js'
import { resolvePreferences } from './preferences.js'
import { reasons } from './reasons.js'
import { activeRefresh, matches, rollbackObstacle, type Preferences, type Refresh } from './refresh.js'
import { beginRollback, endRefresh, replacingLimit } from './ending.js'

const invalid = (message: string): ServiceError => new ServiceError('ValidationError', message)

const irreversible = (why: string): ServiceError => new ServiceError('IrreversibleInstanceRefresh', why)

const noActiveRefresh = (group: string): ServiceError =>
  new ServiceError(
    'ActiveInstanceRefreshNotFound',
    `No in progress or pending Instance Refresh found for Auto Scaling group ${group}`,
  )

/** StartInstanceRefresh: checks all that AWS refuses, then leaves the rest to time. */
export function startRefresh(world: WorldState, input: StartInstanceRefreshType): Refresh {
  if ((input.Strategy ?? 'Rolling') !== 'Rolling') {
    // It ships machine images and cannot be used behind a load balancer, so this cloud has no such groups.
    throw invalid("The request isn't valid. The ReplaceRootVolume strategy requires a mixed instances policy.")
  }
  const preferences = resolvePreferences(world, input.Preferences ?? {})
  const desired = desiredChoice(world, input.DesiredConfiguration)
  if (desired !== undefined && usesImageParameter(world, desired)) {
    throw invalid(
      "The request isn't valid. A desired configuration cannot be specified when the launch template uses a Systems Manager parameter as its ImageId.",
    )
  }
  if (preferences.autoRollback) checkRollback(world, desired)
  checkAlarms(world, preferences)
  if (activeRefresh(world) !== undefined) {
    throw new ServiceError(
      'InstanceRefreshInProgress',
      'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
    )
  }
  const refresh = createRefresh(world, preferences, desired)
  world.refreshes.push(refresh)
  return refresh
}

/** CancelInstanceRefresh: ends the replacing; without waiting, what is in flight goes on by itself. */
export function cancelRefresh(world: WorldState, waitForTransitions: boolean): Refresh {
  const refresh = activeRefresh(world)
  const isBlockedByBake = refresh?.status === 'Baking' && !world.switches.bakingIsActive
  if (refresh === undefined || isBlockedByBake || (refresh.status === 'Cancelling' && waitForTransitions)) {
    throw noActiveRefresh(world.group.name)
  }
  if (waitForTransitions) {
    refresh.status = 'Cancelling'
    refresh.statusReason = reasons.cancelled()
  } else {
    endRefresh(world, refresh, 'Cancelled', reasons.cancelled())
  }
  return refresh
}

/** RollbackInstanceRefresh: only what is still in progress can go back, and only to a numbered version. */
export function rollbackRefresh(world: WorldState): Refresh {
  const refresh = activeRefresh(world)
  if (
    refresh === undefined ||
    refresh.status === 'Cancelling' ||
    (refresh.status === 'Baking' && !world.switches.bakingIsActive)
  ) {
    throw noActiveRefresh(world.group.name)
  }
  if (refresh.status === 'RollbackInProgress') throw irreversible('The instance refresh is already being rolled back.')
  const obstacle = rollbackObstacle(world, refresh.source, refresh.desired)
  if (obstacle !== undefined) throw irreversible(obstacleText[obstacle])
  beginRollback(world, refresh, reasons.rollbackRequested())
  return refresh
}

const obstacleText = {
  'no-desired-configuration': 'The instance refresh cannot be rolled back because it has no desired configuration.',
  'unnumbered-version':
    "The instance refresh cannot be rolled back because the Auto Scaling group uses the launch template's $Latest or $Default version.",
  'machine-image-parameter':
    'The instance refresh cannot be rolled back because the launch template of the Auto Scaling group uses a Systems Manager parameter as its ImageId.',
} as const

function createRefresh(
  world: WorldState,
  preferences: Preferences,
  desired: LaunchTemplateChoice | undefined,
): Refresh {
  const { group, now } = world
  const target = desired ?? group.template
  const cohort = group.instances.filter(
    (each) =>
      each.lifecycle !== 'Terminating' &&
      !(preferences.skipMatching && matches(world, target, each)) &&
      !(preferences.standbyInstances === 'Ignore' && each.lifecycle === 'Standby'),
  )
  return {
    id: world.random.uuid(),
    startTime: now,
    preferences,
    desired,
    source: group.template,
    cohort: new Set(cohort.map(({ id }) => id)),
    launched: new Set(),
    status: 'Pending',
    statusReason: undefined,
    endTime: undefined,
    percentage: 0,
    remaining: cohort.filter(({ lifecycle }) => lifecycle !== 'Standby').length,
    checkpoint: 0,
    pauseUntil: undefined,
    bakeUntil: undefined,
    deadline: now + replacingLimit,
    blockedSince: undefined,
    progress: -Infinity,
    rollback: undefined,
  }
}

function desiredChoice(
  world: WorldState,
  configuration: StartInstanceRefreshType['DesiredConfiguration'],
): LaunchTemplateChoice | undefined {
  if (configuration === undefined) return undefined
  if (configuration.MixedInstancesPolicy !== undefined) {
    throw invalid("The request isn't valid. The Auto Scaling group does not use a mixed instances policy.")
  }
  const given = configuration.LaunchTemplate
  if (given === undefined) throw invalid("The request isn't valid. The desired configuration is empty.")
  try {
    const template = findTemplate(world, { id: given.LaunchTemplateId, name: given.LaunchTemplateName })
    const version = given.Version ?? '$Default'
    if (findVersion(template, version) === undefined) throw versionNotFound(template, version)
    return { id: template.id, name: template.name, version }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    throw invalid(`You must use a valid fully-formed launch template. ${error.message}`)
  }
}

function usesImageParameter(world: WorldState, choice: LaunchTemplateChoice): boolean {
  return [choice, world.group.template].some((each) => {
    const template = findTemplate(world, { id: each.id })
    const image = findVersion(template, each.version)?.data.ImageId
    return image?.startsWith('resolve:ssm:') === true
  })
}

function checkRollback(world: WorldState, desired: LaunchTemplateChoice | undefined): void {
  switch (rollbackObstacle(world, world.group.template, desired)) {
    case 'no-desired-configuration':
      throw invalid(
        "The request isn't valid. The AutoRollback parameter cannot be set to true when the DesiredConfiguration parameter is empty. Set AutoRollback to false or specify a desired configuration and try again.",
      )
    case 'unnumbered-version':
      throw invalid(
        "The request isn't valid. The AutoRollback parameter cannot be set to true when the Auto Scaling group uses the launch template's $Latest or $Default version. Set AutoRollback to false or use a numbered version and try again.",
      )
    case 'machine-image-parameter':
      throw invalid(
        "The request isn't valid. The AutoRollback parameter cannot be set to true when the launch template uses a Systems Manager parameter as its ImageId.",
      )
    case undefined:
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html: all must be OK at the start.
function checkAlarms(world: WorldState, { alarms }: Preferences): void {
  for (const name of alarms) {
    const alarm = world.alarms.find((each) => each.name === name)
    if (alarm === undefined) throw invalid(`The request isn't valid. CloudWatch alarm ${name} does not exist.`)
    if (alarm.state !== 'OK') {
      throw invalid(
        `The request isn't valid. CloudWatch alarm ${name} must be in the OK state to start an instance refresh, and it is in ${alarm.state}.`,
      )
    }
  }
}
