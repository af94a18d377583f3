import type { Refusal } from './auto-scaling.js'

/**
 * Amazon ECS as the ecs driver sees it, in AWS's own words. Times are milliseconds since 1970. All methods reject with
 * RampartErrors; what AWS refuses with a code of its own keeps it in {@link Refusal}.
 */
export interface EcsCluster {
  readonly name: string
  readonly arn: string
  readonly status: string
}

export interface EcsAlarms {
  readonly names: readonly string[]
  readonly enable: boolean
  readonly rollback: boolean
}

/** How a service's tasks are replaced; undefined is what AWS did not say. */
export interface EcsDeploymentConfiguration {
  readonly minimumHealthyPercent?: number
  readonly maximumPercent?: number
  readonly strategy?: string
  readonly bakeTimeInMinutes?: number
  readonly alarms?: EcsAlarms
}

/** What a rollout changes of a service's deployment configuration; all else of it stays. */
export interface EcsDeploymentChange {
  readonly minimumHealthyPercent: number
  readonly maximumPercent: number
  readonly alarms: readonly string[]
  readonly circuitBreaker?: {
    readonly type: EcsThresholdType
    readonly value: number
    readonly resetOnHealthyTask: boolean
  }
  readonly earlySuccess?: { readonly healthyPercent: number; readonly cleanup: 'BLOCKING' | 'DEFERRED' }
  readonly strategy?: EcsStrategy
  readonly bakeTimeInMinutes?: number
}

export type EcsThresholdType = 'BOUNDED_PERCENT' | 'UNBOUNDED_PERCENT' | 'COUNT'

export type EcsStrategy =
  | { readonly kind: 'ROLLING' | 'BLUE_GREEN' }
  | { readonly kind: 'CANARY'; readonly percent: number; readonly bakeTimeInMinutes: number }
  | { readonly kind: 'LINEAR'; readonly stepPercent: number; readonly stepBakeTimeInMinutes: number }

export interface EcsLoadBalancer {
  readonly targetGroupArn?: string
  readonly container: string
  readonly port?: number
  /** The other target group of a blue/green service. */
  readonly alternateTargetGroupArn?: string
}

export interface EcsService {
  readonly name: string
  readonly arn: string
  readonly status: string
  readonly desiredCount: number
  readonly launchType?: string
  readonly platformVersion?: string
  /** The ARN of the task definition that its newest deployment moves it to. */
  readonly taskDefinition: string
  readonly controller: string
  readonly scheduling: string
  readonly healthCheckGracePeriod?: number
  readonly loadBalancers: readonly EcsLoadBalancer[]
  readonly subnets: readonly string[]
  readonly configuration: EcsDeploymentConfiguration
  /** Newest first, at most a hundred. */
  readonly events: readonly { readonly at: number; readonly message: string }[]
}

/** A container of a task definition, as far as a rollout reads it. */
export interface EcsContainer {
  readonly name: string
  readonly image: string
  readonly hasHealthCheck: boolean
  /** Its own health check as one text; undefined when it has none. */
  readonly healthCommand?: string
  /** The ports that it listens on. */
  readonly ports?: readonly number[]
  readonly logs?: { readonly group: string; readonly streamPrefix: string }
}

export interface EcsTaskDefinition {
  readonly arn: string
  readonly family: string
  readonly revision: number
  readonly status: string
  readonly executionRoleArn?: string
  readonly taskRoleArn?: string
  /** `X86_64` or `ARM64`; undefined means the first. */
  readonly cpuArchitecture?: string
  readonly containers: readonly EcsContainer[]
  /** Bytes of a task: what it reserves, and what it may have at most, where both are bounded. */
  readonly memory?: { readonly reserved: number; readonly limit?: number }
  /** Where its containers take secrets from: ARNs, or names of parameters; each once. */
  readonly secrets: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** All of it as AWS answers, to make another one of it; opaque. */
  readonly whole: object
}

export interface RegisterTaskDefinition {
  /** All that is not named here is taken from it. */
  readonly source: EcsTaskDefinition
  /** References by the name of the container. */
  readonly images: ReadonlyMap<string, string>
  readonly tags: Readonly<Record<string, string>>
}

export type EcsDeploymentStatus =
  | 'PENDING'
  | 'IN_PROGRESS'
  | 'SUCCESSFUL'
  | 'STOP_REQUESTED'
  | 'STOPPED'
  | 'ROLLBACK_REQUESTED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_SUCCESSFUL'
  | 'ROLLBACK_FAILED'

