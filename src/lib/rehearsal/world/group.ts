import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { isUnhealthyTarget, deregisterTargets, isHealthyTarget, registerTargets } from './load-balancer.js'
import { resolveChoice } from './launch-templates.js'
import { bootMachine, changedService } from './machine.js'
import { activeRefresh, choiceToLaunch, isOutdated } from './refresh/refresh.js'
import { liveInstances, type Activity, type Instance, type TagSpecification, type WorldState } from './state.js'
import { decodeUserData } from './user-data.js'

const second = 1000

/** Launches an instance of what the group launches now; false when EC2 has none to give. */
export function launchInstance(world: WorldState, cause: string): boolean {
  const { group, switches, random } = world
  const { template, version } = resolveChoice(world, choiceToLaunch(world))
  const userData = decodeUserData(version.data.UserData)
  const zone = emptiestZone(world)
  const changed = changedService(world, userData)
  if (switches.capacity === 'none' && changed !== undefined) {
    refuseLaunch(world, zone, version.data.InstanceType ?? 't3.large', cause)
    return false
  }
  const instance: Instance = {
    id: `i-0${random.hex(16)}`,
    zone,
    privateAddress: `10.0.${group.zones.indexOf(zone) + 1}.${Math.floor(random.between(50, 250))}`,
    instanceType: version.data.InstanceType ?? 't3.large',
    imageId: version.data.ImageId ?? '',
    template: { id: template.id, name: template.name, version: version.number },
    tags: instanceTags(world, version.data, template.id, version.number),
    launchedAt: world.now,
    changedService: changed,
    state: 'pending',
    lifecycle: 'Pending',
    inServiceAt: undefined,
    terminatedAt: undefined,
    healthStatus: 'Healthy',
    protectedFromScaleIn: false,
    answers: new Map(),
  }
  group.instances.push(instance)
  world.instances.push(instance)
  group.failedLaunches = 0
  group.retryAt = undefined
  const refresh = activeRefresh(world)
  if (refresh !== undefined && refresh.status !== 'RollbackInProgress') refresh.launched.add(instance.id)
  const activity = record(world, 'InProgress', launching(instance), cause, zone)
  world.agenda.add(world.now + switches.launchSeconds * second * random.between(0.8, 1.4), () => {
    if (instance.state !== 'pending') return
    instance.state = 'running'
    bootMachine(world, instance, userData)
    world.agenda.add(world.now + switches.registrationSeconds * second * random.between(0.8, 1.3), () => {
      if (instance.lifecycle !== 'Pending') return
      instance.lifecycle = 'InService'
      instance.inServiceAt = world.now
      finish(world, activity)
    })
    // Registration with the target groups comes before InService.
    if (instance.lifecycle === 'Pending') registerTargets(world, instance)
  })
  return true
}

/** Takes an instance out of the group: connection draining, shutdown, gone. */
export function terminateInstance(world: WorldState, instance: Instance, cause: string): void {
  if (instance.lifecycle === 'Terminating' || instance.lifecycle === 'Terminated') return
  instance.lifecycle = 'Terminating'
  const launch = world.activities.find(
    ({ statusCode, description }) => statusCode === 'InProgress' && description === launching(instance),
  )
  if (launch !== undefined) {
    launch.statusCode = 'Cancelled'
    launch.endTime = world.now
  }
  const activity = record(
    world,
    'WaitingForELBConnectionDraining',
    `Terminating EC2 instance: ${instance.id}`,
    cause,
    instance.zone,
  )
  deregisterTargets(world, instance, () => {
    if (activity.statusCode === 'WaitingForELBConnectionDraining') activity.statusCode = 'InProgress'
    if (instance.state !== 'terminated') instance.state = 'shutting-down'
    world.agenda.add(world.now + world.switches.shutdownSeconds * second, () => {
      instance.state = 'terminated'
      instance.lifecycle = 'Terminated'
      instance.terminatedAt ??= world.now
      world.group.instances.splice(world.group.instances.indexOf(instance), 1)
      finish(world, activity)
    })
  })
}

/** Marks what fails its health checks as unhealthy and replaces it; true when anything changed. */
export function replaceUnhealthy(world: WorldState): boolean {
  const failing = world.group.instances.filter(
    (instance) => instance.lifecycle === 'InService' && unhealthyCause(world, instance) !== undefined,
  )
  const refresh = activeRefresh(world)
  for (const instance of failing) {
    // A replacement that has to be replaced itself is what a refresh is blocked by.
    if (refresh !== undefined && !isOutdated(world, refresh, instance)) refresh.blockedSince ??= world.now
    instance.healthStatus = 'Unhealthy'
    terminateInstance(world, instance, at(world, unhealthyCause(world, instance) ?? ''))
  }
  return failing.length > 0
}

