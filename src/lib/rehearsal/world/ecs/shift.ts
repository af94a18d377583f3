import type { DeploymentConfiguration } from '@aws-sdk/client-ecs'
import type { WorldState } from '../state.js'
import { fail, succeed } from './deployments.js'
import { hookProblem, hooksAreDone, startHooks } from './hooks.js'
import { placeTasks, removeTasks } from './place.js'
import { healthyCount } from './scheduler.js'
import type { DeploymentEntry, EcsService, ServiceDeployment } from './state.js'
import { isLive, tasksOf } from './task-state.js'

type Stage = NonNullable<ServiceDeployment['stage']>

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
const stages: readonly Stage[] = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
  'BAKE_TIME',
  'CLEAN_UP',
]

/** One step of a blue/green, canary or linear deployment; true when anything changed. */
export function shiftTraffic(world: WorldState, service: EcsService, deployment: ServiceDeployment): boolean {
  if (deployment.stage === undefined) {
    // The reconciliation is needed when an earlier deployment has left more than one revision with tasks.
    enter(world, service, deployment, service.entries.length > 2 ? 'RECONCILE_SERVICE' : 'PRE_SCALE_UP')
    return true
  }
  const problem = hookProblem(world, deployment)
  if (problem !== undefined) {
    fail(world, service, deployment, { reason: problem, rolloutReason: `ECS deployment hooks: ${problem}`, back: true })
    return true
  }
  if (keepTasks(world, service, deployment, deployment.stage)) return true
  if (!isDone(world, service, deployment, deployment.stage) || !hooksAreDone(deployment)) return false
  if (deployment.stage === 'CLEAN_UP') {
    succeed(world, service, deployment)
    return true
  }
  enter(world, service, deployment, following(deployment))
  return true
}

/** When a stage or one of its hooks is over by time alone. */
export function nextShiftTimes({ stageEndsAt, hooks }: ServiceDeployment): readonly (number | undefined)[] {
  return [stageEndsAt, ...hooks.map(({ expiresAt }) => expiresAt)]
}

function following({ stage, target }: ServiceDeployment): Stage {
  // Every step of the production traffic has its own stages before and of the shift.
  if (stage === 'PRODUCTION_TRAFFIC_SHIFT' && target.productionWeight < 100) return 'PRE_PRODUCTION_TRAFFIC_SHIFT'
  return stages[stages.indexOf(stage ?? 'RECONCILE_SERVICE') + 1] ?? 'CLEAN_UP'
}

function enter(world: WorldState, service: EcsService, deployment: ServiceDeployment, stage: Stage): void {
  deployment.stage = stage
  deployment.updatedAt = world.now
  if (stage === 'TEST_TRAFFIC_SHIFT') deployment.target.testWeight = 100
  if (stage === 'PRODUCTION_TRAFFIC_SHIFT') setWeight(service, deployment)
  deployment.stageEndsAt = world.now + stageSeconds(world, deployment, stage) * 1000
  startHooks(world, deployment, stage)
}

function stageSeconds({ switches }: WorldState, { configuration, target }: ServiceDeployment, stage: Stage): number {
  if (stage === 'BAKE_TIME') return (configuration.bakeTimeInMinutes ?? 0) * 60
  if (stage !== 'PRODUCTION_TRAFFIC_SHIFT' || target.productionWeight >= 100) return switches.stageSeconds
  return switches.stageSeconds + stepBakeMinutes(configuration) * 60
}

const stepBakeMinutes = ({ strategy, canaryConfiguration, linearConfiguration }: DeploymentConfiguration): number =>
  strategy === 'CANARY'
    ? (canaryConfiguration?.canaryBakeTimeInMinutes ?? 10)
    : (linearConfiguration?.stepBakeTimeInMinutes ?? 6)

function setWeight(service: EcsService, { configuration, target }: ServiceDeployment): void {
  const { strategy, canaryConfiguration, linearConfiguration } = configuration
  const before = target.productionWeight
  const step =
    strategy === 'CANARY' && before === 0
      ? (canaryConfiguration?.canaryPercent ?? 5)
      : strategy === 'LINEAR'
        ? (linearConfiguration?.stepPercent ?? 10)
        : 100
  // The percentages are multiples of a tenth, which binary fractions are not.
  target.productionWeight = Math.min(100, Math.round((before + step) * 10) / 10)
  for (const { revision } of service.entries.slice(1)) {
    revision.productionWeight =
      revision === service.completed ? Math.round((100 - target.productionWeight) * 10) / 10 : 0
  }
}

const liveOf = (world: WorldState, entry: DeploymentEntry) => tasksOf(world, entry).filter(isLive)

function keepTasks(world: WorldState, service: EcsService, deployment: ServiceDeployment, stage: Stage): boolean {
  const { entry } = deployment
  const before = stages.indexOf(stage) < stages.indexOf('SCALE_UP')
  entry.desired = before ? 0 : service.desired
  const others = service.entries.slice(1).map((other) => {
    const serves = other.revision === service.completed && stage !== 'CLEAN_UP'
    other.desired = serves ? service.desired : stage === 'RECONCILE_SERVICE' || stage === 'CLEAN_UP' ? 0 : other.desired
    return other
  })
  return [entry, ...others].map((each) => adjust(world, service, each)).includes(true)
}

function adjust(world: WorldState, service: EcsService, entry: DeploymentEntry): boolean {
  const live = liveOf(world, entry)
  const lacking = entry.desired - live.length
  return lacking > 0
    ? placeTasks(world, service, entry, lacking)
    : removeTasks(world, service, entry, live.slice(entry.desired))
}

function isDone(world: WorldState, service: EcsService, deployment: ServiceDeployment, stage: Stage): boolean {
  if (stage === 'SCALE_UP') return healthyCount(world, deployment.entry) >= service.desired
  if (stage === 'CLEAN_UP') return service.entries.slice(1).every((entry) => tasksOf(world, entry).length === 0)
  return (deployment.stageEndsAt ?? 0) <= world.now
}
