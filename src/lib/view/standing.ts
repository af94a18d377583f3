import type { Target } from '../domain/target.js'
import type { LogView, View } from './view.js'

/**
 * Where a target stands: `serving` (in service and not found ill), `starting`, `failing` (the load balancer finds it
 * ill) or `leaving`.
 */
export type Standing = 'serving' | 'starting' | 'failing' | 'leaving'

/** Reads it from the platform's words for lifecycle and health. */
export function standingOf(target: Target): Standing {
  if (/^(?:terminat|detach)/i.test(target.lifecycle) || target.health === 'draining') return 'leaving'
  if (target.health === 'unhealthy') return 'failing'
  if (target.lifecycle !== 'InService' || target.health === 'initial') return 'starting'
  return 'serving'
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
  for (const { target } of view.targets.values()) {
    const standing = standingOf(target)
    if (standing === 'serving') counts[target.isNew ? 'new' : 'old'] += 1
    else counts[standing] += 1
  }
  return counts
}

/** The last log lines of the targets that are failing, by target id. */
export function failingLogs(view: View): ReadonlyMap<string, readonly LogView[]> {
  const failing = [...view.targets.values()].filter(({ target }) => standingOf(target) === 'failing')
  return new Map(failing.map(({ target }) => [target.id, view.logs.get(target.id) ?? []]))
}
