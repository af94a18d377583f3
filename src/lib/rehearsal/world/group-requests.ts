import { ServiceError } from '../wire/service.js'
import { at } from './activities.js'
import { findTemplate, findVersion, versionNotFound } from './launch-templates.js'
import { deregisterTargets, registerTargets } from './load-balancer.js'
import { activeRefresh } from './refresh/refresh.js'
import type { Instance, WorldState } from './state.js'

const invalid = (message: string): ServiceError => new ServiceError('ValidationError', message)

/** Sets the desired capacity within the group's minimum and maximum. */
export function setDesiredCapacity(world: WorldState, desired: number): void {
  const { group } = world
  if (desired > group.maxSize) {
    throw invalid(
      `New SetDesiredCapacity value ${desired} is above max value ${group.maxSize} for the AutoScalingGroup.`,
    )
  }
  if (desired < group.minSize) {
    throw invalid(
      `New SetDesiredCapacity value ${desired} is below min value ${group.minSize} for the AutoScalingGroup.`,
    )
  }
  group.desired = desired
}

/** Changes sizes and the launch template; the latter not while a refresh to a desired configuration is active. */
export function updateGroup(
  world: WorldState,
  changes: {
    readonly minSize?: number | undefined
    readonly maxSize?: number | undefined
    readonly desired?: number | undefined
    readonly template?:
      | { readonly id?: string | undefined; readonly name?: string | undefined; readonly version?: string | undefined }
      | undefined
  },
): void {
  const { group } = world
  if (changes.template !== undefined) {
    if (activeRefresh(world)?.desired !== undefined) {
      throw invalid(
        'An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.',
      )
    }
    const template = findTemplate(world, changes.template)
    const version = changes.template.version ?? '$Default'
    if (findVersion(template, version) === undefined) throw invalid(versionNotFound(template, version).message)
    group.template = { id: template.id, name: template.name, version }
  }
  const minSize = changes.minSize ?? group.minSize
  const maxSize = changes.maxSize ?? group.maxSize
  if (minSize > maxSize) throw invalid(`Max bound, ${maxSize}, must be greater than or equal to min bound, ${minSize}`)
  const desired = changes.desired ?? Math.min(maxSize, Math.max(minSize, group.desired))
  if (desired < minSize) throw invalid(`Desired capacity:${desired} must be above or equal to min size:${minSize}`)
  if (desired > maxSize) throw invalid(`Desired capacity:${desired} must be below or equal to max size:${maxSize}`)
  Object.assign(group, { minSize, maxSize, desired })
}

/** Protects the instances from scale-in, or no longer. */
export function setProtection(world: WorldState, ids: readonly string[], isProtected: boolean): void {
  for (const instance of members(world, ids)) instance.protectedFromScaleIn = isProtected
}

/** Takes instances out of service without terminating them. */
export function enterStandby(world: WorldState, ids: readonly string[], decrement: boolean): void {
  const instances = members(world, ids)
  for (const { id, lifecycle } of instances) {
    if (lifecycle !== 'InService') throw invalid(`The instance ${id} is not in InService.`)
  }
  if (decrement && world.group.desired - instances.length < world.group.minSize) {
    throw invalid(
      `AutoScalingGroup ${world.group.name} has min-size=${world.group.minSize}, max-size=${world.group.maxSize}, and desired-size=${world.group.desired}. To place into standby ${instances.length} more instances, please update the AutoScalingGroup sizes appropriately.`,
    )
  }
  for (const instance of instances) {
    instance.lifecycle = 'Standby'
    deregisterTargets(world, instance, () => undefined)
    note(world, instance, 'moved to Standby', 'an instance was moved to standby in response to a user request.')
  }
  if (decrement) world.group.desired -= instances.length
}

/** Puts instances back into service; the desired capacity rises with them. */
export function exitStandby(world: WorldState, ids: readonly string[]): void {
  const instances = members(world, ids)
  for (const { id, lifecycle } of instances) {
    if (lifecycle !== 'Standby') throw invalid(`The instance ${id} is not in Standby.`)
  }
  for (const instance of instances) {
    instance.lifecycle = 'Pending'
    registerTargets(world, instance)
    world.agenda.add(world.now + world.switches.registrationSeconds * 1000, () => {
      if (instance.lifecycle !== 'Pending') return
      instance.lifecycle = 'InService'
      instance.inServiceAt = world.now
    })
    note(world, instance, 'moved out of Standby', 'an instance was moved out of standby in response to a user request.')
  }
  world.group.desired += instances.length
}

function members(world: WorldState, ids: readonly string[]): readonly Instance[] {
  return ids.map((id) => {
    const instance = world.group.instances.find((each) => each.id === id)
    if (instance === undefined)
      throw invalid(`The instance ${id} is not part of Auto Scaling group ${world.group.name}.`)
    return instance
  })
}

function note(world: WorldState, { id }: Instance, what: string, cause: string): void {
  world.activities.push({
    id: world.random.uuid(),
    startTime: world.now,
    endTime: world.now,
    statusCode: 'Successful',
    statusMessage: undefined,
    description: `EC2 instance ${id} ${what}`,
    cause: at(world, cause),
    details: '{}',
  })
}
