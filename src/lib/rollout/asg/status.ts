import type {
  AutoScalingGroup,
  InstanceRefresh,
  LaunchTemplateVersion,
  TargetHealthDescription,
} from '../../ports/auto-scaling.js'
import type { FleetStatus } from '../../domain/fleet-status.js'
import { isActive } from './refresh-status.js'
import { releaseOf } from './revision.js'
import { targetsOf } from './targets.js'
import { decodeUserData, findReferences } from './user-data.js'

const iso = (time: number): string => new Date(time).toISOString()

function rollout(refresh: InstanceRefresh): NonNullable<FleetStatus['rollout']> {
  const reason = refresh.rollbackReason ?? refresh.statusReason
  return {
    id: refresh.id,
    status: refresh.status,
    active: isActive(refresh.status),
    percentage: refresh.percentageComplete,
    ...(reason !== undefined && { reason }),
    ...(refresh.startTime !== undefined && { startedAt: iso(refresh.startTime) }),
    ...(refresh.endTime !== undefined && { endedAt: iso(refresh.endTime) }),
  }
}

/** A group, its launch-template version and its newest refresh as one status. */
export function statusOf(
  group: AutoScalingGroup,
  version: LaunchTemplateVersion,
  newest: InstanceRefresh | undefined,
  healths: readonly TargetHealthDescription[],
  registryHost: string,
  repositories: readonly string[],
): FleetStatus {
  const { text } = decodeUserData(version.userData ?? '')
  const release = releaseOf(version)
  // While a rollout runs, new is what it moves to; at rest, what the group is on.
  const goal = newest !== undefined && isActive(newest.status) ? newest.launchTemplate : undefined
  const revision = { name: version.templateId, number: String(version.number) }
  return {
    fleet: group.name,
    desired: group.desiredCapacity,
    revision,
    ...(release !== undefined && { release }),
    images: repositories.flatMap((repository) => [...new Set(findReferences(text, registryHost, repository))]),
    targets: targetsOf(group, healths, goal === undefined ? revision : { name: goal.id, number: goal.version }),
    ...(newest !== undefined && { rollout: rollout(newest) }),
  }
}
