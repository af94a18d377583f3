import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { ServiceError } from '../wire/service.js'
import { terminateInstance } from './launch.js'
import { updateGroup } from './group-requests.js'
import type { Group, LaunchTemplate, LaunchTemplateChoice, TagSpecification, TargetGroup, WorldState } from './state.js'

/** A launch template with its first version. @throws ServiceError when the name is taken. */
export function createTemplate(
  world: WorldState,
  asked: {
    readonly name: string
    readonly description: string | undefined
    readonly data: RequestLaunchTemplateData
    readonly tags: TagSpecification['tags']
  },
): LaunchTemplate {
  const { name, description, data, tags } = asked
  if (world.templates.some((template) => template.name === name)) {
    throw new ServiceError('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.')
  }
  const template: LaunchTemplate = {
    id: `lt-0${world.random.hex(16)}`,
    name,
    createdAt: world.now,
    createdBy: `arn:aws:iam::${world.setup.accountId}:user/rehearsal`,
    tags,
    defaultVersion: 1,
    versions: [{ number: 1, description, createdAt: world.now, data }],
    tokens: new Map(),
  }
  world.templates.push(template)
  return template
}

/** Takes a launch template away with all its versions. */
export function deleteTemplate(world: WorldState, id: string): void {
  const index = world.templates.findIndex((template) => template.id === id)
  if (index >= 0) world.templates.splice(index, 1)
}

/** The world's group, of the smallest size. @throws ServiceError when there is one already. */
export function createGroup(
  world: WorldState,
  asked: {
    readonly name: string
    readonly minSize: number
    readonly maxSize: number
    readonly template: LaunchTemplateChoice
    readonly tags: Group['tags']
    readonly maintenancePolicy: Group['maintenancePolicy']
  },
): Group {
  const { setup } = world
  if (world.present.group) {
    throw new ServiceError(
      'AlreadyExists',
      world.group.name === asked.name
        ? 'AutoScalingGroup by this name already exists - A group already exists with the given name.'
        : 'The rehearsal has room for one Auto Scaling group.',
    )
  }
  world.group = {
    ...asked,
    arn: `arn:aws:autoscaling:${setup.region}:${setup.accountId}:autoScalingGroup:${world.random.uuid()}:autoScalingGroupName/${asked.name}`,
    createdAt: world.now,
    desired: asked.minSize,
    zones: ['a', 'b'].map((letter) => `${setup.region}${letter}`),
    instances: [],
    retryAt: undefined,
    failedLaunches: 0,
  }
  world.present.group = true
  return world.group
}

/** Ends the group: its instances go, and it with the last of them. Ask {@link groupIsGone}. */
export function emptyGroup(world: WorldState): void {
  updateGroup(world, { minSize: 0, desired: 0 })
  for (const instance of world.group.instances.slice()) {
    terminateInstance(world, instance, 'The Auto Scaling group is being deleted.')
  }
}

/** True when the group's last instance is gone, and the group with it. */
export function groupIsGone(world: WorldState): boolean {
  if (world.group.instances.length > 0) return false
  world.present.group = false
  return true
}

/** A target group of the service that listens on its port. */
export function createTargetGroup(
  world: WorldState,
  asked: Omit<TargetGroup, 'arn' | 'service' | 'targets'>,
): TargetGroup {
  const { setup } = world
  if (world.targetGroups.some(({ name }) => name === asked.name)) {
    throw new ServiceError('DuplicateTargetGroupName', `A target group with the name '${asked.name}' exists`)
  }
  const service = setup.services.find(({ port }) => port === asked.port)
  const group: TargetGroup = {
    ...asked,
    arn: `arn:aws:elasticloadbalancing:${setup.region}:${setup.accountId}:targetgroup/${asked.name}/${world.random.hex(16)}`,
    service: service?.name ?? asked.name,
    targets: new Map(),
  }
  world.targetGroups.push(group)
  return group
}

/** Changes what health checks of a target group ask; what is registered stays so. */
export function updateTargetGroup(world: WorldState, arn: string, change: Partial<TargetGroup>): void {
  const index = world.targetGroups.findIndex((group) => group.arn === arn)
  const group = world.targetGroups[index]
  if (group !== undefined) world.targetGroups[index] = { ...group, ...change }
}

/** Takes a target group away. */
export function deleteTargetGroup(world: WorldState, arn: string): void {
  const index = world.targetGroups.findIndex((group) => group.arn === arn)
  if (index >= 0) world.targetGroups.splice(index, 1)
}

/** The world's load balancer. @throws ServiceError when there is one already. */
export function createLoadBalancer(world: WorldState, name: string): WorldState['loadBalancer'] {
  const { setup } = world
  if (world.present.loadBalancer) {
    throw new ServiceError('DuplicateLoadBalancerName', 'The rehearsal has room for one load balancer.')
  }
  const id = world.random.hex(16)
  world.loadBalancer = {
    arn: `arn:aws:elasticloadbalancing:${setup.region}:${setup.accountId}:loadbalancer/app/${name}/${id}`,
    name,
    dnsName: `${name}-${Number.parseInt(id.slice(0, 8), 16)}.${setup.region}.elb.amazonaws.com`,
    createdAt: world.now,
  }
  world.present.loadBalancer = true
  return world.loadBalancer
}
