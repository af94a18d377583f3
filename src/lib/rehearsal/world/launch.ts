import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { finishActivity, recordActivity } from './activities.js'
import { resolveChoice } from './launch-templates.js'
import { deregisterTargets, registerTargets } from './load-balancer.js'
import { bootMachine, changedService } from './machine.js'
import { activeRefresh, choiceToLaunch } from './refresh/refresh.js'
import { liveInstances, type Instance, type TagSpecification, type WorldState } from './state.js'
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
    privateAddress: `10.0.${group.zones.indexOf(zone) + 1}.${50 + random.pick(200)}`,
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
    serving: new Map(),
  }
  group.instances.push(instance)
  world.instances.push(instance)
  group.failedLaunches = 0
  group.retryAt = undefined
  const refresh = activeRefresh(world)
  if (refresh !== undefined && refresh.status !== 'RollbackInProgress') refresh.launched.add(instance.id)
  const activity = recordActivity(world, 'InProgress', launching(instance), cause, zone)
  world.agenda.add(world.now + switches.launchSeconds * second * random.between(0.8, 1.4), () => {
    if (instance.state !== 'pending') return
    instance.state = 'running'
    bootMachine(world, instance, userData)
    world.agenda.add(world.now + switches.registrationSeconds * second * random.between(0.8, 1.3), () => {
      if (instance.lifecycle !== 'Pending') return
      instance.lifecycle = 'InService'
      instance.inServiceAt = world.now
      finishActivity(world, activity)
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
  const activity = recordActivity(
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
      finishActivity(world, activity)
    })
  })
}

const launching = ({ id }: Instance): string => `Launching a new EC2 instance: ${id}`

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
  const activity = recordActivity(
    world,
    'Failed',
    `Launching a new EC2 instance.  Status Reason: ${message}`,
    cause,
    zone,
  )
  activity.statusMessage = message
  activity.endTime = world.now
  world.group.retryAt = world.now + Math.min(300, 30 * 2 ** world.group.failedLaunches) * second
  world.group.failedLaunches++
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
