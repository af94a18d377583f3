import { at } from '../activities.js'
import { launchInstance, terminateInstance } from '../launch.js'
import type { WorldState } from '../state.js'
import { checkpointQuota, decide, healthyBounds } from './decide.js'
import { blockedLimit, endRefresh, fail, notify } from './ending.js'
import { explain, wait } from './explain.js'
import { reasons } from './reasons.js'
import { activeRefresh, isOutdated, type Refresh } from './refresh.js'
import { look, type View } from './view.js'

const second = 1000

/** Lets the active refresh do what it can do now; true when it changed anything but its own numbers and words. */
export function stepRefresh(world: WorldState): boolean {
  const refresh = activeRefresh(world)
  switch (refresh?.status) {
    case 'Pending':
      return begin(world, refresh)
    case 'InProgress':
      return forward(world, refresh)
    case 'Baking':
      return bake(world, refresh)
    case 'RollbackInProgress':
      return backward(world, refresh)
    case 'Cancelling':
      return cancelling(world, refresh)
    default:
      return false
  }
}

/** When the refresh has something to do again by itself. */
export function nextRefreshTimes(world: WorldState): readonly number[] {
  const refresh = activeRefresh(world)
  if (refresh === undefined) return []
  const { warmup } = refresh.preferences
  return [
    refresh.startTime + world.switches.refreshPendingSeconds * second,
    refresh.pauseUntil,
    refresh.bakeUntil,
    refresh.deadline,
    refresh.blockedSince === undefined ? undefined : refresh.blockedSince + blockedLimit,
    ...world.group.instances.map(({ inServiceAt }) =>
      inServiceAt === undefined ? undefined : inServiceAt + warmup * second,
    ),
  ].filter((time) => time !== undefined)
}

function begin(world: WorldState, refresh: Refresh): boolean {
  if (world.now < refresh.startTime + world.switches.refreshPendingSeconds * second) return false
  refresh.status = 'InProgress'
  notify(world, refresh, 'Started')
  return true
}

function cancelling(world: WorldState, refresh: Refresh): boolean {
  const isMoving = world.group.instances.some(({ lifecycle }) => lifecycle === 'Pending' || lifecycle === 'Terminating')
  if (isMoving) return false
  endRefresh(world, refresh, 'Cancelled', reasons.cancelled())
  return true
}

function alarmIn(world: WorldState, refresh: Refresh, state: 'ALARM' | 'INSUFFICIENT_DATA'): string | undefined {
  return world.alarms.find((alarm) => alarm.state === state && refresh.preferences.alarms.includes(alarm.name))?.name
}

// Going back and forth (an unhealthy replacement and its own replacement) is no progress.
function noteProgress(refresh: Refresh, view: View): void {
  const progress = view.ready - view.outdated
  if (progress <= refresh.progress) return
  refresh.progress = progress
  refresh.blockedSince = undefined
}

