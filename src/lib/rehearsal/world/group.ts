import { at } from './activities.js'
import { launchInstance, terminateInstance } from './launch.js'
import { isHealthyTarget, isUnhealthyTarget } from './load-balancer.js'
import { activeRefresh, isOutdated } from './refresh/refresh.js'
import { liveInstances, type Instance, type WorldState } from './state.js'

const second = 1000

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
  // While a refresh still has instances to replace, or is being cancelled, having more than desired is its own doing.
  if (refresh !== undefined && live.some((instance) => isOutdated(world, refresh, instance))) return changed
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
