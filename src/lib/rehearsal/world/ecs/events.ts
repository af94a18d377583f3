import type { WorldState } from '../state.js'
import type { DeploymentEntry, EcsService, EcsTask } from './state.js'

const kept = 100

/**
 * Adds an event of the service; the newest hundred are kept. The texts of AWS:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 */
export function addEvent(world: WorldState, service: EcsService, message: string): void {
  service.events.unshift({ id: world.random.uuid(), at: world.now, message: `(service ${service.name}) ${message}` })
  service.events.splice(kept)
}

/** `(task 0123…) (task 4567…)`, as events name tasks. */
export function namesOf(tasks: readonly EcsTask[]): string {
  return tasks.map(({ taskId }) => `(task ${taskId})`).join(' ')
}

/** `(deployment ecs-svc/0123…)`. */
export const nameOf = (entry: DeploymentEntry): string => `(deployment ${entry.id})`

/** Says once that the service is steady, when it has become so. */
export function noteSteady(world: WorldState, service: EcsService, steady: boolean): void {
  if (steady && !service.steady) addEvent(world, service, 'has reached a steady state.')
  service.steady = steady
}
