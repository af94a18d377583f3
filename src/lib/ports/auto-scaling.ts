/**
 * EC2 Auto Scaling, EC2 and Elastic Load Balancing as the asg driver sees them, in AWS's own words.
 * All methods reject with RampartErrors; what AWS refuses with a code of its own keeps it in {@link Refusal}.
 */
export interface LaunchTemplateSpecification {
  readonly id: string
  readonly name: string
  /** A number, `$Latest` or `$Default`, as the group has it. */
  readonly version: string
}

export interface GroupInstance {
  readonly id: string
  readonly zone: string
  readonly lifecycleState: string
  readonly healthStatus: string
  readonly launchTemplate?: LaunchTemplateSpecification
  readonly protectedFromScaleIn: boolean
}

export interface AutoScalingGroup {
  readonly name: string
  readonly desiredCapacity: number
  readonly minSize: number
  readonly maxSize: number
  readonly zones: readonly string[]
  /** Undefined when the group uses a launch configuration or a mixed-instances policy. */
  readonly launchTemplate?: LaunchTemplateSpecification
  readonly mixedInstances: boolean
  readonly targetGroupArns: readonly string[]
  readonly subnets: readonly string[]
  readonly hasWarmPool: boolean
  readonly healthCheckType: string
  readonly healthCheckGracePeriod: number
  readonly defaultInstanceWarmup?: number
  /** Auto Scaling processes that somebody suspended, e.g. `Launch`. */
  readonly suspendedProcesses: readonly string[]
  readonly instances: readonly GroupInstance[]
}

export type InstanceRefreshStatus =
  | 'Pending'
  | 'InProgress'
  | 'Successful'
  | 'Failed'
  | 'Cancelling'
  | 'Cancelled'
  | 'RollbackInProgress'
  | 'RollbackFailed'
  | 'RollbackSuccessful'
  | 'Baking'

export interface InstanceRefresh {
  readonly id: string
  readonly status: InstanceRefreshStatus
  readonly statusReason?: string
  readonly startTime?: number
  readonly endTime?: number
  readonly percentageComplete: number
  readonly instancesToUpdate: number
  /** What the group is moved to; undefined when the refresh was started without one. */
  readonly launchTemplate?: LaunchTemplateSpecification
  readonly rollbackReason?: string
  /** As AWS resolved them when it began. Seconds. */
  readonly preferences: {
    readonly minHealthyPercentage?: number
    readonly maxHealthyPercentage?: number
    readonly instanceWarmup?: number
    readonly bakeTime?: number
    readonly checkpointPercentages: readonly number[]
    readonly alarms: readonly string[]
    /** False when instances of the wanted version are replaced as well. */
    readonly skipMatching?: boolean
  }
}

export interface StartInstanceRefresh {
  readonly group: string
  readonly launchTemplate: { readonly id: string; readonly version: string }
  readonly minHealthyPercentage: number
  readonly maxHealthyPercentage: number
  readonly instanceWarmup?: number
  readonly skipMatching: boolean
  readonly autoRollback: boolean
  readonly checkpointPercentages: readonly number[]
  readonly checkpointDelay?: number
  readonly bakeTime: number
  readonly alarms: readonly string[]
}

export interface ScalingActivity {
  readonly id: string
  readonly startTime: number
  /** Undefined while it goes on. */
  readonly endTime?: number
  readonly statusCode: string
  readonly statusMessage?: string
  readonly description: string
  readonly cause: string
}

/** What AWS refused and why, by its own code; the code `InstanceRefreshInProgress` is one to act on. */
export interface Refusal {
  readonly code: string
  readonly message: string
}

/** Between which sizes something may be scaled. */
export interface Bounds {
  readonly min: number
  readonly max: number
}

export type StartAnswer = { readonly id: string } | { readonly refused: Refusal }

