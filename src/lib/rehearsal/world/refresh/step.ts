import { at, launchInstance, terminateInstance } from '../group.js'
import { isHealthyTarget } from '../load-balancer.js'
import { liveInstances, type Instance, type WorldState } from '../state.js'
import { checkpointQuota, decide, healthyBounds, type Member } from './decide.js'
import { reasons } from './reasons.js'
import { activeRefresh, isOutdated, rollbackObstacle, type Refresh, type RefreshStatus } from './refresh.js'

const second = 1000
const hour = 3600 * second
const day = 24 * hour

/** A refresh that has been blocked for so long fails. */
const blockedLimit = hour
/** A refresh that has been replacing for so long fails. */
export const replacingLimit = 14 * day

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

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-eventbridge-events.html
function notify(world: WorldState, refresh: Refresh, event: string, detail: Record<string, unknown> = {}): void {
  world.notices.push({
    at: world.now,
    type: `EC2 Auto Scaling Instance Refresh ${event}`,
    detail: { InstanceRefreshId: refresh.id, AutoScalingGroupName: world.group.name, ...detail },
  })
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

function fail(world: WorldState, refresh: Refresh, reason: string): boolean {
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

function alarmIn(world: WorldState, refresh: Refresh, state: 'ALARM' | 'INSUFFICIENT_DATA'): string | undefined {
  return world.alarms.find((alarm) => alarm.state === state && refresh.preferences.alarms.includes(alarm.name))?.name
}

interface View {
  readonly members: readonly Member[]
  readonly instances: readonly Instance[]
  /** How many instances the refresh is about: the desired capacity without those that it ignores. */
  readonly size: number
  readonly current: number
  readonly ready: number
  readonly outdated: number
  readonly waitingFor: { readonly id: string; readonly standby: boolean } | undefined
}

function look(world: WorldState, refresh: Refresh): View {
  const { group } = world
  const { preferences } = refresh
  const isShielded = (instance: Instance): boolean =>
    instance.protectedFromScaleIn && preferences.protectedInstances !== 'Refresh'
  const instances = liveInstances(group)
  const members = instances.map((instance): Member => {
    const outdated = isOutdated(world, refresh, instance)
    return {
      id: instance.id,
      launchedAt: instance.launchedAt,
      outdated,
      ready: isServing(world, instance) && (isOlderThan(refresh, instance) || isWarm(world, refresh, instance)),
      shielded: outdated && isShielded(instance),
    }
  })
  const standing = group.instances.find(
    (instance) => instance.lifecycle === 'Standby' && isOutdated(world, refresh, instance),
  )
  const shielded = members.filter((member) => member.shielded)
  const isWaiting = preferences.protectedInstances === 'Wait'
  const ignored = isWaiting ? 0 : shielded.length
  const current = members.filter(({ outdated }) => !outdated)
  return {
    members,
    instances,
    size: Math.max(0, group.desired - ignored),
    current: current.length,
    ready: current.filter(({ ready }) => ready).length,
    outdated: members.length - current.length - ignored,
    waitingFor:
      isWaiting && shielded[0] !== undefined
        ? { id: shielded[0].id, standby: false }
        : preferences.standbyInstances === 'Wait' && standing !== undefined
          ? { id: standing.id, standby: true }
          : undefined,
  }
}

// Going back and forth (an unhealthy replacement and its own replacement) is no progress.
function noteProgress(refresh: Refresh, view: View): void {
  const progress = view.ready - view.outdated
  if (progress <= refresh.progress) return
  refresh.progress = progress
  refresh.blockedSince = undefined
}

function isServing(world: WorldState, instance: Instance): boolean {
  return (
    instance.lifecycle === 'InService' &&
    instance.healthStatus === 'Healthy' &&
    (world.switches.healthCheckType === 'EC2' || isHealthyTarget(world, instance))
  )
}

const isOlderThan = (refresh: Refresh, { launchedAt }: Instance): boolean => launchedAt < refresh.startTime

const isWarm = (world: WorldState, { preferences }: Refresh, { inServiceAt }: Instance): boolean =>
  inServiceAt !== undefined && world.now >= inServiceAt + preferences.warmup * second

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

// Says what is being waited for, and whether that counts towards the hour after which a refresh fails.
function explain(world: WorldState, refresh: Refresh, view: View): boolean {
  const { group, switches } = world
  const failedLaunch = group.retryAt === undefined ? undefined : world.activities.findLast((each) => each.statusMessage)
  if (failedLaunch?.statusMessage !== undefined) {
    return wait(world, refresh, reasons.launchFailing(failedLaunch.statusMessage), true)
  }
  const unready = view.instances.filter((each) => view.members.some(({ id, ready }) => id === each.id && !ready))
  const inService = unready.filter(({ lifecycle }) => lifecycle === 'InService')
  const failing = inService.find((each) => isWarm(world, refresh, each))
  if (failing !== undefined) {
    return wait(world, refresh, reasons.unhealthyTarget(failing.id), true)
  }
  const [warming] = inService
  if (warming !== undefined) return wait(world, refresh, reasons.warming(warming.id), switches.warmupCountsAsBlocked)
  const [pending] = unready
  if (pending !== undefined) {
    return wait(world, refresh, reasons.insufficientData(pending.id), switches.warmupCountsAsBlocked)
  }
  const leaving = group.instances.find(({ lifecycle }) => lifecycle === 'Terminating')
  if (leaving !== undefined) return wait(world, refresh, reasons.terminating(leaving.id), false)
  if (view.waitingFor !== undefined) {
    const { id, standby } = view.waitingFor
    return wait(world, refresh, standby ? reasons.standby(id) : reasons.isProtected(id), true)
  }
  if (view.members.length < group.desired) return wait(world, refresh, reasons.launching(), false)
  return wait(world, refresh, reasons.noRoom(), true)
}

function wait(world: WorldState, refresh: Refresh, reason: string, isBlocked: boolean): boolean {
  refresh.statusReason = reason
  if (isBlocked) refresh.blockedSince ??= world.now
  if (refresh.blockedSince === undefined || world.now < refresh.blockedSince + blockedLimit) return false
  return fail(world, refresh, reasons.blocked(reason))
}