/** A line of a service's list of deployments. */
export interface EcsDeploymentBrief {
  readonly arn: string
  readonly createdAt: number
  readonly finishedAt?: number
  readonly status: EcsDeploymentStatus
  readonly statusReason?: string
  readonly targetRevisionArn: string
}

export interface EcsHook {
  readonly id: string
  /** `PAUSE` waits for a person, `AWS_LAMBDA` for a function. */
  readonly kind: string
  readonly status: string
  readonly expiresAt?: number
}

export interface EcsDeployment extends EcsDeploymentBrief {
  readonly serviceArn: string
  /** Of the revisions that it replaces. */
  readonly sourceRevisionArns: readonly string[]
  readonly requested: number
  readonly running: number
  readonly pending: number
  /** Percent of the production traffic that the new revision gets; undefined where none is shifted. */
  readonly trafficWeight?: number
  readonly stage?: string
  readonly hooks: readonly EcsHook[]
  readonly rollback?: { readonly reason: string }
  readonly breaker: { readonly status: string; readonly failures: number; readonly threshold: number }
  readonly alarms: { readonly status: string; readonly names: readonly string[]; readonly triggered: readonly string[] }
  readonly configuration: EcsDeploymentConfiguration
}

export interface EcsTaskContainer {
  readonly name: string
  readonly image: string
  /** What really runs, as ECS reports it. */
  readonly imageDigest?: string
  readonly exitCode?: number
  readonly reason?: string
}

export interface EcsTask {
  readonly id: string
  readonly arn: string
  readonly zone: string
  readonly taskDefinition: string
  readonly lastStatus: string
  readonly desiredStatus: string
  readonly healthStatus: string
  readonly createdAt?: number
  readonly startedAt?: number
  readonly stoppedAt?: number
  readonly stopCode?: string
  readonly stoppedReason?: string
  /** Of its network interface. */
  readonly address?: string
  readonly containers: readonly EcsTaskContainer[]
}

export interface UpdateEcsService {
  readonly cluster: string
  readonly service: string
  readonly taskDefinition: string
  /** Replaces tasks even when nothing of the service changes. */
  readonly force: boolean
  /** Left out, the service keeps its configuration. */
  readonly configuration?: EcsDeploymentChange
}

export interface Ecs {
  describeCluster(name: string): Promise<EcsCluster | undefined>
  /** Those of the named services that exist, in that order. */
  describeServices(cluster: string, names: readonly string[]): Promise<readonly EcsService[]>
  /** By ARN, `family:revision` or family; undefined when there is none. */
  describeTaskDefinition(name: string): Promise<EcsTaskDefinition | undefined>
  /** ARNs of the family's active revisions with a number above that one, newest first. */
  listTaskDefinitions(family: string, above: number): Promise<readonly string[]>
  /** Asked once: a repeated request would make a second revision. */
  registerTaskDefinition(request: RegisterTaskDefinition): Promise<EcsTaskDefinition>
  /** What registering that would make, in `whole`, but for what AWS itself adds. Pure: nobody is asked. */
  foreseeTaskDefinition(request: RegisterTaskDefinition): EcsTaskDefinition['whole']
  /** With `force` it is asked once: a repeated request would start a second deployment. */
  updateService(request: UpdateEcsService): Promise<{ readonly refused?: Refusal }>
  /** Newest first, those made at `since` or later; AWS keeps 90 days of them. */
  listServiceDeployments(cluster: string, service: string, since?: number): Promise<readonly EcsDeploymentBrief[]>
  describeServiceDeployments(arns: readonly string[]): Promise<readonly EcsDeployment[]>
  /** The ARNs of the revisions' task definitions, by the ARN of the revision. */
  taskDefinitionsOf(revisionArns: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Has AWS go back to the revision before. */
  rollBackServiceDeployment(arn: string): Promise<Refusal | undefined>
  /** Has AWS stop where it is: tasks of both revisions go on. */
  abortServiceDeployment(arn: string): Promise<Refusal | undefined>
  /** Sets how many tasks a service wants. */
  resizeService(cluster: string, service: string, desired: number): Promise<Refusal | undefined>
  continueServiceDeployment(arn: string, hookId: string): Promise<Refusal | undefined>
  /** Tasks of a service that are wanted, or that were stopped in about the last hour. */
  describeTasks(cluster: string, service: string, wanted: 'RUNNING' | 'STOPPED'): Promise<readonly EcsTask[]>
}
