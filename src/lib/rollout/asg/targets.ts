import type { Revision } from '../../domain/release.js'
import type { Target } from '../../domain/target.js'
import type { AutoScalingGroup, GroupInstance, TargetHealthDescription } from '../../ports/auto-scaling.js'
import { healthOfTarget } from '../target-health.js'
import type { LaunchTimes } from './activity-log.js'

/** True when the revision launched the instance: two templates may well have versions of the same number. */
export function launchedBy(instance: Pick<GroupInstance, 'launchTemplate'>, revision: Revision): boolean {
  return instance.launchTemplate?.id === revision.name && instance.launchTemplate.version === revision.number
}

/** What the load balancer says of an instance or, where none watches, what the group itself found. */
function healthOf(
  instance: GroupInstance,
  watchers: number,
  seen: readonly TargetHealthDescription[],
): Pick<Target, 'health' | 'reason'> {
  if (watchers === 0) {
    return instance.healthStatus === 'Unhealthy'
      ? { health: 'unhealthy', reason: 'EC2 Auto Scaling finds the instance unhealthy' }
      : { health: 'none' }
  }
  return healthOfTarget(watchers, seen)
}

const iso = (time: number): string => new Date(time).toISOString()

/**
 * The group's instances as targets, with what its target groups say of them, and their times where they are known. New
 * are those of the revision, but for those that are told to be of before.
 */
export function targetsOf(
  group: AutoScalingGroup,
  healths: readonly TargetHealthDescription[],
  revision: Revision,
  launchOf: (id: string) => LaunchTimes | undefined = () => undefined,
  isOfBefore: (id: string) => boolean = () => false,
): readonly Target[] {
  const byTarget = Map.groupBy(healths, (one) => one.targetId)
  return group.instances.map((instance) => {
    const { launchedAt, inServiceAt } = launchOf(instance.id) ?? {}
    return {
      id: instance.id,
      zone: instance.zone,
      lifecycle: instance.lifecycleState,
      ...healthOf(instance, group.targetGroupArns.length, byTarget.get(instance.id) ?? []),
      revision: instance.launchTemplate?.version ?? '',
      isNew: launchedBy(instance, revision) && !isOfBefore(instance.id),
      ...(launchedAt !== undefined && { launchedAt: iso(launchedAt) }),
      ...(inServiceAt !== undefined && { inServiceAt: iso(inServiceAt) }),
    }
  })
}
