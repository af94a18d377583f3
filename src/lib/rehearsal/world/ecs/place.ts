import type { WorldState } from '../state.js'
import { countFailure } from './breaker.js'
import { addEvent, nameOf, namesOf } from './events.js'
import type { DeploymentEntry, EcsService, EcsTask } from './state.js'
import { changedServiceOf, launchTask, stopTask } from './task.js'

const second = 1000

/** Starts tasks of an entry as far as there is capacity; true when it tried. */
export function placeTasks(world: WorldState, service: EcsService, entry: DeploymentEntry, count: number): boolean {
  if (count <= 0 || (entry.retryAt !== undefined && entry.retryAt > world.now)) return false
  entry.retryAt = undefined
  const definition = entry.revision.taskDefinition
  if (!hasCapacity(world, changedServiceOf(world, definition))) {
    addEvent(
      world,
      service,
      'was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
    )
    if (world.switches.placementFailuresCount) countFailure(service, entry)
    entry.retryAt = world.now + Math.min(300, 30 * 2 ** Math.min(5, entry.failedTasks)) * second
    return true
  }
  if (entry.failedTasks > Math.max(3, service.desired)) {
    // Tasks that fail again and again are started more and more seldom:
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    entry.retryAt = world.now + Math.min(900, 15 * 2 ** Math.min(6, entry.failedTasks)) * second
    addEvent(
      world,
      service,
      'is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
    )
  }
  const { settings } = service
  const network = entry.revision.settings.networkConfiguration
  const propagated = settings.propagateTags === 'TASK_DEFINITION' ? definition.tags : service.tags
  const tasks = Array.from({ length: count }, () =>
    launchTask(world, {
      definition,
      service,
      entry,
      group: `service:${service.name}`,
      ...(network !== undefined && { network }),
      tags: [
        ...(settings.propagateTags === undefined || settings.propagateTags === 'NONE' ? [] : propagated),
        ...(settings.enableECSManagedTags === true
          ? [
              { key: 'aws:ecs:clusterName', value: world.ecs.cluster?.name ?? '' },
              { key: 'aws:ecs:serviceName', value: service.name },
            ]
          : []),
      ],
    }),
  )
  entry.updatedAt = world.now
  addEvent(world, service, `has started ${count} tasks: ${namesOf(tasks)}.`)
  return true
}

/** Whether there is capacity for a task with that change; it lacks for the release with the trouble alone. */
export function hasCapacity({ switches }: WorldState, changed: string | undefined): boolean {
  if (switches.capacity === 'available' || changed === undefined) return true
  return switches.faultyService !== undefined && switches.faultyService !== changed
}

/** Stops tasks that a deployment of the service has no more use for; true when there were any. */
export function removeTasks(
  world: WorldState,
  service: EcsService,
  entry: DeploymentEntry,
  tasks: readonly EcsTask[],
): boolean {
  const [primary] = service.entries
  for (const task of tasks) {
    stopTask(world, task, 'ServiceSchedulerInitiated', `Scaling activity initiated by ${nameOf(primary ?? entry)}`)
  }
  if (tasks.length === 0) return false
  entry.updatedAt = world.now
  addEvent(world, service, `has begun draining connections on ${tasks.length} tasks.`)
  addEvent(world, service, `has stopped ${tasks.length} running tasks: ${namesOf(tasks)}.`)
  return true
}
