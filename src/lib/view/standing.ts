import { isInService, isLeaving } from '../domain/target.js'
import type { LogView, RolloutView, TargetView, View } from './view.js'

/**
 * Where a target stands: `serving` (in service and not found ill), `starting`, `failing` (the load balancer finds it
 * ill) or `leaving`. A new target that loads its models fails its health checks until it is done: as long as it has
 * never been healthy it is starting, and the platform decides when that has taken too long.
 */
export type Standing = 'serving' | 'starting' | 'failing' | 'leaving'

/** Reads it from the platform's words for lifecycle and health. */
export function standingOf({ target, wasHealthy }: Pick<TargetView, 'target' | 'wasHealthy'>): Standing {
  if (isLeaving(target) || target.health === 'draining') return 'leaving'
  if (target.health === 'unhealthy') return target.isNew && !wasHealthy ? 'starting' : 'failing'
  if (!isInService(target) || target.health === 'initial') return 'starting'
  return 'serving'
}

/** True from the moment on at which the platform takes the fleet back, in the words of either: `RollbackInProgress`, `ROLLBACK_REQUESTED`. */
export function isGoingBack({ status = '' }: Pick<RolloutView, 'status'>): boolean {
  return /^rollback/i.test(status)
}

/** How many targets stand where; `old` and `new` are those that serve. */
export interface TargetCounts {
  readonly old: number
  readonly new: number
  readonly starting: number
  readonly failing: number
  readonly leaving: number
}

/** Counts the targets of a view. */
export function countTargets(view: View): TargetCounts {
  const counts = { old: 0, new: 0, starting: 0, failing: 0, leaving: 0 }
  for (const seen of view.targets.values()) {
    const standing = standingOf(seen)
    if (standing === 'serving') counts[seen.target.isNew ? 'new' : 'old'] += 1
    else counts[standing] += 1
  }
  return counts
}

/** The last log lines of the targets that the load balancer finds ill, by target id. */
export function failingLogs(view: View): ReadonlyMap<string, readonly LogView[]> {
  const failing = [...view.targets.values()].filter(({ target }) => target.health === 'unhealthy')
  return new Map(failing.map(({ target }) => [target.id, view.logs.get(target.id) ?? []]))
}
