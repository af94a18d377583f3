import { parseImageRef } from '../../../domain/image-ref.js'
import { happen } from '../monitoring/event-bus.js'
import type { WorldState } from '../state.js'
import { addEvent, nameOf } from './events.js'
import { arnPrefix, deploymentId, digits } from './names.js'
import type {
  DeployedSettings,
  DeploymentEntry,
  EcsService,
  ServiceDeployment,
  ServiceRevision,
  TaskDefinitionRecord,
} from './state.js'

const second = 1000
const ended: ReadonlySet<ServiceDeployment['status']> = new Set([
  'SUCCESSFUL',
  'STOPPED',
  'ROLLBACK_SUCCESSFUL',
  'ROLLBACK_FAILED',
])

/** The service deployment that is under way, if one is. */
export function ongoing(service: EcsService): ServiceDeployment | undefined {
  const last = service.deployments.at(-1)
  return last === undefined || ended.has(last.status) ? undefined : last
}

/** Whether the deployment shifts traffic between two sets of tasks instead of replacing tasks. */
export const shifts = ({ configuration }: ServiceDeployment): boolean =>
  (configuration.strategy ?? 'ROLLING') !== 'ROLLING'

/** A revision of the service that nobody has deployed yet. */
export function createRevision(
  world: WorldState,
  service: EcsService,
  taskDefinition: TaskDefinitionRecord,
  settings: DeployedSettings,
  createdAt = world.now,
): ServiceRevision {
  const strategy = service.configuration.strategy ?? 'ROLLING'
  // With two target groups each revision takes the one that the revision before it does not have.
  const taken = new Set(strategy === 'ROLLING' ? [] : service.completed?.targetGroups.map(({ arn }) => arn))
  const images = (taskDefinition.definition.containerDefinitions ?? []).map(({ name = '', image = '' }) => {
    const digest = parseImageRef(image)?.digest
    return [name, { containerName: name, image, ...(digest !== undefined && { imageDigest: digest }) }] as const
  })
  const cluster = world.ecs.cluster?.name ?? 'default'
  const revision: ServiceRevision = {
    arn: `${arnPrefix(world.setup)}service-revision/${cluster}/${service.name}/${digits(world.random, 19)}`,
    createdAt,
    taskDefinition,
    settings,
    targetGroups: (settings.loadBalancers ?? []).flatMap(
      ({ targetGroupArn, containerName = '', containerPort = 80, advancedConfiguration }) => {
        const other = advancedConfiguration?.alternateTargetGroupArn
        const arn = targetGroupArn !== undefined && taken.has(targetGroupArn) ? other : targetGroupArn
        return arn === undefined ? [] : [{ arn, containerName, port: containerPort }]
      },
    ),
    images: new Map(images),
    productionWeight: 0,
    testWeight: 0,
  }
  service.revisions.push(revision)
  return revision
}

/** A new entry of the service's `deployments`, which becomes the primary one. */
function addEntry(world: WorldState, service: EcsService, revision: ServiceRevision): DeploymentEntry {
  const id = `ecs-svc/${digits(world.random, 19)}`
  const entry: DeploymentEntry = {
    id,
    revision,
    createdAt: world.now,
    updatedAt: world.now,
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    desired: service.desired,
    failedTasks: 0,
    retryAt: undefined,
  }
  for (const each of service.entries) each.status = 'ACTIVE'
  service.entries.unshift(entry)
  return entry
}

/** Starts to deploy a revision; what was under way is stopped for it. */
export function startDeployment(world: WorldState, service: EcsService, revision: ServiceRevision): ServiceDeployment {
  const before = ongoing(service)
  if (before !== undefined) {
    if (before.entry.rolloutState === 'IN_PROGRESS') {
      before.entry.rolloutStateReason = `ECS deployment ${before.entry.id} was superseded by a newer one.`
    }
    endDeployment(world, before, 'STOPPED', 'A newer service deployment was started.')
  }
  const { configuration } = service
  const source = service.entries.map((entry) => entry.revision)
  const entry = addEntry(world, service, revision)
  const { alarms, deploymentCircuitBreaker: breaker } = configuration
  const cluster = world.ecs.cluster?.name ?? 'default'
  const deployment: ServiceDeployment = {
    arn: `${arnPrefix(world.setup)}service-deployment/${cluster}/${service.name}/${deploymentId(world.random)}`,
    createdAt: world.now,
    configuration,
    source,
    target: revision,
    entry,
    // An alarm that is in ALARM now is not monitored for this whole deployment:
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    watched: (alarms?.alarmNames ?? []).filter((name) =>
      world.alarms.every((alarm) => alarm.name !== name || alarm.state !== 'ALARM'),
    ),
    status: 'PENDING',
    statusReason: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    stoppedAt: undefined,
    updatedAt: world.now,
    failures: 0,
    breaker: breaker?.enable === true ? 'MONITORING' : 'DISABLED',
    alarms: alarms?.enable === true ? 'MONITORING' : 'DISABLED',
    triggered: [],
    bakesUntil: undefined,
    endedEarly: false,
    stage: undefined,
    stageEndsAt: undefined,
    hooks: [],
    rollback: undefined,
    pausesUntil: world.now + world.switches.deploymentPendingSeconds * second,
  }
  service.deployments.push(deployment)
  tell(world, service, entry, 'IN_PROGRESS', entry.rolloutStateReason)
  service.steady = false
  return deployment
}

