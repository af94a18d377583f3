import type { WorldState } from '../state.js'
import { blockedLimit, fail } from './ending.js'
import { reasons } from './reasons.js'
import type { Refresh } from './refresh.js'
import { isWarm, type View } from './view.js'

/**
 * Says what is being waited for, and whether that counts towards the hour after which a refresh fails. True when that
 * hour is over.
 */
export function explain(world: WorldState, refresh: Refresh, view: View): boolean {
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

/** Waits for that reason; true when the refresh has been blocked for too long. */
export function wait(world: WorldState, refresh: Refresh, reason: string, isBlocked: boolean): boolean {
  refresh.statusReason = reason
  if (isBlocked) refresh.blockedSince ??= world.now
  if (refresh.blockedSince === undefined || world.now < refresh.blockedSince + blockedLimit) return false
  return fail(world, refresh, reasons.blocked(reason))
}
