import { happen } from '../monitoring/event-bus.js'
import type { WorldState } from '../state.js'
import { rollbackObstacle, type Refresh, type RefreshStatus } from './refresh.js'

const hour = 3_600_000

/** A refresh that has been blocked for so long fails. */
export const blockedLimit = hour
/** A refresh that has been replacing for so long fails. */
export const replacingLimit = 14 * 24 * hour

/** Turns the refresh round: from now on it replaces what it has launched. */
export function beginRollback(world: WorldState, refresh: Refresh, reason: string): void {
  refresh.rollback = { reason, startTime: world.now, percentage: refresh.percentage, remaining: refresh.remaining }
  refresh.status = 'RollbackInProgress'
  refresh.statusReason = reason
  refresh.pauseUntil = undefined
  refresh.bakeUntil = undefined
  refresh.blockedSince = undefined
  refresh.progress = -Infinity
  refresh.deadline = world.now + replacingLimit
  world.group.retryAt = undefined
  notify(world, refresh, 'Rollback Started')
}

/** Ends the refresh. */
export function endRefresh(
  world: WorldState,
  refresh: Refresh,
  status: RefreshStatus,
  reason: string | undefined,
): void {
  refresh.status = status
  refresh.statusReason = reason
  refresh.endTime = world.now
  world.group.retryAt = undefined
  const events = {
    Successful: 'Succeeded',
    Failed: 'Failed',
    Cancelled: 'Cancelled',
    RollbackSuccessful: 'Rollback Succeeded',
    RollbackFailed: 'Rollback Failed',
  } as const
  if (status in events) notify(world, refresh, events[status as keyof typeof events])
}

/** Ends a refresh that can not go on, or turns it round when it asks for that and can be. Always true: something changed. */
export function fail(world: WorldState, refresh: Refresh, reason: string): boolean {
  if (refresh.status === 'RollbackInProgress') {
    endRefresh(world, refresh, world.switches.failedRollbackStatus, reason)
  } else if (
    refresh.preferences.autoRollback &&
    rollbackObstacle(world, refresh.source, refresh.desired) === undefined
  ) {
    beginRollback(world, refresh, reason)
  } else {
    endRefresh(world, refresh, 'Failed', reason)
  }
  return true
}

/** Tells EventBridge: https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-eventbridge-events.html */
export function notify(world: WorldState, refresh: Refresh, event: string, detail: Record<string, unknown> = {}): void {
  happen(world, {
    source: 'aws.autoscaling',
    type: `EC2 Auto Scaling Instance Refresh ${event}`,
    resources: [world.group.arn],
    detail: { InstanceRefreshId: refresh.id, AutoScalingGroupName: world.group.name, ...detail },
  })
}
