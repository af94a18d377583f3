import type {
  ContainerImage,
  DeploymentConfiguration,
  LoadBalancer,
  NetworkConfiguration,
  RegisterTaskDefinitionRequest,
  DeploymentLifecycleHookStage,
  ServiceDeploymentLifecycleStage,
  ServiceDeploymentStatus,
  Tag,
  TaskOverride,
  TaskStopCode,
  UpdateServiceRequest,
} from '@aws-sdk/client-ecs'
import type { Digest } from '../../../domain/digest.js'
import type { Host } from '../state.js'
import type { ScalableTarget } from './scalable-targets.js'

/** All times are virtual milliseconds since 1970, as in the rest of the world. */
export interface TaskDefinitionRecord {
  readonly arn: string
  readonly family: string
  readonly revision: number
  /** Everything that was registered, in the ECS API's own words, without the tags. */
  readonly definition: Omit<RegisterTaskDefinitionRequest, 'tags'>
  readonly registeredAt: number
  readonly registeredBy: string
  tags: readonly Tag[]
  status: 'ACTIVE' | 'INACTIVE'
  deregisteredAt: number | undefined
}

/** The settings of a service whose change starts a deployment. */
export type DeployedSettings = Pick<
  UpdateServiceRequest,
  | 'networkConfiguration'
  | 'platformVersion'
  | 'loadBalancers'
  | 'serviceRegistries'
  | 'serviceConnectConfiguration'
  | 'volumeConfigurations'
  | 'vpcLatticeConfigurations'
>

/** The settings of a service that hold from the next deployment or task on. */
export type ServiceSettings = Pick<
  UpdateServiceRequest,
  | 'availabilityZoneRebalancing'
  | 'placementConstraints'
  | 'placementStrategy'
  | 'healthCheckGracePeriodSeconds'
  | 'enableExecuteCommand'
  | 'enableECSManagedTags'
  | 'propagateTags'
  | 'capacityProviderStrategy'
  | 'monitoring'
>

/** What a deployment deploys: a task definition with the settings around it. */
export interface ServiceRevision {
  readonly arn: string
  readonly createdAt: number
  readonly taskDefinition: TaskDefinitionRecord
  readonly settings: DeployedSettings
  /** The target groups that its tasks register with, by the load balancers of the settings. */
  readonly targetGroups: readonly { readonly arn: string; readonly containerName: string; readonly port: number }[]
  /** By container; a tag is resolved by the first task that pulls it. */
  readonly images: Map<string, ContainerImage>
  productionWeight: number
  testWeight: number
}

/** One of a service's `deployments`: the tasks that run one revision. */
export interface DeploymentEntry {
  /** `ecs-svc/` and 19 digits, which stand in its tasks' startedBy. */
  readonly id: string
  readonly revision: ServiceRevision
  readonly createdAt: number
  updatedAt: number
  status: 'PRIMARY' | 'ACTIVE'
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  rolloutStateReason: string
  /** How many tasks it is to have now. */
  desired: number
  failedTasks: number
  /** After launches failed again and again: when the next one is tried. */
  retryAt: number | undefined
}

/** A hook of a service deployment's stage that has begun. */
export interface HookRun {
  readonly id: string
  readonly targetType: 'AWS_LAMBDA' | 'PAUSE'
  readonly targetArn: string | undefined
  readonly expiresAt: number
  readonly timeoutAction: 'CONTINUE' | 'ROLLBACK'
  status: 'AWAITING_ACTION' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT'
}

