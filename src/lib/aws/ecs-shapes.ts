import type {
  Container,
  DeploymentConfiguration,
  Service,
  ServiceDeployment,
  ServiceDeploymentBrief,
  Tag,
  Task,
  TaskDefinition,
} from '@aws-sdk/client-ecs'
import type {
  EcsDeployment,
  EcsDeploymentBrief,
  EcsDeploymentConfiguration,
  EcsService,
  EcsTask,
  EcsTaskContainer,
  EcsTaskDefinition,
} from '../ports/ecs.js'

const mebibyte = 2 ** 20

/** Leaves out what is undefined: an optional member is there or not. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

function configuration(from: DeploymentConfiguration | undefined): EcsDeploymentConfiguration {
  const alarms = from?.alarms
  return given({
    minimumHealthyPercent: from?.minimumHealthyPercent,
    maximumPercent: from?.maximumPercent,
    strategy: from?.strategy,
    bakeTimeInMinutes: from?.bakeTimeInMinutes,
    alarms: alarms && {
      names: alarms.alarmNames ?? [],
      enable: alarms.enable === true,
      rollback: alarms.rollback === true,
    },
  })
}

/** The number at the end of a task definition's ARN. */
export function revisionNumber(arn: string): number {
  return Number(arn.slice(arn.lastIndexOf(':') + 1))
}

