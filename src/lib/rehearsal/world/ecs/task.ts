import type { NetworkConfiguration, Tag, TaskOverride, TaskStopCode } from '@aws-sdk/client-ecs'
import { parseImageRef } from '../../../domain/image-ref.js'
import { deregisterTargets } from '../load-balancer.js'
import { findImage } from '../pull.js'
import type { WorldState } from '../state.js'
import { arnPrefix } from './names.js'
import type { DeploymentEntry, EcsService, EcsTask, TaskContainer, TaskDefinitionRecord } from './state.js'
import { startTask } from './start-task.js'
import { endContainer, isLive } from './task-state.js'

const second = 1000

/** What is to be started. */
export interface TaskOrder {
  readonly definition: TaskDefinitionRecord
  readonly service?: EcsService
  readonly entry?: DeploymentEntry
  readonly group: string
  readonly startedBy?: string
  readonly network?: NetworkConfiguration
  readonly overrides?: TaskOverride
  readonly tags: readonly Tag[]
}

/** The set-up's service whose image of another release than the first the definition names, if there is one. */
export function changedServiceOf(world: WorldState, definition: TaskDefinitionRecord): string | undefined {
  const references = (definition.definition.containerDefinitions ?? []).map(({ image = '' }) => parseImageRef(image))
  return world.setup.services.find(({ repository }) =>
    references.some((reference) => {
      if (reference?.repository !== repository || reference.registry !== world.registryHost) return false
      const image = findImage(world, reference)
      return image === undefined || !world.previous.has(image.digest)
    }),
  )?.name
}

/** A task that does not yet do anything. */
export function createTask(world: WorldState, order: TaskOrder): EcsTask {
  const { random, setup, ecs } = world
  const taskId = random.hex(32)
  const cluster = ecs.cluster?.name ?? 'default'
  const arn = `${arnPrefix(setup)}task/${cluster}/${taskId}`
  const zone = emptiestZone(world, order.service)
  const subnets = order.network?.awsvpcConfiguration?.subnets ?? []
  const index = world.group.zones.indexOf(zone)
  const containers = order.definition.definition.containerDefinitions ?? []
  return {
    id: freeAddress(world, index + 1),
    answers: new Map(),
    serving: new Map(),
    taskId,
    arn,
    definition: order.definition,
    service: order.service,
    revision: order.entry?.revision,
    group: order.group,
    startedBy: order.entry?.id ?? order.startedBy,
    zone,
    subnet: subnets[index % Math.max(1, subnets.length)] ?? `subnet-0${zone.slice(-1).repeat(16)}`,
    network: order.network,
    loadBalancers: order.entry?.revision.settings.loadBalancers ?? [],
    overrides: order.overrides,
    createdAt: world.now,
    containers: containers.map(({ name = '', image = '', essential }): TaskContainer => ({
      name,
      arn: `${arnPrefix(setup)}container/${cluster}/${taskId}/${random.uuid()}`,
      image,
      essential: essential ?? true,
      runtimeId: undefined,
      digest: undefined,
      status: 'PENDING',
      startedAt: undefined,
      exitCode: undefined,
      reason: undefined,
      health: 'UNKNOWN',
      healthFailures: 0,
      checking: false,
    })),
    changedService: changedServiceOf(world, order.definition),
    tags: order.tags,
    status: 'PROVISIONING',
    desired: 'RUNNING',
    pullStartedAt: undefined,
    pullStoppedAt: undefined,
    startedAt: undefined,
    stoppingAt: undefined,
    stoppedAt: undefined,
    stopCode: undefined,
    stoppedReason: undefined,
    counted: false,
    wasHealthy: false,
  }
}

/** Creates a task and lets it come up. */
export function launchTask(world: WorldState, order: TaskOrder): EcsTask {
  const task = createTask(world, order)
  world.ecs.changedFirst ??= task.changedService
  world.ecs.tasks.push(task)
  startTask(world, task, (reason, stopCode) => stopTask(world, task, stopCode, reason))
  return task
}

/** Takes a task away: it leaves its target groups, gets SIGTERM once their delay is over, and stops. */
export function stopTask(world: WorldState, task: EcsTask, stopCode: TaskStopCode, reason: string): void {
  if (task.desired === 'STOPPED') return
  task.desired = 'STOPPED'
  task.stopCode = stopCode
  task.stoppedReason = reason
  task.stoppingAt = world.now
  const runs = task.containers.some(({ status }) => status === 'RUNNING')
  // When an essential container is gone there is nothing to wait for.
  if (!runs || stopCode === 'EssentialContainerExited') {
    task.status = 'DEPROVISIONING'
    deregisterTargets(world, task, () => undefined)
    world.agenda.add(world.now + 3 * second, () => finish(world, task))
    return
  }
  task.status = 'DEACTIVATING'
  deregisterTargets(world, task, () => {
    task.status = 'STOPPING'
    world.agenda.add(world.now + 2 * second, () => {
      // uvicorn and Node servers end in order on SIGTERM.
      for (const container of task.containers) endContainer(task, container, 0)
      task.status = 'DEPROVISIONING'
      world.agenda.add(world.now + 6 * second, () => finish(world, task))
    })
  })
}

function finish(world: WorldState, task: EcsTask): void {
  task.status = 'STOPPED'
  task.stoppedAt = world.now
  for (const container of task.containers) container.status = 'STOPPED'
}

function emptiestZone({ ecs, group }: WorldState, service: EcsService | undefined): string {
  const live = ecs.tasks.filter((task) => isLive(task) && task.service === service)
  const count = (zone: string): number => live.filter((task) => task.zone === zone).length
  return [...group.zones].sort((a, b) => count(a) - count(b) || (a < b ? -1 : 1))[0] ?? 'us-west-2a'
}

function freeAddress({ ecs, random }: WorldState, network: number): string {
  const taken = new Set(ecs.tasks.filter(({ status }) => status !== 'STOPPED').map(({ id }) => id))
  for (;;) {
    const address = `10.0.${network}${random.pick(10)}.${4 + random.pick(246)}`
    if (!taken.has(address)) return address
  }
}