/** What ListServiceDeployments lists: one change of a service with its outcome. */
export interface ServiceDeployment {
  readonly arn: string
  readonly createdAt: number
  readonly configuration: DeploymentConfiguration
  readonly source: readonly ServiceRevision[]
  readonly target: ServiceRevision
  readonly entry: DeploymentEntry
  /** The alarms that it watches: those that were not in ALARM when it started. */
  readonly watched: readonly string[]
  status: ServiceDeploymentStatus
  statusReason: string | undefined
  startedAt: number | undefined
  finishedAt: number | undefined
  stoppedAt: number | undefined
  updatedAt: number
  failures: number
  breaker: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED'
  alarms: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED'
  triggered: readonly string[]
  bakesUntil: number | undefined
  /** True when an early success has ended it while its tasks still come up or go. */
  endedEarly: boolean
  stage: ServiceDeploymentLifecycleStage | DeploymentLifecycleHookStage | undefined
  /** When the stage's own work is over; undefined while it depends on tasks. */
  stageEndsAt: number | undefined
  hooks: readonly HookRun[]
  rollback:
    | { readonly reason: string; readonly startedAt: number; readonly revision: ServiceRevision | undefined }
    | undefined
  /** Until then it stays in a state of transition. */
  pausesUntil: number | undefined
}

export interface ServiceEventRecord {
  readonly id: string
  readonly at: number
  readonly message: string
}

export interface EcsService {
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  readonly createdBy: string
  readonly launchType: 'FARGATE'
  tags: readonly Tag[]
  desired: number
  configuration: DeploymentConfiguration
  settings: ServiceSettings
  /** Of the newest revision, also while it is still to be deployed. */
  deployed: DeployedSettings
  /** Those with tasks, newest first; the first is PRIMARY. */
  entries: DeploymentEntry[]
  readonly revisions: ServiceRevision[]
  /** Newest last. */
  readonly deployments: ServiceDeployment[]
  /** What the latest completed deployment deployed: what a rollback goes back to. */
  completed: ServiceRevision | undefined
  /** Newest first. */
  readonly events: ServiceEventRecord[]
  steady: boolean
  /** The deployment whose configuration was said to leave no room. */
  stuckOn: string | undefined
}

export interface TaskContainer {
  readonly name: string
  readonly arn: string
  readonly image: string
  readonly essential: boolean
  runtimeId: string | undefined
  digest: Digest | undefined
  status: 'PENDING' | 'RUNNING' | 'STOPPED'
  startedAt: number | undefined
  exitCode: number | undefined
  reason: string | undefined
  /** UNKNOWN until the first check of the definition's healthCheck, and without one. */
  health: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN'
  healthFailures: number
  /** True while a next health check is on the agenda. */
  checking: boolean
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED'

/** A task. As a host of target groups it goes by its address. */
export interface EcsTask extends Host {
  readonly taskId: string
  readonly arn: string
  readonly definition: TaskDefinitionRecord
  readonly service: EcsService | undefined
  readonly revision: ServiceRevision | undefined
  readonly group: string
  readonly startedBy: string | undefined
  readonly zone: string
  readonly subnet: string
  readonly network: NetworkConfiguration | undefined
  readonly loadBalancers: readonly LoadBalancer[]
  readonly overrides: TaskOverride | undefined
  readonly createdAt: number
  readonly containers: readonly TaskContainer[]
  /** The set-up's service that it runs, when its image is of another release than the one at the beginning. */
  readonly changedService: string | undefined
  tags: readonly Tag[]
  status: TaskStatus
  desired: 'RUNNING' | 'STOPPED'
  pullStartedAt: number | undefined
  pullStoppedAt: number | undefined
  startedAt: number | undefined
  stoppingAt: number | undefined
  stoppedAt: number | undefined
  stopCode: TaskStopCode | undefined
  stoppedReason: string | undefined
  /** Whether its failure has been counted. */
  counted: boolean
  /** Whether it was healthy once. */
  wasHealthy: boolean
}

export interface EcsCluster {
  readonly name: string
  readonly arn: string
  tags: readonly Tag[]
}

/** The ECS part of the world: at most one cluster. */
export interface EcsState {
  cluster: EcsCluster | undefined
  readonly definitions: TaskDefinitionRecord[]
  readonly services: EcsService[]
  /** Every task there was, those that are gone too. */
  readonly tasks: EcsTask[]
  /** What Application Auto Scaling has of the services. */
  readonly scalableTargets: ScalableTarget[]
  /** The first service that got a release other than the one at the beginning. */
  changedFirst: string | undefined
  /** What client tokens of RunTask were used for. */
  readonly tokens: Map<string, { readonly request: string; readonly tasks: readonly EcsTask[] }>
}
