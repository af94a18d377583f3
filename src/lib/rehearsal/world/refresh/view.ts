import { isHealthyTarget } from '../load-balancer.js'
import { liveInstances, type Instance, type WorldState } from '../state.js'
import type { Member } from './decide.js'
import { isOutdated, type Refresh } from './refresh.js'

/** A group as a refresh sees it at one moment. */
export interface View {
  readonly members: readonly Member[]
  readonly instances: readonly Instance[]
  /** How many instances the refresh is about: the desired capacity without those that it ignores. */
  readonly size: number
  readonly current: number
  readonly ready: number
  readonly outdated: number
  readonly waitingFor: { readonly id: string; readonly standby: boolean } | undefined
}

/** Looks at the group. */
export function look(world: WorldState, refresh: Refresh): View {
  const { group } = world
  const { preferences } = refresh
  const isShielded = (instance: Instance): boolean =>
    instance.protectedFromScaleIn && preferences.protectedInstances !== 'Refresh'
  const instances = liveInstances(group)
  const members = instances.map((instance): Member => {
    const outdated = isOutdated(world, refresh, instance)
    return {
      id: instance.id,
      launchedAt: instance.launchedAt,
      outdated,
      ready: isServing(world, instance) && (isOlderThan(refresh, instance) || isWarm(world, refresh, instance)),
      shielded: outdated && isShielded(instance),
    }
  })
  const standing = group.instances.find(
    (instance) => instance.lifecycle === 'Standby' && isOutdated(world, refresh, instance),
  )
  const shielded = members.filter((member) => member.shielded)
  const isWaiting = preferences.protectedInstances === 'Wait'
  const ignored = isWaiting ? 0 : shielded.length
  const current = members.filter(({ outdated }) => !outdated)
  return {
    members,
    instances,
    size: Math.max(0, group.desired - ignored),
    current: current.length,
    ready: current.filter(({ ready }) => ready).length,
    outdated: members.length - current.length - ignored,
    waitingFor:
      isWaiting && shielded[0] !== undefined
        ? { id: shielded[0].id, standby: false }
        : preferences.standbyInstances === 'Wait' && standing !== undefined
          ? { id: standing.id, standby: true }
          : undefined,
  }
}

function isServing(world: WorldState, instance: Instance): boolean {
  return (
    instance.lifecycle === 'InService' &&
    instance.healthStatus === 'Healthy' &&
    (world.switches.healthCheckType === 'EC2' || isHealthyTarget(world, instance))
  )
}

const isOlderThan = (refresh: Refresh, { launchedAt }: Instance): boolean => launchedAt < refresh.startTime

/** Whether the warmup of an instance is over; it runs from InService. */
export const isWarm = (world: WorldState, { preferences }: Refresh, { inServiceAt }: Instance): boolean =>
  inServiceAt !== undefined && world.now >= inServiceAt + preferences.warmup * 1000
