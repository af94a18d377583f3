import type { FleetStatus } from '../../domain/fleet-status.js'
import type { RevisionFacts } from '../../domain/rollout-facts.js'
import type { Target } from '../../domain/target.js'
import type { EcsService } from '../../ports/ecs.js'
import type { ListedRollout } from '../driver.js'

const iso = (time: number): string => new Date(time).toISOString()

function rolloutOf(rollout: ListedRollout, targets: readonly Target[]): NonNullable<FleetStatus['rollout']> {
  const { handle, status, outcome, endedAt, reason } = rollout
  const fresh = targets.filter(({ isNew, health }) => isNew && (health === 'healthy' || health === 'none')).length
  const share = targets.length === 0 ? 0 : Math.floor((100 * fresh) / targets.length)
  return {
    id: handle.id,
    status,
    active: outcome === undefined,
    percentage: outcome === 'succeeded' ? 100 : outcome === undefined ? share : 0,
    startedAt: iso(handle.startedAt),
    ...(reason !== undefined && reason !== '' && { reason }),
    ...(endedAt !== undefined && { endedAt: iso(endedAt) }),
  }
}

/** A cluster's services and their newest rollout as one status. */
export function statusOf(
  now: RevisionFacts,
  services: readonly EcsService[],
  targets: readonly Target[],
  newest: ListedRollout | undefined,
): FleetStatus {
  return {
    fleet: now.revision.name,
    desired: services.reduce((sum, one) => sum + one.desiredCount, 0),
    revision: now.revision,
    ...(now.release !== undefined && { release: now.release }),
    images: now.images,
    targets,
    ...(newest !== undefined && { rollout: rolloutOf(newest, targets) }),
  }
}
