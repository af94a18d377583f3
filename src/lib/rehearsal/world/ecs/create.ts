import type { CreateServiceRequest, Tag } from '@aws-sdk/client-ecs'
import { ServiceError } from '../../wire/service.js'
import type { WorldState } from '../state.js'
import { checkConfiguration } from './check-configuration.js'
import { createRevision, startDeployment } from './deployments.js'
import { findService, requireCluster } from './find.js'
import { arnPrefix } from './names.js'
import type { EcsCluster, EcsService } from './state.js'
import { taskDefinitionToRun } from './task-definitions.js'
import { stopTask } from './task.js'
import { deployedOf, mergeConfiguration, settingsOf } from './update-service.js'

/** The world's one cluster. @throws ServiceError when there is one of another name already. */
export function createCluster(world: WorldState, name: string, tags: readonly Tag[]): EcsCluster {
  const { ecs, setup } = world
  if (ecs.cluster !== undefined && ecs.cluster.name !== name) {
    throw new ServiceError('LimitExceededException', 'The rehearsal has room for one cluster.')
  }
  ecs.cluster ??= { name, arn: `${arnPrefix(setup)}cluster/${name}`, tags }
  return ecs.cluster
}

/** Takes the cluster away. @throws ServiceError while it has services. */
export function deleteCluster(world: WorldState): void {
  if (world.ecs.services.length > 0) {
    throw new ServiceError(
      'ClusterContainsServicesException',
      'The Cluster cannot be deleted while Services are active.',
    )
  }
  world.ecs.cluster = undefined
}

/**
 * A service and its first deployment.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
 * @throws ServiceError.
 */
export function createService(world: WorldState, request: CreateServiceRequest): EcsService {
  const { ecs, setup } = world
  const cluster = requireCluster(world, request.cluster)
  const name = request.serviceName ?? ''
  if (findService(world, name) !== undefined) {
    throw new ServiceError('InvalidParameterException', 'Creation of service was not idempotent.')
  }
  const definition = taskDefinitionToRun(world, request.taskDefinition ?? '')
  const configuration = mergeConfiguration(
    {
      maximumPercent: 200,
      minimumHealthyPercent: 100,
      strategy: 'ROLLING',
      bakeTimeInMinutes: 0,
      deploymentCircuitBreaker: { enable: false, rollback: false },
    },
    request.deploymentConfiguration,
  )
  const deployed = deployedOf(request)
  checkConfiguration(configuration, deployed, request)
  const service: EcsService = {
    name,
    arn: `${arnPrefix(setup)}service/${cluster.name}/${name}`,
    createdAt: world.now,
    createdBy: `arn:aws:iam::${setup.accountId}:user/rehearsal`,
    launchType: 'FARGATE',
    tags: request.tags ?? [],
    desired: request.desiredCount ?? 1,
    configuration,
    settings: settingsOf(request),
    deployed,
    entries: [],
    revisions: [],
    deployments: [],
    completed: undefined,
    events: [],
    steady: false,
    stuckOn: undefined,
  }
  ecs.services.push(service)
  startDeployment(world, service, createRevision(world, service, definition, deployed))
  return service
}

/** Ends a service: its tasks stop, and it goes with the last of them. Ask {@link serviceIsGone}. */
export function emptyService(world: WorldState, service: EcsService): void {
  service.desired = 0
  for (const task of world.ecs.tasks) {
    if (task.service === service && task.desired === 'RUNNING') {
      stopTask(world, task, 'ServiceSchedulerInitiated', 'Service is being deleted.')
    }
  }
}

/** True when the service's last task has stopped, and the service is gone with it. */
export function serviceIsGone(world: WorldState, service: EcsService): boolean {
  if (world.ecs.tasks.some((task) => task.service === service && task.status !== 'STOPPED')) return false
  const index = world.ecs.services.indexOf(service)
  if (index >= 0) world.ecs.services.splice(index, 1)
  return true
}
