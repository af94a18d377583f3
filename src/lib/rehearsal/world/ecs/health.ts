import type { HealthCheck } from '@aws-sdk/client-ecs'
import type { WorldState } from '../state.js'
import { countFailure } from './breaker.js'
import { addEvent } from './events.js'
import type { EcsService, EcsTask, TaskContainer } from './state.js'
import { healthOf, targetGroupsOf } from './task-state.js'
import { stopTask } from './task.js'

/** Keeps the health checks of a task's own containers going for as long as they can change anything. */
export function watchContainerHealth(world: WorldState, task: EcsTask): void {
  if (task.status === 'STOPPED') return
  for (const container of task.containers) {
    const definition = task.definition.definition.containerDefinitions?.find(({ name }) => name === container.name)
    const check = definition?.healthCheck
    if (check === undefined || container.status !== 'RUNNING' || container.checking) continue
    const answers = passes(task)
    if ((answers && container.health === 'HEALTHY') || (!answers && container.health === 'UNHEALTHY')) continue
    container.checking = true
    world.agenda.add(world.now + (check.interval ?? 30) * 1000, () => {
      container.checking = false
      if (container.status === 'RUNNING') look(world, task, container, check)
    })
  }
}

// A container's check asks the container itself; here each port of the task stands for it.
const passes = (task: EcsTask): boolean =>
  task.answers.size > 0 && [...task.answers.values()].every((answer) => answer === 200)

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
function look(world: WorldState, task: EcsTask, container: TaskContainer, check: HealthCheck): void {
  if (passes(task)) {
    container.healthFailures = 0
    container.health = 'HEALTHY'
    return
  }
  const begun = (container.startedAt ?? world.now) + (check.startPeriod ?? 0) * 1000
  if (world.now < begun) return
  container.healthFailures++
  if (container.healthFailures >= (check.retries ?? 3)) container.health = 'UNHEALTHY'
}

/** Stops the tasks whose health checks fail after the grace period; others take their place. True when there were any. */
export function replaceUnhealthyTasks(world: WorldState, service: EcsService): boolean {
  const grace = (service.settings.healthCheckGracePeriodSeconds ?? 0) * 1000
  const failing = world.ecs.tasks.filter(
    (task) =>
      task.service === service &&
      task.status === 'RUNNING' &&
      task.desired === 'RUNNING' &&
      world.now >= (task.startedAt ?? world.now) + grace &&
      complaint(world, task) !== undefined,
  )
  for (const task of failing) {
    const found = complaint(world, task)
    if (found === undefined) continue
    addEvent(world, service, `(task ${task.taskId}) ${found.event}`)
    task.counted = true
    countFailure(
      service,
      service.entries.find(({ id }) => id === task.startedBy),
    )
    stopTask(world, task, 'ServiceSchedulerInitiated', found.reason)
  }
  return failing.length > 0
}

function complaint(world: WorldState, task: EcsTask): { readonly event: string; readonly reason: string } | undefined {
  for (const group of targetGroupsOf(world, task)) {
    const target = group.targets.get(task.id)
    if (target?.state !== 'unhealthy') continue
    return {
      event: `(port ${group.port}) is unhealthy in (target-group ${group.arn}) due to (reason ${target.description ?? 'Health checks failed'}).`,
      reason: `Task failed ELB health checks in (target-group ${group.arn})`,
    }
  }
  if (healthOf(task) !== 'UNHEALTHY') return undefined
  return { event: 'failed container health checks.', reason: 'Task failed container health checks' }
}
