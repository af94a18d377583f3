import type { WorldState } from '../state.js'
import { countFailure, countHealthy, watchDeployment, failureThreshold } from './breaker.js'
import { beginRollback, endDeployment, endRollout, ongoing, shifts, succeed } from './deployments.js'
import { noteSteady } from './events.js'
import { replaceUnhealthyTasks, watchContainerHealth } from './health.js'
import { dropEmptyEntries, healthyCount, isSettled, moveTasks } from './scheduler.js'
import { nextShiftTimes, shiftTraffic } from './shift.js'
import type { DeploymentEntry, EcsService, ServiceDeployment } from './state.js'
import { countsAt, isHealthyTask, tasksOf } from './task-state.js'

/** Lets every service of ECS do what is due now; true when anything changed. */
export function stepEcs(world: WorldState): boolean {
  for (const task of world.ecs.tasks) watchContainerHealth(world, task)
  return world.ecs.services.map((service) => stepService(world, service)).includes(true)
}

function stepService(world: WorldState, service: EcsService): boolean {
  noteTasks(world, service)
  let changed = replaceUnhealthyTasks(world, service)
  const deployment = ongoing(service)
  if (deployment !== undefined) changed = proceed(world, service, deployment) || changed
  const shifting = ongoing(service)
  const isShift = shifting?.status === 'IN_PROGRESS' && shifts(shifting)
  changed = (isShift ? shiftTraffic(world, service, shifting) : moveTasks(world, service)) || changed
  const after = ongoing(service)
  if (after !== undefined) changed = conclude(world, service, after) || changed
  dropEmptyEntries(world, service)
  noteSteady(world, service, ongoing(service) === undefined && isSettled(world, service))
  return changed
}

function noteTasks(world: WorldState, service: EcsService): void {
  for (const task of world.ecs.tasks) {
    if (task.service !== service) continue
    if (!task.wasHealthy && isHealthyTask(world, task)) countHealthy(service, task)
    if (task.counted || task.desired === 'RUNNING') continue
    task.counted = true
    const entry = service.entries.find(({ id }) => id === task.startedBy)
    if (!isFailure(world, task.stopCode, task.startedAt)) continue
    // Once a task is RUNNING, others that fail to start are no sign any more that none can.
    if (entry !== undefined && (task.startedAt !== undefined || runs(world, entry) === 0)) countFailure(service, entry)
  }
}

function isFailure({ switches }: WorldState, stopCode: string | undefined, startedAt: number | undefined): boolean {
  if (stopCode !== 'TaskFailedToStart' && stopCode !== 'EssentialContainerExited') return false
  return startedAt === undefined || switches.exitsAfterRunningCount
}

const runs = (world: WorldState, entry: DeploymentEntry): number =>
  tasksOf(world, entry).filter(({ status }) => status === 'RUNNING').length

const isOver = (time: number | undefined, now: number): boolean => time === undefined || time <= now

function proceed(world: WorldState, service: EcsService, deployment: ServiceDeployment): boolean {
  switch (deployment.status) {
    case 'PENDING':
      if (!isOver(deployment.pausesUntil, world.now)) return false
      deployment.status = 'IN_PROGRESS'
      deployment.startedAt = world.now
      deployment.updatedAt = world.now
      deployment.pausesUntil = undefined
      return true
    case 'ROLLBACK_REQUESTED':
      if (!isOver(deployment.pausesUntil, world.now)) return false
      beginRollback(world, service, deployment)
      return true
    case 'STOP_REQUESTED':
      if (!isOver(deployment.pausesUntil, world.now)) return false
      endDeployment(world, deployment, 'STOPPED', deployment.statusReason)
      return true
    case 'ROLLBACK_IN_PROGRESS':
      return giveUpRollback(world, service, deployment)
    default:
      return watchDeployment(world, service, deployment)
  }
}

function giveUpRollback(world: WorldState, service: EcsService, deployment: ServiceDeployment): boolean {
  const breaker = deployment.configuration.deploymentCircuitBreaker
  const [primary] = service.entries
  if (primary === undefined || breaker?.enable !== true) return false
  if (deployment.failures < failureThreshold(breaker, service.desired)) return false
  endRollout(world, primary, 'FAILED', 'ECS deployment circuit breaker: tasks failed to start.')
  endDeployment(
    world,
    deployment,
    'ROLLBACK_FAILED',
    'The tasks of the service revision to roll back to failed to start.',
  )
  return true
}

function conclude(world: WorldState, service: EcsService, deployment: ServiceDeployment): boolean {
  if (deployment.status === 'ROLLBACK_IN_PROGRESS' && isSettled(world, service)) {
    const [primary] = service.entries
    if (primary !== undefined) endRollout(world, primary, 'COMPLETED', `ECS deployment ${primary.id} completed.`)
    endDeployment(world, deployment, 'ROLLBACK_SUCCESSFUL', deployment.rollback?.reason)
    return true
  }
  if (deployment.status !== 'IN_PROGRESS' || shifts(deployment)) return false
  if (!isDeployed(world, service, deployment)) {
    deployment.bakesUntil = undefined
    return false
  }
  deployment.bakesUntil ??= world.now + bakeSeconds(world, deployment) * 1000
  if (deployment.bakesUntil > world.now) return false
  succeed(world, service, deployment)
  return true
}

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/early-success-criteria.html
function isDeployed(world: WorldState, service: EcsService, deployment: ServiceDeployment): boolean {
  const early = deployment.configuration.earlySuccessCriteria
  if (early?.enable !== true) return isSettled(world, service)
  const needed = Math.ceil((service.desired * (early.healthyPercent ?? 100)) / 100)
  if (healthyCount(world, deployment.entry) < needed) return false
  if (early.sourceServiceRevisionCleanup === 'DEFERRED') return true
  return service.entries.every((entry) => entry === deployment.entry || tasksOf(world, entry).length === 0)
}

function bakeSeconds({ switches }: WorldState, { configuration, alarms }: ServiceDeployment): number {
  const minutes = configuration.bakeTimeInMinutes ?? 0
  if (minutes > 0) return minutes * 60
  return alarms === 'MONITORING' ? switches.alarmBakeSeconds : 0
}

/** When something of ECS is due by time alone. */
export function nextEcsTimes(world: WorldState): readonly number[] {
  const { services, tasks } = world.ecs
  const times = services.flatMap((service) => {
    const deployment = ongoing(service)
    const grace = (service.settings.healthCheckGracePeriodSeconds ?? 0) * 1000
    return [
      ...(deployment === undefined ? [] : [deployment.pausesUntil, deployment.bakesUntil]),
      ...(deployment === undefined ? [] : nextShiftTimes(deployment)),
      ...service.entries.map(({ retryAt }) => retryAt),
      ...tasks.flatMap((task) =>
        task.service === service && task.status === 'RUNNING' && task.startedAt !== undefined
          ? [task.startedAt + grace, countsAt(task)]
          : [],
      ),
    ]
  })
  return times.filter((time) => time !== undefined)
}
