import type { RolloutOutcome } from '../../domain/outcome.js'
import type { EcsDeploymentStatus } from '../../ports/ecs.js'

/**
 * What each status of a service deployment means; undefined while it runs.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
 */
export function outcomeOf(status: EcsDeploymentStatus): RolloutOutcome | undefined {
  switch (status) {
    case 'PENDING':
    case 'IN_PROGRESS':
    case 'STOP_REQUESTED':
    case 'ROLLBACK_REQUESTED':
    case 'ROLLBACK_IN_PROGRESS':
      return undefined
    case 'SUCCESSFUL':
      return 'succeeded'
    case 'ROLLBACK_SUCCESSFUL':
      return 'rolled-back'
    case 'STOPPED':
      return 'cancelled'
    case 'ROLLBACK_FAILED':
      return 'failed'
  }
}

/** True while a deployment blocks another one. */
export function isActive(status: EcsDeploymentStatus): boolean {
  return outcomeOf(status) === undefined
}

/** True for a deployment that goes back, or has. */
export function goesBack(status: EcsDeploymentStatus): boolean {
  return status.startsWith('ROLLBACK')
}

/** The id at the end of a service deployment's ARN. */
export function deploymentId(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1)
}