/** Tells EventBridge: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
function tell(
  world: WorldState,
  service: EcsService,
  entry: DeploymentEntry,
  state: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED',
  reason: string,
): void {
  happen(world, {
    source: 'aws.ecs',
    type: 'ECS Deployment State Change',
    resources: [service.arn],
    detail: {
      eventType: state === 'FAILED' ? 'ERROR' : 'INFO',
      eventName: `SERVICE_DEPLOYMENT_${state}`,
      deploymentId: entry.id,
      updatedAt: new Date(world.now).toISOString(),
      reason,
    },
  })
}

/** Ends a service deployment. */
export function endDeployment(
  world: WorldState,
  deployment: ServiceDeployment,
  status: ServiceDeployment['status'],
  reason: string | undefined,
): void {
  deployment.status = status
  deployment.statusReason = reason
  deployment.updatedAt = world.now
  deployment.pausesUntil = undefined
  deployment.bakesUntil = undefined
  if (status === 'STOPPED') deployment.stoppedAt = world.now
  deployment.finishedAt = world.now
  if (deployment.breaker === 'MONITORING') deployment.breaker = 'MONITORING_COMPLETE'
  if (deployment.alarms === 'MONITORING') deployment.alarms = 'MONITORING_COMPLETE'
}

/** Marks an entry's rollout as over. */
export function endRollout(
  world: WorldState,
  entry: DeploymentEntry,
  state: 'COMPLETED' | 'FAILED',
  reason: string,
): void {
  entry.rolloutState = state
  entry.rolloutStateReason = reason
  entry.updatedAt = world.now
}

/** The deployment has done what it was for. */
export function succeed(world: WorldState, service: EcsService, deployment: ServiceDeployment): void {
  const { entry } = deployment
  endRollout(world, entry, 'COMPLETED', `ECS deployment ${entry.id} completed.`)
  service.completed = entry.revision
  endDeployment(world, deployment, 'SUCCESSFUL', undefined)
  tell(world, service, entry, 'COMPLETED', entry.rolloutStateReason)
  addEvent(world, service, `${nameOf(entry)} deployment completed.`)
}

/**
 * The deployment has failed, or was told to go back: it is rolled back when `back` says so, to the latest revision that
 * was completed, and stops otherwise. Where none was completed it stalls and launches nothing.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function fail(
  world: WorldState,
  service: EcsService,
  deployment: ServiceDeployment,
  why: { readonly reason: string; readonly rolloutReason: string; readonly back: boolean },
): void {
  const { entry } = deployment
  endRollout(world, entry, 'FAILED', why.rolloutReason)
  tell(world, service, entry, 'FAILED', why.rolloutReason)
  addEvent(world, service, `${nameOf(entry)} deployment failed: ${why.reason}`)
  deployment.statusReason = why.rolloutReason
  deployment.updatedAt = world.now
  deployment.bakesUntil = undefined
  deployment.stageEndsAt = undefined
  deployment.hooks = []
  deployment.pausesUntil = world.now + world.switches.deploymentPendingSeconds * second
  if (!why.back) {
    deployment.status = 'STOP_REQUESTED'
    return
  }
  deployment.status = 'ROLLBACK_REQUESTED'
  deployment.rollback = { reason: why.rolloutReason, startedAt: world.now, revision: service.completed }
}

/** Turns the service round to what it goes back to. */
export function beginRollback(world: WorldState, service: EcsService, deployment: ServiceDeployment): void {
  const revision = deployment.rollback?.revision
  if (revision === undefined) {
    const reason = 'There is no completed service deployment to roll back to.'
    endDeployment(world, deployment, world.switches.stalledDeploymentStatus, reason)
    return
  }
  deployment.status = 'ROLLBACK_IN_PROGRESS'
  deployment.updatedAt = world.now
  deployment.pausesUntil = undefined
  deployment.failures = 0
  for (const each of service.revisions) each.productionWeight = each === revision ? 100 : 0
  // The deployment that is gone back to is the primary one again while it still has tasks.
  const standing = service.entries.find((entry) => entry.revision === revision)
  const entry = standing ?? addEntry(world, service, revision)
  for (const each of service.entries) each.status = each === entry ? 'PRIMARY' : 'ACTIVE'
  service.entries.sort((a, b) => Number(b === entry) - Number(a === entry))
  entry.desired = service.desired
  entry.failedTasks = 0
  entry.retryAt = undefined
  entry.rolloutState = 'IN_PROGRESS'
  const cause = deployment.breaker === 'TRIGGERED' ? 'ECS deployment circuit breaker' : 'ECS deployment'
  entry.rolloutStateReason = `${cause}: rolling back to deploymentId ${entry.id}.`
  entry.updatedAt = world.now
  service.deployed = revision.settings
  addEvent(world, service, `rolling back to ${nameOf(entry)}.`)
}
