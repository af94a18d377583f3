import type { RolloutOutcome } from '../../domain/outcome.js'
import type { InstanceRefreshStatus } from '../../ports/auto-scaling.js'

/** What each status of an instance refresh means; undefined while it runs. */
export function outcomeOf(status: InstanceRefreshStatus): RolloutOutcome | undefined {
  switch (status) {
    case 'Pending':
    case 'InProgress':
    case 'Baking':
    case 'Cancelling':
    case 'RollbackInProgress':
      return undefined
    case 'Successful':
      return 'succeeded'
    case 'RollbackSuccessful':
      return 'rolled-back'
    case 'Cancelled':
      return 'cancelled'
    case 'Failed':
    case 'RollbackFailed':
      return 'failed'
  }
}

/** True while a refresh blocks another one: every status that is not an end. */
export function isActive(status: InstanceRefreshStatus): boolean {
  return outcomeOf(status) === undefined
}

/** True for one that goes back, has gone back, or is being cancelled. */
export function turns(status: InstanceRefreshStatus): boolean {
  return status === 'Cancelling' || status.startsWith('Rollback')
}
