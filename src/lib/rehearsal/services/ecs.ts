import * as sdk from '@aws-sdk/client-ecs'
import { findDeployment, findService, findTask, missing, requireCluster, visibleTasks } from '../world/ecs/find.js'
import { rememberedDeployments, requireService } from '../world/ecs/find.js'
import { shortName } from '../world/ecs/names.js'
import { continueServiceDeployment, runTasks, stopServiceDeployment, stopTaskByRequest } from '../world/ecs/requests.js'
import { isPending } from '../world/ecs/task-state.js'
import { updateService } from '../world/ecs/update-service.js'
import type { World } from '../world/world.js'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import { briefOf, describeDeployment, describeRevision, describeService, describeTask } from './ecs-describe.js'
import { taskDefinitionHandlers } from './ecs-task-definitions.js'
import { tagHandlers } from './ecs-tags.js'

const signingName = 'ecs'
const wire = { signingName, protocol: 'awsJson1_1' } as const

const invalid = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)

/**
 * Elastic Container Service over the world's one cluster.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
 */
export function createEcsService(world: World): Service {
  const { state } = world
  const { ecs } = state
  /** A handler that sees the world as it is now, and whose changes have had their first effect when it answers. */
  const now =
    <I, O>(handle: (input: I, context: RequestContext) => O) =>
    (input: I, context: RequestContext): O => {
      world.advanceTo(context.now)
      const answer = handle(input, context)
      world.advanceTo(context.now)
      return answer
    }

  const handlers = {
    ...taskDefinitionHandlers(state, now),
    ...tagHandlers(state, now),

    ListClusters: now((input: sdk.ListClustersRequest): sdk.ListClustersResponse => {
      const page = paginate(wire, {
        operation: 'ListClusters',
        items: ecs.cluster === undefined ? [] : [ecs.cluster.arn],
        limit: input.maxResults ?? 100,
        token: input.nextToken,
      })
      return { clusterArns: [...page.items], nextToken: page.nextToken }
    }),

    DescribeClusters: now((input: sdk.DescribeClustersRequest): sdk.DescribeClustersResponse => {
      const asked = input.clusters ?? ['default']
      const { cluster } = ecs
      const isKnown = (name: string): boolean => cluster !== undefined && [cluster.arn, cluster.name].includes(name)
      const live = ecs.tasks.filter(({ desired }) => desired === 'RUNNING')
      const described = {
        ...(cluster && { clusterArn: cluster.arn, clusterName: cluster.name }),
        status: 'ACTIVE',
        registeredContainerInstancesCount: 0,
        runningTasksCount: ecs.tasks.filter(({ status }) => status === 'RUNNING').length,
        pendingTasksCount: live.filter(isPending).length,
        activeServicesCount: ecs.services.length,
        statistics: [],
        settings: [{ name: 'containerInsights' as const, value: 'disabled' }],
        capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        defaultCapacityProviderStrategy: [],
        ...(input.include?.includes('TAGS') === true && cluster && { tags: [...cluster.tags] }),
      }
      return {
        clusters: asked.some(isKnown) ? [described] : [],
        failures: asked
          .filter((name) => !isKnown(name))
          .map((name) =>
            missing(
              name.startsWith('arn:')
                ? name
                : `arn:aws:ecs:${state.setup.region}:${state.setup.accountId}:cluster/${name}`,
            ),
          ),
      }
    }),

    ListServices: now((input: sdk.ListServicesRequest): sdk.ListServicesResponse => {
      requireCluster(state, input.cluster)
      const page = paginate(wire, {
        operation: 'ListServices',
        items: ecs.services
          .filter(({ launchType }) => (input.launchType ?? launchType) === launchType)
          .filter(() => (input.schedulingStrategy ?? 'REPLICA') === 'REPLICA')
          .map(({ arn }) => arn),
        limit: input.maxResults ?? 10,
        token: input.nextToken,
        boundTo: [input.cluster, input.launchType, input.schedulingStrategy],
      })
      return { serviceArns: [...page.items], nextToken: page.nextToken }
    }),

    DescribeServices: now((input: sdk.DescribeServicesRequest): sdk.DescribeServicesResponse => {
      const cluster = requireCluster(state, input.cluster)
      const asked = input.services ?? []
      if (asked.length === 0) throw invalid('Services cannot be empty.')
      if (asked.length > 10) throw invalid('Cannot describe more than 10 services at a time.')
      const withTags = input.include?.includes('TAGS') === true
      const found = asked.map((name) => ({ name, service: findService(state, name) }))
      return {
        services: found.flatMap(({ service }) =>
          service === undefined ? [] : [describeService(state, service, withTags)],
        ),
        failures: found
          .filter(({ service }) => service === undefined)
          .map(({ name }) =>
            missing(
              name.startsWith('arn:') ? name : `${cluster.arn.replace(':cluster/', ':service/')}/${shortName(name)}`,
            ),
          ),
      }
    }),

    UpdateService: now((input: sdk.UpdateServiceRequest): sdk.UpdateServiceResponse => ({
      service: describeService(state, updateService(state, input), true),
    })),

    ListServiceDeployments: now((input: sdk.ListServiceDeploymentsRequest): sdk.ListServiceDeploymentsResponse => {
      const service = requireService(state, input.cluster, input.service ?? '')
      const { before, after } = input.createdAt ?? {}
      const page = paginate(wire, {
        operation: 'ListServiceDeployments',
        items: rememberedDeployments(state, service)
          .filter(
            ({ status }) => input.status === undefined || input.status.length === 0 || input.status.includes(status),
          )
          .filter(({ createdAt }) => createdAt <= (before?.getTime() ?? Infinity))
          .filter(({ createdAt }) => createdAt >= (after?.getTime() ?? 0)),
        limit: input.maxResults ?? 20,
        token: input.nextToken,
        keyOf: ({ arn }) => arn,
        boundTo: [input.cluster, input.service, input.status, input.createdAt],
      })
      return {
        serviceDeployments: page.items.map((each) => briefOf(state, service, each)),
        nextToken: page.nextToken,
      }
    }),

    DescribeServiceDeployments: now(
      (input: sdk.DescribeServiceDeploymentsRequest): sdk.DescribeServiceDeploymentsResponse => {
        const asked = atMostTwenty(input.serviceDeploymentArns ?? [], 'serviceDeploymentArns')
        const found = asked.map((arn) => ({ arn, is: findDeployment(state, arn) }))
        return {
          serviceDeployments: found.flatMap(({ is }) =>
            is === undefined ? [] : [describeDeployment(state, is.service, is.deployment)],
          ),
          failures: found.filter(({ is }) => is === undefined).map(({ arn }) => missing(arn)),
        }
      },
    ),

    DescribeServiceRevisions: now(
      (input: sdk.DescribeServiceRevisionsRequest): sdk.DescribeServiceRevisionsResponse => {
        const asked = atMostTwenty(input.serviceRevisionArns ?? [], 'serviceRevisionArns')
        const all = ecs.services.flatMap((service) => service.revisions.map((revision) => ({ service, revision })))
        const found = asked.map((arn) => ({ arn, is: all.find(({ revision }) => revision.arn === arn) }))
        return {
          serviceRevisions: found.flatMap(({ is }) =>
            is === undefined ? [] : [describeRevision(state, is.service, is.revision)],
          ),
          failures: found.filter(({ is }) => is === undefined).map(({ arn }) => missing(arn)),
        }
      },
    ),

    StopServiceDeployment: now((input: sdk.StopServiceDeploymentRequest): sdk.StopServiceDeploymentResponse => {
      stopServiceDeployment(state, input)
      return { serviceDeploymentArn: input.serviceDeploymentArn }
    }),

    ContinueServiceDeployment: now(
      (input: sdk.ContinueServiceDeploymentRequest): sdk.ContinueServiceDeploymentResponse => {
        continueServiceDeployment(state, input)
        return { serviceDeploymentArn: input.serviceDeploymentArn }
      },
    ),

    ListTasks: now((input: sdk.ListTasksRequest): sdk.ListTasksResponse => {
      requireCluster(state, input.cluster)
      const named = input.serviceName
      const service = named === undefined ? undefined : findService(state, named)
      if (named !== undefined && service === undefined) {
        throw new ServiceError('ServiceNotFoundException', 'Service not found.')
      }
      const page = paginate(wire, {
        operation: 'ListTasks',
        items: visibleTasks(state)
          .filter(({ desired }) => desired === (input.desiredStatus ?? 'RUNNING'))
          .filter((task) => named === undefined || task.service === service)
          .filter(({ definition }) => (input.family ?? definition.family) === definition.family)
          .filter(({ startedBy }) => input.startedBy === undefined || startedBy === input.startedBy)
          .filter(() => (input.launchType ?? 'FARGATE') === 'FARGATE' && input.containerInstance === undefined)
          .map(({ arn }) => arn),
        limit: input.maxResults ?? 100,
        token: input.nextToken,
        keyOf: (arn) => arn,
        boundTo: [input.cluster, named, input.family, input.startedBy, input.desiredStatus, input.launchType],
      })
      return { taskArns: [...page.items], nextToken: page.nextToken }
    }),

    DescribeTasks: now((input: sdk.DescribeTasksRequest): sdk.DescribeTasksResponse => {
      const cluster = requireCluster(state, input.cluster)
      const asked = input.tasks ?? []
      if (asked.length === 0) throw invalid('Tasks cannot be empty.')
      if (asked.length > 100) throw invalid('Cannot describe more than 100 tasks at a time.')
      const withTags = input.include?.includes('TAGS') === true
      const found = asked.map((name) => ({ name, task: findTask(state, name) }))
      return {
        tasks: found.flatMap(({ task }) => (task === undefined ? [] : [describeTask(state, task, withTags)])),
        failures: found
          .filter(({ task }) => task === undefined)
          .map(({ name }) =>
            missing(name.startsWith('arn:') ? name : `${cluster.arn.replace(':cluster/', ':task/')}/${name}`),
          ),
      }
    }),

    RunTask: now((input: sdk.RunTaskRequest): sdk.RunTaskResponse => {
      const { tasks, failures } = runTasks(state, input)
      return { tasks: tasks.map((task) => describeTask(state, task, true)), failures: [...failures] }
    }),

    StopTask: now((input: sdk.StopTaskRequest): sdk.StopTaskResponse => ({
      task: describeTask(state, stopTaskByRequest(state, input), false),
    })),
  }
  return { signingName, protocol: 'awsJson1_1', target: 'AmazonEC2ContainerServiceV20141113', sdk, handlers }
}

function atMostTwenty(arns: readonly string[], name: string): readonly string[] {
  if (arns.length === 0) throw invalid(`${name} cannot be empty.`)
  if (arns.length > 20) throw invalid(`${name} can have at most 20 items.`)
  return arns
}