export interface AutoScaling {
  describeGroup(name: string): Promise<AutoScalingGroup | undefined>
  /** Newest first, of the last six weeks. */
  describeInstanceRefreshes(group: string): Promise<readonly InstanceRefresh[]>
  describeInstanceRefresh(group: string, id: string): Promise<InstanceRefresh | undefined>
  startInstanceRefresh(request: StartInstanceRefresh): Promise<StartAnswer>
  cancelInstanceRefresh(group: string): Promise<Refusal | undefined>
  rollbackInstanceRefresh(group: string): Promise<Refusal | undefined>
  /** Sets how many instances the group wants, within its bounds; with bounds, sets those at the same time. */
  resizeGroup(group: string, desired: number, bounds?: Bounds): Promise<Refusal | undefined>
  /** Newest first, those that started at `since` (milliseconds) or later. */
  describeScalingActivities(group: string, since: number): Promise<readonly ScalingActivity[]>
}

export interface LaunchTemplateVersion {
  readonly templateId: string
  readonly templateName: string
  readonly number: number
  readonly description: string
  readonly createdAt: number
  readonly imageId?: string
  readonly instanceType?: string
  /** As stored: base64 of what the instance gets; undefined when there is none. */
  readonly userData?: string
  readonly instanceTags: Readonly<Record<string, string>>
  /** The tag specifications of other resources, kept as they are when a version is made from this one. */
  readonly otherTagSpecifications: readonly {
    readonly resourceType: string
    readonly tags: Readonly<Record<string, string>>
  }[]
  /** All that it launches with, as AWS answers; opaque. */
  readonly whole: object
}

export interface CreateLaunchTemplateVersion {
  readonly templateId: string
  /** All that is not named here is inherited from it. */
  readonly sourceVersion: number
  readonly description: string
  readonly userData: string
  readonly instanceTags: Readonly<Record<string, string>>
  readonly otherTagSpecifications: LaunchTemplateVersion['otherTagSpecifications']
  /** The same token gives the same version again. */
  readonly clientToken: string
}

export interface LaunchTemplates {
  /** `version` may be a number, `$Latest` or `$Default`. */
  describeVersion(templateId: string, version: string): Promise<LaunchTemplateVersion | undefined>
  /** Newest first, those with a number above that one. */
  listVersions(templateId: string, above: number): Promise<readonly LaunchTemplateVersion[]>
  createVersion(request: CreateLaunchTemplateVersion): Promise<LaunchTemplateVersion>
  /** What a version that is made from the source by that request would hold, in `whole`. Pure: nobody is asked. */
  foresee(source: LaunchTemplateVersion, request: CreateLaunchTemplateVersion): LaunchTemplateVersion['whole']
  /** Bytes of memory by instance type; one that AWS does not know is left out. */
  memoryOf(types: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Private addresses of those of the instances that exist and have one; of the first 200. */
  describeAddresses(instances: readonly string[]): Promise<ReadonlyMap<string, { readonly host: string }>>
  /** Asks AWS whether this identity may make versions of the template. Makes none; rejects when it may not. */
  mayCreateVersion(templateId: string, sourceVersion: string): Promise<void>
}

export interface TargetGroup {
  readonly arn: string
  readonly name: string
  readonly healthCheckPath: string
  readonly healthCheckInterval: number
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  readonly port: number
  readonly loadBalancerArns: readonly string[]
}

export interface TargetHealthDescription {
  readonly targetGroupArn: string
  readonly targetId: string
  readonly state: string
  readonly reason?: string
  readonly description?: string
}

export interface LoadBalancing {
  describeTargetGroups(arns: readonly string[]): Promise<readonly TargetGroup[]>
  describeTargetHealth(arns: readonly string[]): Promise<readonly TargetHealthDescription[]>
  /** How long a target that leaves still serves what it has begun, in seconds: the longest of the groups; undefined for none. */
  drainingOf(arns: readonly string[]): Promise<number | undefined>
}
