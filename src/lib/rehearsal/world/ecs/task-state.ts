import { isHealthyTarget } from '../load-balancer.js'
import type { TargetGroup, WorldState } from '../state.js'
import type { DeploymentEntry, EcsTask, TaskContainer, TaskStatus } from './state.js'

const pending: ReadonlySet<TaskStatus> = new Set(['PROVISIONING', 'PENDING', 'ACTIVATING'])

/** Without health checks of any kind a task counts after 40 s: DeploymentConfiguration.minimumHealthyPercent of the API reference. */
const settleMilliseconds = 40_000

/** Whether the task is on its way to RUNNING. */
export const isPending = (task: EcsTask): boolean => task.desired === 'RUNNING' && pending.has(task.status)

/** Whether the task is coming up or running, and is to go on. */
export const isLive = (task: EcsTask): boolean => task.desired === 'RUNNING' && task.status !== 'STOPPED'

/** The tasks of one of a service's deployments that are not gone. */
export function tasksOf(world: WorldState, entry: DeploymentEntry): readonly EcsTask[] {
  return world.ecs.tasks.filter(({ startedBy, status }) => startedBy === entry.id && status !== 'STOPPED')
}

/** The target groups that the task's revision registers it with. */
export function targetGroupsOf(world: WorldState, task: EcsTask): readonly TargetGroup[] {
  const arns = task.revision?.targetGroups.map(({ arn }) => arn) ?? []
  return world.targetGroups.filter(({ arn }) => arns.includes(arn))
}

const definitionOf = (task: EcsTask, name: string) =>
  task.definition.definition.containerDefinitions?.find((each) => each.name === name)

/** Whether the definition has a health check for an essential container of the task. */
const hasContainerCheck = (task: EcsTask): boolean =>
  task.containers.some(({ name, essential }) => essential && definitionOf(task, name)?.healthCheck !== undefined)

/** The health of a task: that of its essential containers with a health check. */
export function healthOf(task: EcsTask): 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN' {
  const checked = task.containers.filter(
    ({ name, essential }) => essential && definitionOf(task, name)?.healthCheck !== undefined,
  )
  if (checked.some(({ health }) => health === 'UNHEALTHY')) return 'UNHEALTHY'
  return checked.length > 0 && checked.every(({ health }) => health === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN'
}

/** Whether a deployment counts the task as healthy. */
export function isHealthyTask(world: WorldState, task: EcsTask): boolean {
  if (task.status !== 'RUNNING' || task.desired !== 'RUNNING') return false
  const checked = hasContainerCheck(task)
  if (checked && healthOf(task) !== 'HEALTHY') return false
  const groups = targetGroupsOf(world, task)
  if (groups.length > 0) return isHealthyTarget(world, task, groups)
  return checked || world.now >= (task.startedAt ?? world.now) + settleMilliseconds
}

/** When the task begins to count as healthy by time alone, if it does. */
export function countsAt(task: EcsTask): number | undefined {
  const alone = task.status === 'RUNNING' && !hasContainerCheck(task) && (task.revision?.targetGroups.length ?? 0) === 0
  return alone && task.startedAt !== undefined ? task.startedAt + settleMilliseconds : undefined
}

/** Marks a container as ended, if it is not yet; nothing answers on the task's ports any more when it was essential. */
export function endContainer(task: EcsTask, container: TaskContainer, exitCode: number): void {
  if (container.status !== 'RUNNING') return
  container.status = 'STOPPED'
  container.exitCode = exitCode
  if (exitCode === 137) container.reason = 'OutOfMemoryError: Container killed due to memory usage'
  if (container.essential) for (const port of task.answers.keys()) task.answers.set(port, 'refused')
}