/** A service as the driver sees it. */
export function service(from: Service): EcsService {
  return {
    name: from.serviceName ?? '',
    arn: from.serviceArn ?? '',
    status: from.status ?? '',
    desiredCount: from.desiredCount ?? 0,
    // A blue/green service shows the old revision until the shift; its newest deployment is what it moves to.
    taskDefinition:
      from.deployments?.find((one) => one.status === 'PRIMARY')?.taskDefinition ?? from.taskDefinition ?? '',
    controller: from.deploymentController?.type ?? 'ECS',
    scheduling: from.schedulingStrategy ?? 'REPLICA',
    loadBalancers: (from.loadBalancers ?? []).map((one) => ({
      container: one.containerName ?? '',
      ...given({
        targetGroupArn: one.targetGroupArn,
        port: one.containerPort,
        alternateTargetGroupArn: one.advancedConfiguration?.alternateTargetGroupArn,
      }),
    })),
    subnets: from.networkConfiguration?.awsvpcConfiguration?.subnets ?? [],
    configuration: configuration(from.deploymentConfiguration),
    events: (from.events ?? []).map((one) => ({ at: one.createdAt?.getTime() ?? 0, message: one.message ?? '' })),
    ...given({
      launchType: from.launchType ?? from.capacityProviderStrategy?.[0]?.capacityProvider?.split('_')[0],
      platformVersion: from.platformVersion,
      healthCheckGracePeriod: from.healthCheckGracePeriodSeconds,
    }),
  }
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html: these members name secrets.
function secretsIn({ containerDefinitions = [] }: TaskDefinition): readonly string[] {
  const named = containerDefinitions.flatMap(({ secrets = [], logConfiguration, repositoryCredentials }) => [
    ...[...secrets, ...(logConfiguration?.secretOptions ?? [])].map(({ valueFrom }) => valueFrom),
    repositoryCredentials?.credentialsParameter,
  ])
  return [...new Set(named.filter((one) => one !== undefined))]
}

/** In bytes. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html tells MiB. */
function memoryOf({ memory, containerDefinitions = [] }: TaskDefinition): EcsTaskDefinition['memory'] {
  const whole = Number(memory)
  if (whole > 0) return { reserved: whole * mebibyte, limit: whole * mebibyte }
  const sum = (sizes: readonly (number | undefined)[]): number | undefined =>
    sizes.reduce((all, one) => (all === undefined || one === undefined ? undefined : all + one * mebibyte), 0)
  const limit = sum(containerDefinitions.map((one) => one.memory))
  const reserved = sum(containerDefinitions.map((one) => one.memoryReservation ?? one.memory))
  return reserved === undefined ? undefined : { reserved, ...given({ limit }) }
}

/** A task definition with its tags; `whole` is what AWS answered. */
export function taskDefinition(from: TaskDefinition, tags: readonly Tag[] | undefined): EcsTaskDefinition {
  return {
    arn: from.taskDefinitionArn ?? '',
    family: from.family ?? '',
    revision: from.revision ?? 0,
    status: from.status ?? '',
    containers: (from.containerDefinitions ?? []).map((one) => {
      const group = one.logConfiguration?.options?.['awslogs-group']
      const logs = group && { group, streamPrefix: one.logConfiguration?.options?.['awslogs-stream-prefix'] ?? '' }
      return {
        name: one.name ?? '',
        image: one.image ?? '',
        hasHealthCheck: one.healthCheck !== undefined,
        ports: (one.portMappings ?? []).flatMap(({ containerPort }) => containerPort ?? []),
        ...given({ healthCommand: one.healthCheck?.command?.join(' ') }),
        ...(logs && { logs }),
      }
    }),
    secrets: secretsIn(from),
    tags: Object.fromEntries((tags ?? []).map((tag) => [tag.key ?? '', tag.value ?? ''])),
    whole: from,
    ...given({
      executionRoleArn: from.executionRoleArn,
      taskRoleArn: from.taskRoleArn,
      cpuArchitecture: from.runtimePlatform?.cpuArchitecture,
      memory: memoryOf(from),
    }),
  }
}

/** One line of a service's list of deployments. */
export function brief(from: ServiceDeploymentBrief): EcsDeploymentBrief {
  return {
    arn: from.serviceDeploymentArn ?? '',
    createdAt: from.createdAt?.getTime() ?? 0,
    status: from.status ?? 'PENDING',
    targetRevisionArn: from.targetServiceRevisionArn ?? '',
    ...given({ finishedAt: from.finishedAt?.getTime(), statusReason: from.statusReason }),
  }
}

/** A service deployment as the driver sees it. */
export function deployment(from: ServiceDeployment): EcsDeployment {
  const target = from.targetServiceRevision
  const { deploymentCircuitBreaker: breaker, alarms, rollback } = from
  return {
    arn: from.serviceDeploymentArn ?? '',
    serviceArn: from.serviceArn ?? '',
    createdAt: from.createdAt?.getTime() ?? 0,
    status: from.status ?? 'PENDING',
    targetRevisionArn: target?.arn ?? '',
    sourceRevisionArns: (from.sourceServiceRevisions ?? []).map((one) => one.arn ?? ''),
    requested: target?.requestedTaskCount ?? 0,
    running: target?.runningTaskCount ?? 0,
    pending: target?.pendingTaskCount ?? 0,
    hooks: (from.lifecycleHookDetails ?? []).map((hook) => ({
      id: hook.hookId ?? '',
      kind: hook.targetType ?? '',
      status: hook.status ?? '',
      ...given({ expiresAt: hook.expiresAt?.getTime() }),
    })),
    breaker: {
      status: breaker?.status ?? 'DISABLED',
      failures: breaker?.failureCount ?? 0,
      threshold: breaker?.threshold ?? 0,
    },
    alarms: {
      status: alarms?.status ?? 'DISABLED',
      names: alarms?.alarmNames ?? [],
      triggered: alarms?.triggeredAlarmNames ?? [],
    },
    configuration: configuration(from.deploymentConfiguration),
    ...given({
      finishedAt: (from.finishedAt ?? from.stoppedAt)?.getTime(),
      statusReason: from.statusReason,
      trafficWeight: target?.requestedProductionTrafficWeight,
      stage: from.lifecycleStage,
      rollback: rollback && { reason: rollback.reason ?? '' },
    }),
  }
}

function container(from: Container): EcsTaskContainer {
  return {
    name: from.name ?? '',
    image: from.image ?? '',
    ...given({ imageDigest: from.imageDigest, exitCode: from.exitCode, reason: from.reason }),
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint.html: the interface of awsvpc tasks. */
function addressOf(from: Task): string | undefined {
  const details = from.attachments?.find((one) => one.type === 'ElasticNetworkInterface')?.details
  return (
    details?.find((one) => one.name === 'privateIPv4Address')?.value ??
    from.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address
  )
}

/** A task as the driver sees it. */
export function task(from: Task): EcsTask {
  const arn = from.taskArn ?? ''
  return {
    id: arn.slice(arn.lastIndexOf('/') + 1),
    arn,
    zone: from.availabilityZone ?? '',
    taskDefinition: from.taskDefinitionArn ?? '',
    lastStatus: from.lastStatus ?? '',
    desiredStatus: from.desiredStatus ?? '',
    healthStatus: from.healthStatus ?? 'UNKNOWN',
    containers: (from.containers ?? []).map(container),
    ...given({
      createdAt: from.createdAt?.getTime(),
      startedAt: from.startedAt?.getTime(),
      stoppedAt: from.stoppedAt?.getTime(),
      stopCode: from.stopCode,
      stoppedReason: from.stoppedReason,
      address: addressOf(from),
    }),
  }
}
