import type { Failure } from '@aws-sdk/client-ecs'
import { ServiceError } from '../../wire/service.js'
import type { WorldState } from '../state.js'
import { shortName } from './names.js'
import type { EcsCluster, EcsService, EcsTask, ServiceDeployment } from './state.js'

/** The cluster that a name or an ARN means, `default` when there is neither. @throws ServiceError ClusterNotFoundException. */
export function requireCluster(world: WorldState, name: string | undefined): EcsCluster {
  const { cluster } = world.ecs
  if (cluster === undefined || (name ?? 'default') !== (name?.startsWith('arn:') ? cluster.arn : cluster.name)) {
    throw new ServiceError('ClusterNotFoundException', 'Cluster not found.')
  }
  return cluster
}

/** The service that a name or an ARN means; undefined when there is none. */
export function findService(world: WorldState, name: string): EcsService | undefined {
  return world.ecs.services.find((service) => (name.startsWith('arn:') ? service.arn : service.name) === name)
}

/** The same. @throws ServiceError ClusterNotFoundException, ServiceNotFoundException. */
export function requireService(world: WorldState, cluster: string | undefined, name: string): EcsService {
  requireCluster(world, cluster)
  const service = findService(world, name)
  if (service === undefined) throw new ServiceError('ServiceNotFoundException', 'Service not found.')
  return service
}

/** How DescribeServices and its like say that something is not there. */
export const missing = (arn: string): Failure => ({ arn, reason: 'MISSING' })

/** ECS remembers service deployments for that long: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html */
const keptFor = 90 * 86_400_000

/** The deployments of a service that ECS still remembers, newest first. */
export function rememberedDeployments(world: WorldState, service: EcsService): readonly ServiceDeployment[] {
  return service.deployments.filter(({ createdAt }) => createdAt > world.now - keptFor).toReversed()
}

/** The deployment with that ARN and its service; undefined when there is none any more. */
export function findDeployment(
  world: WorldState,
  arn: string,
): { readonly service: EcsService; readonly deployment: ServiceDeployment } | undefined {
  for (const service of world.ecs.services) {
    const deployment = rememberedDeployments(world, service).find((each) => each.arn === arn)
    if (deployment !== undefined) return { service, deployment }
  }
  return undefined
}

/** The same. @throws ServiceError InvalidParameterException, ServiceDeploymentNotFoundException. */
export function requireDeployment(
  world: WorldState,
  arn: string,
): { readonly service: EcsService; readonly deployment: ServiceDeployment } {
  if (!/^arn:[\w-]+:ecs:[\w-]*:\d{12}:service-deployment\/[^/]+\/[^/]+\/[^/]+$/.test(arn)) {
    throw new ServiceError('InvalidParameterException', `Invalid service deployment ARN: ${arn}`)
  }
  const found = findDeployment(world, arn)
  if (found === undefined) {
    throw new ServiceError('ServiceDeploymentNotFoundException', 'Service deployment not found.')
  }
  return found
}

/** Stopped tasks are shown for at least an hour: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html */
const stoppedFor = 3_600_000

/** The tasks that ECS still shows. */
export function visibleTasks(world: WorldState): readonly EcsTask[] {
  return world.ecs.tasks.filter(({ stoppedAt }) => stoppedAt === undefined || stoppedAt > world.now - stoppedFor)
}

/** The task that an id or an ARN means; undefined when there is none any more. */
export function findTask(world: WorldState, name: string): EcsTask | undefined {
  return visibleTasks(world).find((task) =>
    name.startsWith('arn:') ? task.arn === name : task.taskId === shortName(name),
  )
}