/** Launches what is missing below the desired capacity and gives up what is above it; true when anything changed. */
export function reconcileSize(world: WorldState): boolean {
  const { group } = world
  const live = liveInstances(group)
  let changed = false
  for (let missing = group.desired - live.length; missing > 0; missing--) {
    if (group.retryAt !== undefined && group.retryAt > world.now) break
    const refresh = activeRefresh(world)
    const reason =
      refresh === undefined || refresh.status === 'Cancelling'
        ? 'an instance was started in response to a difference between desired and actual capacity.'
        : 'an instance was launched in response to an instance refresh.'
    changed = true
    if (!launchInstance(world, at(world, reason))) break
  }
  const surplus = live.length - group.desired
  if (surplus <= 0) return changed
  const refresh = activeRefresh(world)
  // While a refresh still has instances to replace, having more than desired is its own doing.
  if (refresh !== undefined && live.some((instance) => isOutdated(world, refresh, instance))) return changed
  if (refresh?.status === 'Cancelling') return changed
  for (const instance of scaleInOrder(world, live).slice(0, surplus)) {
    terminateInstance(
      world,
      instance,
      at(
        world,
        'an instance was taken out of service in response to a difference between desired and actual capacity.',
      ),
    )
    changed = true
  }
  return changed
}

/** When the group has something to do again by itself. */
export function nextGroupTimes(world: WorldState): readonly number[] {
  const { group, switches } = world
  const times = group.instances.flatMap(({ inServiceAt, lifecycle }) =>
    inServiceAt === undefined || lifecycle !== 'InService'
      ? []
      : [inServiceAt + switches.healthCheckGraceSeconds * second],
  )
  return group.retryAt === undefined ? times : [...times, group.retryAt]
}

/** `At 2026-11-22T02:25:43Z …`, as the causes of scaling activities begin. */
export function at(world: WorldState, text: string): string {
  return `At ${new Date(world.now).toISOString().replace(/\.\d+Z$/, 'Z')} ${text}`
}

const launching = ({ id }: Instance): string => `Launching a new EC2 instance: ${id}`

function unhealthyCause(world: WorldState, instance: Instance): string | undefined {
  if (instance.state !== 'running') {
    return 'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.'
  }
  const graceOver =
    instance.inServiceAt !== undefined &&
    world.now >= instance.inServiceAt + world.switches.healthCheckGraceSeconds * second
  if (world.switches.healthCheckType === 'ELB' && graceOver && isUnhealthyTarget(world, instance)) {
    return 'an instance was taken out of service in response to an ELB system health check failure.'
  }
  return undefined
}

function emptiestZone({ group }: WorldState): string {
  const count = (zone: string): number => liveInstances(group).filter((each) => each.zone === zone).length
  return [...group.zones].sort((a, b) => count(a) - count(b) || (a < b ? -1 : 1))[0] ?? 'us-west-2a'
}

function refuseLaunch(world: WorldState, zone: string, type: string, cause: string): void {
  const others = world.group.zones.filter((each) => each !== zone).join(', ')
  const message =
    `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). ` +
    `Our system will be working on provisioning additional capacity. You can currently get ${type} capacity by not ` +
    `specifying an Availability Zone in your request or choosing ${others}. Launching EC2 instance failed.`
  const activity = record(world, 'Failed', `Launching a new EC2 instance.  Status Reason: ${message}`, cause, zone)
  activity.statusMessage = message
  activity.endTime = world.now
  world.group.retryAt = world.now + Math.min(300, 30 * 2 ** world.group.failedLaunches) * second
  world.group.failedLaunches++
}

// The default termination policy: the oldest launch-template version goes, then the oldest instance.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
function scaleInOrder(world: WorldState, live: readonly Instance[]): readonly Instance[] {
  const isReady = (instance: Instance): number =>
    Number(instance.lifecycle === 'InService' && isHealthyTarget(world, instance))
  const unreadyFirst = (a: Instance, b: Instance): number =>
    world.switches.scaleInPrefersUnready ? isReady(a) - isReady(b) : 0
  return live
    .filter(({ protectedFromScaleIn }) => !protectedFromScaleIn)
    .sort((a, b) => unreadyFirst(a, b) || a.template.version - b.template.version || a.launchedAt - b.launchedAt)
}

function record(
  world: WorldState,
  statusCode: Activity['statusCode'],
  description: string,
  cause: string,
  zone: string,
): Activity {
  const activity: Activity = {
    id: world.random.uuid(),
    startTime: world.now,
    endTime: undefined,
    statusCode,
    statusMessage: undefined,
    description,
    cause,
    details: JSON.stringify({ 'Subnet ID': `subnet-0${zone.slice(-1).repeat(16)}`, 'Availability Zone': zone }),
  }
  world.activities.push(activity)
  return activity
}

function finish(world: WorldState, activity: Activity): void {
  activity.statusCode = 'Successful'
  activity.endTime = world.now
}

/** The tags of an instance: those of its template version, the group's, and AWS's own. */
export function instanceTags(
  { group }: Pick<WorldState, 'group'>,
  data: RequestLaunchTemplateData,
  templateId: string,
  version: number,
): TagSpecification['tags'] {
  return [
    ...templateTags(data),
    ...group.tags,
    { key: 'aws:autoscaling:groupName', value: group.name },
    { key: 'aws:ec2launchtemplate:id', value: templateId },
    { key: 'aws:ec2launchtemplate:version', value: String(version) },
  ]
}

function templateTags(data: RequestLaunchTemplateData): TagSpecification['tags'] {
  return (data.TagSpecifications ?? [])
    .filter(({ ResourceType }) => ResourceType === 'instance')
    .flatMap(({ Tags }) => Tags ?? [])
    .map(({ Key, Value }) => ({ key: Key ?? '', value: Value ?? '' }))
}