function forward(world: WorldState, refresh: Refresh): boolean {
  const { preferences } = refresh
  if (world.now >= refresh.deadline) return fail(world, refresh, reasons.tooLong())
  const alarm = alarmIn(world, refresh, 'ALARM')
  if (alarm !== undefined) return fail(world, refresh, reasons.alarm(alarm))
  const view = look(world, refresh)
  noteProgress(refresh, view)
  const percentage = view.size === 0 ? 100 : Math.min(100, Math.floor((100 * view.ready) / view.size))
  refresh.percentage = percentage
  const begun = world.switches.remainingFallsWhen === 'begun' ? view.current : view.ready
  refresh.remaining = Math.max(0, Math.min(view.outdated, view.size - begun))
  passCheckpoint(world, refresh, percentage)
  const withoutData = alarmIn(world, refresh, 'INSUFFICIENT_DATA')
  if (withoutData !== undefined) {
    return wait(world, refresh, reasons.alarmWithoutData(withoutData), world.switches.alarmPauseCountsAsBlocked)
  }
  const isPausing = refresh.pauseUntil !== undefined && world.now < refresh.pauseUntil
  const lastCheckpoint = preferences.checkpoints.at(-1) ?? 100
  const endsHere = lastCheckpoint < 100 && refresh.checkpoint >= lastCheckpoint
  if (!isPausing && isComplete(world, refresh, view, endsHere)) return finishForward(world, refresh)
  // During a checkpoint's delay nothing new begins, but instances whose replacements are in service still go.
  const quota = isPausing
    ? Math.ceil((view.size * refresh.checkpoint) / 100)
    : checkpointQuota(view.size, preferences.checkpoints, refresh.checkpoint)
  if (act(world, refresh, view, quota)) return true
  if (isPausing && refresh.pauseUntil !== undefined) {
    const seconds = Math.ceil((refresh.pauseUntil - world.now) / second)
    return wait(world, refresh, reasons.checkpoint(refresh.checkpoint, seconds), false)
  }
  return explain(world, refresh, view)
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-adding-checkpoints-instance-refresh.html
function passCheckpoint(world: WorldState, refresh: Refresh, percentage: number): void {
  const { checkpoints, checkpointDelay } = refresh.preferences
  const reached = checkpoints.findLast((each) => each <= percentage) ?? 0
  const isNew = reached > refresh.checkpoint
  // A scale-out can bring the percentage back below a checkpoint, which is then reached and waited for again.
  refresh.checkpoint = reached
  if (!isNew || checkpointDelay === undefined) return
  refresh.pauseUntil = world.now + checkpointDelay * second
  // The delays are not part of the fourteen days of replacing.
  refresh.deadline += checkpointDelay * second
  if (reached < 100) {
    notify(world, refresh, 'Checkpoint Reached', { CheckpointPercentage: reached, CheckpointDelay: checkpointDelay })
  }
}

function isComplete(world: WorldState, refresh: Refresh, view: View, endsHere: boolean): boolean {
  const { group, switches } = world
  if (endsHere) return true
  const isLeaving =
    switches.successWaitsForTerminations &&
    group.instances.some((each) => each.lifecycle === 'Terminating' && isOutdated(world, refresh, each))
  return view.outdated === 0 && view.waitingFor === undefined && !isLeaving && view.ready >= view.size
}

function finishForward(world: WorldState, refresh: Refresh): boolean {
  const { bakeTime } = refresh.preferences
  refresh.pauseUntil = undefined
  refresh.remaining = 0
  if (bakeTime !== undefined && bakeTime > 0) {
    refresh.status = 'Baking'
    refresh.bakeUntil = world.now + bakeTime * second
    return true
  }
  return succeed(world, refresh)
}

function succeed(world: WorldState, refresh: Refresh): boolean {
  if (refresh.desired !== undefined) world.group.template = refresh.desired
  endRefresh(world, refresh, 'Successful', undefined)
  return true
}

function bake(world: WorldState, refresh: Refresh): boolean {
  const until = refresh.bakeUntil ?? world.now
  const alarm = world.switches.bakingIsActive ? alarmIn(world, refresh, 'ALARM') : undefined
  if (alarm !== undefined) return fail(world, refresh, reasons.alarm(alarm))
  if (world.now >= until) return succeed(world, refresh)
  refresh.statusReason = reasons.baking(Math.ceil((until - world.now) / second))
  return false
}

function backward(world: WorldState, refresh: Refresh): boolean {
  if (world.now >= refresh.deadline) return fail(world, refresh, reasons.tooLong())
  const alarm = world.switches.alarmsWatchedDuringRollback ? alarmIn(world, refresh, 'ALARM') : undefined
  if (alarm !== undefined) return fail(world, refresh, reasons.alarm(alarm))
  const view = look(world, refresh)
  noteProgress(refresh, view)
  const share = view.size === 0 ? 0 : Math.floor((100 * (view.size - view.ready)) / view.size)
  refresh.percentage = Math.max(0, Math.min(refresh.percentage, share))
  if (isComplete(world, refresh, view, false)) {
    refresh.percentage = 0
    endRefresh(world, refresh, 'RollbackSuccessful', refresh.rollback?.reason)
    return true
  }
  return act(world, refresh, view, view.size) || explain(world, refresh, view)
}

function act(world: WorldState, refresh: Refresh, view: View, quota: number): boolean {
  const { group, switches } = world
  const bounds = healthyBounds(group.desired, refresh.preferences, group.maxSize, switches)
  const decision = decide({ desired: group.desired, bounds, quota, members: view.members })
  const out = 'an instance was taken out of service in response to an instance refresh.'
  const standing =
    refresh.preferences.standbyInstances === 'Terminate'
      ? group.instances.filter((each) => each.lifecycle === 'Standby' && isOutdated(world, refresh, each))
      : []
  const leaving = [...standing, ...view.instances.filter(({ id }) => decision.terminate.includes(id))]
  for (const instance of leaving) terminateInstance(world, instance, at(world, out))
  let acted = leaving.length > 0
  const mayLaunch = group.retryAt === undefined || group.retryAt <= world.now
  for (let left = mayLaunch ? decision.launch : 0; left > 0; left--) {
    acted = true
    if (!launchInstance(world, at(world, 'an instance was launched in response to an instance refresh.'))) break
  }
  return acted
}
