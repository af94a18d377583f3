import type { Target, TargetHealth } from '../../domain/target.js'
import type { TargetHealthDescription } from '../../ports/auto-scaling.js'
import type { EcsService, EcsTask } from '../../ports/ecs.js'
import { healthOfTarget } from '../target-health.js'
import { partOf } from './parts.js'

const iso = (time: number): string => new Date(time).toISOString()

/** The target groups of a service, those of the other side of a blue/green deployment included. */
export function targetGroupsOf(service: Pick<EcsService, 'loadBalancers'>): readonly string[] {
  const arns = service.loadBalancers.flatMap((one) => [one.targetGroupArn, one.alternateTargetGroupArn])
  return [...new Set(arns)].filter((arn) => arn !== undefined)
}

const ofContainers: Readonly<Record<string, TargetHealth>> = { HEALTHY: 'healthy', UNHEALTHY: 'unhealthy' }

function healthOf(
  task: EcsTask,
  watchers: number,
  seen: readonly TargetHealthDescription[],
): Pick<Target, 'health' | 'reason'> {
  // Registered with one side of a blue/green pair only: as many as a service has load balancers are enough.
  if (watchers > 0 && (seen.length > 0 || task.lastStatus === 'RUNNING')) return healthOfTarget(watchers, seen)
  const health = watchers > 0 ? 'initial' : (ofContainers[task.healthStatus] ?? 'none')
  return health === 'unhealthy' ? { health, reason: "the container's own health check fails" } : { health }
}

/** One that is told to stop is on its way out, whatever it still does. */
function lifecycleOf({ desiredStatus, lastStatus }: EcsTask): string {
  return desiredStatus === 'STOPPED' && lastStatus === 'RUNNING' ? 'DEACTIVATING' : lastStatus
}

/**
 * Tasks as targets, with what their target groups say of them; those that have stopped are none any more. New are those of
 * the part, and where it is rolled once more only those that were made since that began.
 */
export function targetsOf(
  service: EcsService,
  tasks: readonly EcsTask[],
  healths: readonly TargetHealthDescription[],
  part: string,
  since = 0,
): readonly Target[] {
  const watchers = service.loadBalancers.filter((one) => one.targetGroupArn !== undefined).length
  const byAddress = Map.groupBy(healths, (one) => one.targetId)
  return tasks
    .filter((task) => task.lastStatus !== 'STOPPED')
    .map((task) => ({
      id: task.id,
      zone: task.zone,
      lifecycle: lifecycleOf(task),
      ...healthOf(task, watchers, (task.address && byAddress.get(task.address)) || []),
      revision: partOf(task.taskDefinition),
      isNew: partOf(task.taskDefinition) === part && (task.createdAt ?? since) >= since,
      ...(task.createdAt !== undefined && { launchedAt: iso(task.createdAt) }),
      ...(task.startedAt !== undefined && { inServiceAt: iso(task.startedAt) }),
    }))
}
