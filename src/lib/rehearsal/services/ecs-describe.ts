import type * as sdk from '@aws-sdk/client-ecs'
import { failureThreshold } from '../world/ecs/breaker.js'
import { shifts } from '../world/ecs/deployments.js'
import type {
  DeploymentEntry,
  EcsService,
  EcsTask,
  ServiceDeployment,
  ServiceRevision,
  TaskDefinitionRecord,
} from '../world/ecs/state.js'
import { healthOf, isPending, tasksOf } from '../world/ecs/task-state.js'
import type { WorldState } from '../world/state.js'

const platform = { platformVersion: '1.4.0', platformFamily: 'Linux' } as const
const dateOf = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time))

/** Leaves out what is undefined, as the wire does and as the SDK's types want it. */
function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** A task definition as DescribeTaskDefinition shows it: all that was registered, and what ECS adds. */
export function describeTaskDefinition(record: TaskDefinitionRecord): sdk.TaskDefinition {
  const { definition } = record
  const awsvpc = definition.networkMode === 'awsvpc'
  return given({
    volumes: [],
    placementConstraints: [],
    ...definition,
    taskDefinitionArn: record.arn,
    revision: record.revision,
    status: record.status,
    compatibilities: awsvpc
      ? (['EC2', 'FARGATE'] as sdk.Compatibility[])
      : (['EXTERNAL', 'EC2'] as sdk.Compatibility[]),
    requiresAttributes: [
      { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.19' },
      ...(awsvpc ? [{ name: 'ecs.capability.task-eni' }] : []),
    ],
    registeredAt: dateOf(record.registeredAt),
    registeredBy: record.registeredBy,
    deregisteredAt: dateOf(record.deregisteredAt),
  })
}

const countOf = (tasks: readonly EcsTask[], kind: 'running' | 'pending'): number =>
  tasks.filter((task) => (kind === 'pending' ? isPending(task) : task.status === 'RUNNING')).length

/** A service as DescribeServices shows it. */
export function describeService(world: WorldState, service: EcsService, withTags: boolean): sdk.Service {
  const tasks = world.ecs.tasks.filter((task) => task.service === service)
  return given({
    ...service.settings,
    loadBalancers: [],
    serviceRegistries: [],
    placementConstraints: [],
    placementStrategy: [],
    ...service.deployed,
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: world.ecs.cluster?.arn,
    status: 'ACTIVE',
    desiredCount: service.desired,
    runningCount: countOf(tasks, 'running'),
    pendingCount: countOf(tasks, 'pending'),
    launchType: service.launchType,
    platformFamily: platform.platformFamily,
    taskDefinition: service.entries[0]?.revision.taskDefinition.arn,
    deploymentConfiguration: service.configuration,
    deploymentController: { type: 'ECS' as const },
    deployments: service.entries.map((entry) => describeEntry(world, service, entry)),
    events: service.events.map(({ id, at, message }) => ({ id, createdAt: new Date(at), message })),
    createdAt: new Date(service.createdAt),
    createdBy: service.createdBy,
    currentServiceDeployment: service.deployments.at(-1)?.arn,
    currentServiceRevisions: service.entries.map((entry) => summarise(world, service, entry.revision)),
    roleArn: `arn:aws:iam::${world.setup.accountId}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
    schedulingStrategy: 'REPLICA' as const,
    enableECSManagedTags: service.settings.enableECSManagedTags ?? false,
    enableExecuteCommand: service.settings.enableExecuteCommand ?? false,
    propagateTags: service.settings.propagateTags ?? ('NONE' as const),
    ...(withTags && { tags: [...service.tags] }),
  })
}

function describeEntry(world: WorldState, service: EcsService, entry: DeploymentEntry): sdk.Deployment {
  const tasks = tasksOf(world, entry)
  return given({
    id: entry.id,
    status: entry.status,
    taskDefinition: entry.revision.taskDefinition.arn,
    desiredCount: entry.desired,
    pendingCount: countOf(tasks, 'pending'),
    runningCount: countOf(tasks, 'running'),
    failedTasks: entry.failedTasks,
    createdAt: new Date(entry.createdAt),
    updatedAt: new Date(entry.updatedAt),
    launchType: service.launchType,
    ...platform,
    networkConfiguration: entry.revision.settings.networkConfiguration,
    rolloutState: entry.rolloutState,
    rolloutStateReason: entry.rolloutStateReason,
  })
}

function summarise(world: WorldState, service: EcsService, revision: ServiceRevision): sdk.ServiceRevisionSummary {
  const entries = service.entries.filter((entry) => entry.revision === revision)
  const tasks = entries.flatMap((entry) => tasksOf(world, entry))
  return {
    arn: revision.arn,
    requestedTaskCount: entries.reduce((sum, { desired }) => sum + desired, 0),
    runningTaskCount: countOf(tasks, 'running'),
    pendingTaskCount: countOf(tasks, 'pending'),
  }
}

/** A service deployment as DescribeServiceDeployments shows it. */
export function describeDeployment(
  world: WorldState,
  service: EcsService,
  deployment: ServiceDeployment,
): sdk.ServiceDeployment {
  const { configuration, rollback, target } = deployment
  const shifting = shifts(deployment)
  const weighted = (revision: ServiceRevision): sdk.ServiceRevisionSummary => ({
    ...summarise(world, service, revision),
    ...(shifting && {
      requestedProductionTrafficWeight: revision.productionWeight,
      requestedTestTrafficWeight: revision.testWeight,
    }),
  })
  return given({
    serviceDeploymentArn: deployment.arn,
    serviceArn: service.arn,
    clusterArn: world.ecs.cluster?.arn,
    createdAt: new Date(deployment.createdAt),
    startedAt: dateOf(deployment.startedAt),
    finishedAt: dateOf(deployment.finishedAt),
    stoppedAt: dateOf(deployment.stoppedAt),
    updatedAt: new Date(deployment.updatedAt),
    sourceServiceRevisions: deployment.source.map(weighted),
    targetServiceRevision: weighted(target),
    status: deployment.status,
    statusReason: deployment.statusReason,
    // The API reference lists PRE_PRODUCTION_TRAFFIC_SHIFT for this field, and the SDK's enumeration leaves it out.
    lifecycleStage: (shifting ? deployment.stage : undefined) as sdk.ServiceDeploymentLifecycleStage | undefined,
    ...(deployment.hooks.length > 0 && {
      lifecycleHookDetails: deployment.hooks.map((hook) =>
        given({
          hookId: hook.id,
          targetType: hook.targetType,
          targetArn: hook.targetArn,
          status: hook.status,
          expiresAt: new Date(hook.expiresAt),
          timeoutAction: hook.timeoutAction,
        }),
      ),
    }),
    deploymentConfiguration: configuration,
    ...(rollback && {
      rollback: given({
        reason: rollback.reason,
        startedAt: new Date(rollback.startedAt),
        serviceRevisionArn: rollback.revision?.arn,
      }),
    }),
    deploymentCircuitBreaker: {
      status: deployment.breaker,
      failureCount: deployment.failures,
      threshold: failureThreshold(configuration.deploymentCircuitBreaker, service.desired),
    },
    alarms: {
      status: deployment.alarms,
      alarmNames: [...(configuration.alarms?.alarmNames ?? [])],
      triggeredAlarmNames: [...deployment.triggered],
    },
  })
}

/** A service deployment as ListServiceDeployments lists it. */
export function briefOf(
  world: WorldState,
  service: EcsService,
  deployment: ServiceDeployment,
): sdk.ServiceDeploymentBrief {
  return given({
    serviceDeploymentArn: deployment.arn,
    serviceArn: service.arn,
    clusterArn: world.ecs.cluster?.arn,
    startedAt: dateOf(deployment.startedAt),
    createdAt: new Date(deployment.createdAt),
    finishedAt: dateOf(deployment.finishedAt),
    targetServiceRevisionArn: deployment.target.arn,
    status: deployment.status,
    statusReason: deployment.statusReason,
  })
}

/** A service revision as DescribeServiceRevisions shows it. */
export function describeRevision(
  world: WorldState,
  service: EcsService,
  revision: ServiceRevision,
): sdk.ServiceRevision {
  return given({
    ...revision.settings,
    ...platform,
    serviceRevisionArn: revision.arn,
    serviceArn: service.arn,
    clusterArn: world.ecs.cluster?.arn,
    taskDefinition: revision.taskDefinition.arn,
    launchType: service.launchType,
    containerImages: [...revision.images.values()],
    guardDutyEnabled: false,
    createdAt: new Date(revision.createdAt),
    resolvedConfiguration: {
      loadBalancers: revision.targetGroups.map(({ arn }, index) =>
        given({
          targetGroupArn: arn,
          productionListenerRule:
            revision.settings.loadBalancers?.[index]?.advancedConfiguration?.productionListenerRule,
        }),
      ),
    },
  })
}

/** A task as DescribeTasks shows it. */
export function describeTask(world: WorldState, task: EcsTask, withTags: boolean): sdk.Task {
  const { definition } = task.definition
  const interfaceId = `eni-0${task.taskId.slice(0, 16)}`
  return given({
    taskArn: task.arn,
    clusterArn: world.ecs.cluster?.arn,
    taskDefinitionArn: task.definition.arn,
    availabilityZone: task.zone,
    attachments: [
      {
        id: `${task.taskId.slice(0, 8)}-${task.taskId.slice(8, 12)}-4${task.taskId.slice(13, 16)}-8${task.taskId.slice(17, 20)}-${task.taskId.slice(20)}`,
        type: 'ElasticNetworkInterface',
        status: task.status === 'STOPPED' ? 'DELETED' : task.status === 'PROVISIONING' ? 'ATTACHING' : 'ATTACHED',
        details: [
          { name: 'subnetId', value: task.subnet },
          { name: 'networkInterfaceId', value: interfaceId },
          { name: 'macAddress', value: `0a:${task.taskId.slice(0, 10).replaceAll(/(..)(?=.)/g, '$1:')}` },
          {
            name: 'privateDnsName',
            value: `ip-${task.id.replaceAll('.', '-')}.${world.setup.region}.compute.internal`,
          },
          { name: 'privateIPv4Address', value: task.id },
        ],
      },
    ],
    attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
    connectivity: 'CONNECTED' as const,
    connectivityAt: dateOf(task.pullStartedAt),
    containers: task.containers.map((container) => describeContainer(task, container)),
    cpu: definition.cpu,
    memory: definition.memory,
    createdAt: new Date(task.createdAt),
    desiredStatus: task.desired,
    enableExecuteCommand: task.service?.settings.enableExecuteCommand ?? false,
    executionStoppedAt: dateOf(task.status === 'STOPPED' ? task.stoppedAt : undefined),
    group: task.group,
    healthStatus: healthOf(task),
    lastStatus: task.status,
    launchType: 'FARGATE' as const,
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [], ...task.overrides },
    ...platform,
    pullStartedAt: dateOf(task.pullStartedAt),
    pullStoppedAt: dateOf(task.pullStoppedAt),
    startedAt: dateOf(task.startedAt),
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    stoppingAt: dateOf(task.stoppingAt),
    stoppedAt: dateOf(task.stoppedAt),
    version: 1,
    ephemeralStorage: { sizeInGiB: definition.ephemeralStorage?.sizeInGiB ?? 20 },
    ...(withTags && { tags: [...task.tags] }),
  })
}

function describeContainer(task: EcsTask, container: EcsTask['containers'][number]): sdk.Container {
  const definition = task.definition.definition.containerDefinitions?.find(({ name }) => name === container.name)
  const shows = container.status !== 'PENDING'
  return given({
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.name,
    image: container.image,
    imageDigest: container.digest,
    runtimeId: container.runtimeId,
    lastStatus: container.status,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: [],
    ...(shows && {
      networkInterfaces: [{ attachmentId: task.taskId.slice(0, 8), privateIpv4Address: task.id }],
    }),
    healthStatus: container.health,
    cpu: String(definition?.cpu ?? 0),
    memory: definition?.memory === undefined ? undefined : String(definition.memory),
  })
}
