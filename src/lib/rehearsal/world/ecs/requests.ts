import type {
  ContinueServiceDeploymentRequest,
  Failure,
  RunTaskRequest,
  StopServiceDeploymentRequest,
  StopTaskRequest,
} from '@aws-sdk/client-ecs'
import { ServiceError } from '../../wire/service.js'
import type { WorldState } from '../state.js'
import { fail } from './deployments.js'
import { findTask, requireCluster, requireDeployment } from './find.js'
import { hasCapacity } from './place.js'
import type { EcsTask } from './state.js'
import { taskDefinitionToRun } from './task-definitions.js'
import { changedServiceOf, launchTask, stopTask } from './task.js'

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)

/**
 * Stops a service deployment: rolls it back, or with ABORT leaves everything as it stands. What is on its way out
 * already goes on: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html
 * @throws ServiceError.
 */
export function stopServiceDeployment(world: WorldState, request: StopServiceDeploymentRequest): void {
  const { service, deployment } = requireDeployment(world, request.serviceDeploymentArn ?? '')
  switch (deployment.status) {
    case 'PENDING':
    case 'IN_PROGRESS':
      fail(world, service, deployment, {
        reason: 'stopped by the user.',
        rolloutReason: 'Service deployment was stopped by the user.',
        back: request.stopType !== 'ABORT',
      })
      return
    case 'STOP_REQUESTED':
    case 'ROLLBACK_REQUESTED':
    case 'ROLLBACK_IN_PROGRESS':
      return
    default:
      throw new ServiceError(
        'ConflictException',
        `The service deployment is in the ${deployment.status} state and cannot be stopped.`,
      )
  }
}

/** Resolves a PAUSE hook that a service deployment waits for. @throws ServiceError. */
export function continueServiceDeployment(world: WorldState, request: ContinueServiceDeploymentRequest): void {
  const { service, deployment } = requireDeployment(world, request.serviceDeploymentArn ?? '')
  const hook = deployment.hooks.find(({ id }) => id === request.hookId)
  if (hook === undefined) throw invalid('The specified hookId was not found for the service deployment.')
  if (hook.targetType !== 'PAUSE' || hook.status !== 'AWAITING_ACTION') {
    throw invalid('The specified lifecycle hook is not awaiting an action.')
  }
  if (request.action !== 'ROLLBACK') {
    hook.status = 'SUCCEEDED'
    return
  }
  hook.status = 'FAILED'
  fail(world, service, deployment, {
    reason: 'rolled back by the user at a lifecycle hook.',
    rolloutReason: 'Service deployment was rolled back by the user at a lifecycle hook.',
    back: true,
  })
}

/** Runs tasks outside of services. @throws ServiceError. */
export function runTasks(
  world: WorldState,
  request: RunTaskRequest,
): { readonly tasks: readonly EcsTask[]; readonly failures: readonly Failure[] } {
  requireCluster(world, request.cluster)
  const definition = taskDefinitionToRun(world, request.taskDefinition ?? '')
  const count = request.count ?? 1
  if (count < 1 || count > 10) throw invalid('count must be between 1 and 10, inclusive.')
  const fargate = request.launchType === 'FARGATE' || definition.definition.networkMode === 'awsvpc'
  if (fargate && request.networkConfiguration === undefined) {
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
  }
  const { clientToken, ...rest } = request
  const asked = JSON.stringify(rest)
  const earlier = clientToken === undefined ? undefined : world.ecs.tokens.get(clientToken)
  if (earlier !== undefined) {
    if (earlier.request === asked) return { tasks: earlier.tasks, failures: [] }
    throw new ServiceError('ConflictException', 'The client token was used before with other parameters.', {
      members: { resourceIds: earlier.tasks.map(({ arn }) => arn) },
    })
  }
  if (!hasCapacity(world, changedServiceOf(world, definition))) {
    const reason = 'Capacity is unavailable at this time. Please try again later or in a different availability zone'
    return { tasks: [], failures: [{ reason }] }
  }
  const tasks = Array.from({ length: count }, () =>
    launchTask(world, {
      definition,
      group: request.group ?? `family:${definition.family}`,
      tags: [...(request.propagateTags === 'TASK_DEFINITION' ? definition.tags : []), ...(request.tags ?? [])],
      ...(request.startedBy !== undefined && { startedBy: request.startedBy }),
      ...(request.networkConfiguration !== undefined && { network: request.networkConfiguration }),
      ...(request.overrides !== undefined && { overrides: request.overrides }),
    }),
  )
  if (clientToken !== undefined) world.ecs.tokens.set(clientToken, { request: asked, tasks })
  return { tasks, failures: [] }
}

/** Stops a task; its service starts another one. @throws ServiceError. */
export function stopTaskByRequest(world: WorldState, request: StopTaskRequest): EcsTask {
  requireCluster(world, request.cluster)
  const task = findTask(world, request.task ?? '')
  if (task === undefined) throw invalid('The referenced task was not found.')
  stopTask(world, task, 'UserInitiated', request.reason ?? 'Task stopped by user')
  return task
}
