import type { Revision } from '../../domain/release.js'
import type { InstanceRefresh, LaunchTemplateSpecification } from '../../ports/auto-scaling.js'
import type { ListedRollout } from '../driver.js'
import { outcomeOf } from './refresh-status.js'

/** A launch template's numbered version as a revision. */
export const revisionOf = ({ id, version }: Pick<LaunchTemplateSpecification, 'id' | 'version'>): Revision => ({
  name: id,
  number: version,
})

/** A refresh as anybody can come upon it. One without a desired configuration moves the group to what the group has. */
export function listed(refresh: InstanceRefresh, otherwise: Revision): ListedRollout {
  const { id, status, startTime = 0, endTime, launchTemplate } = refresh
  const outcome = outcomeOf(status)
  const reason = refresh.rollbackReason ?? refresh.statusReason
  return {
    handle: { id, startedAt: startTime, attached: true },
    revision: launchTemplate === undefined ? otherwise : revisionOf(launchTemplate),
    status,
    ...(outcome !== undefined && { outcome }),
    ...(endTime !== undefined && { endedAt: endTime }),
    ...(reason !== undefined && { reason }),
  }
}
