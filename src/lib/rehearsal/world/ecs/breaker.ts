import type { DeploymentCircuitBreaker } from '@aws-sdk/client-ecs'
import type { WorldState } from '../state.js'
import { fail } from './deployments.js'
import type { DeploymentEntry, EcsService, EcsTask, ServiceDeployment } from './state.js'

/**
 * How many failures end a deployment, by the service's latest desired count.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function failureThreshold(breaker: DeploymentCircuitBreaker | undefined, desired: number): number {
  const { type = 'BOUNDED_PERCENT', value = 50 } = breaker?.thresholdConfiguration ?? {}
  if (type === 'COUNT') return value
  const share = Math.ceil((value / 100) * desired)
  return type === 'UNBOUNDED_PERCENT' ? Math.max(1, share) : Math.min(200, Math.max(3, share))
}

/** Counts a failed task, or a task that could not be placed, for the deployment that wanted it. */
export function countFailure(service: EcsService, entry: DeploymentEntry | undefined): void {
  if (entry === undefined) return
  entry.failedTasks++
  const deployment = service.deployments.at(-1)
  if (deployment !== undefined && isWatched(deployment, entry)) deployment.failures++
}

/** Takes note of a task that has become healthy: unless told otherwise the count begins anew. */
export function countHealthy(service: EcsService, task: EcsTask): void {
  task.wasHealthy = true
  const deployment = service.deployments.at(-1)
  if (deployment?.configuration.deploymentCircuitBreaker?.resetOnHealthyTask === false) return
  const entry = service.entries.find(({ id }) => id === task.startedBy)
  if (entry === undefined) return
  entry.failedTasks = 0
  if (deployment !== undefined && isWatched(deployment, entry)) deployment.failures = 0
}

function isWatched({ status, entry: own, rollback }: ServiceDeployment, entry: DeploymentEntry): boolean {
  if (status === 'ROLLBACK_IN_PROGRESS') return entry.revision === rollback?.revision
  return (status === 'IN_PROGRESS' || status === 'PENDING') && entry === own
}

/** Fails a deployment whose failures or alarms say so; true when it did. */
export function watchDeployment(world: WorldState, service: EcsService, deployment: ServiceDeployment): boolean {
  const { deploymentCircuitBreaker: breaker, alarms } = deployment.configuration
  if (breaker?.enable === true && deployment.failures >= failureThreshold(breaker, service.desired)) {
    deployment.breaker = 'TRIGGERED'
    const reason = 'tasks failed to start.'
    fail(world, service, deployment, {
      reason,
      rolloutReason: `ECS deployment circuit breaker: ${reason}`,
      back: breaker.rollback === true,
    })
    return true
  }
  const triggered =
    alarms?.enable === true
      ? deployment.watched.filter((name) =>
          world.alarms.some((alarm) => alarm.name === name && alarm.state === 'ALARM'),
        )
      : []
  if (triggered.length === 0) return false
  deployment.alarms = 'TRIGGERED'
  deployment.triggered = triggered
  const reason = 'alarm detected.'
  fail(world, service, deployment, {
    reason,
    rolloutReason: `ECS deployment alarms: ${reason} ${triggered.join(', ')}`,
    back: alarms?.rollback === true,
  })
  return true
}
