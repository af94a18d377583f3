/**
 * What AWS leaves open, each as a named choice. The defaults are the readings that its documentation makes likeliest;
 * none of them is stated by AWS.
 */
export interface OpenPoints {
  /** How the maximum healthy percentage becomes a number of instances. ECS documents "rounded down" for its like. */
  readonly maximumHealthyRounding: 'down' | 'up'
  /** Whether launch-before-terminate may take the group above its MaxSize. */
  readonly surgeMayExceedMaxSize: boolean
  /** Whether MinHealthyPercentage 100 with MaxHealthyPercentage omitted launches first; the API reference says no. */
  readonly minimumHundredLaunchesFirst: boolean
  /** Whether the maximum of an instance maintenance policy counts as an explicit one. */
  readonly policyMaximumIsExplicit: boolean
  /** Whether a baking refresh can still be cancelled, rolled back and failed by alarms. */
  readonly bakingIsActive: boolean
  /** Whether the hour after which a blocked refresh fails runs while instances only warm up. */
  readonly warmupCountsAsBlocked: boolean
  /** Whether that hour runs while an alarm without data pauses the refresh. */
  readonly alarmPauseCountsAsBlocked: boolean
  /** Whether InstancesToUpdate falls when a replacement begins, or only when it is warm. */
  readonly remainingFallsWhen: 'begun' | 'warm'
  /** Whether a refresh ends only when the instances it replaced are gone. */
  readonly successWaitsForTerminations: boolean
  /** Whether alarms are watched while a refresh is rolled back. */
  readonly alarmsWatchedDuringRollback: boolean
  /** How a failed rollback is called: the API has RollbackFailed, the page on events says Failed. */
  readonly failedRollbackStatus: 'RollbackFailed' | 'Failed'
  /** Whether a group that has too many instances gives up those that are not ready before older ones. */
  readonly scaleInPrefersUnready: boolean
  /** What becomes of a service deployment that is to be rolled back when none was ever completed; it launches nothing. */
  readonly stalledDeploymentStatus: 'ROLLBACK_FAILED' | 'STOPPED'
  /** Whether a rolling deployment stops old tasks down to the minimum before it has to make room for new ones. */
  readonly stopsOldTasksEarly: boolean
  /** Whether tasks that exit after they were RUNNING count for the circuit breaker, as failed health checks do. */
  readonly exitsAfterRunningCount: boolean
  /** Whether tasks for which there is no capacity count for the circuit breaker. */
  readonly placementFailuresCount: boolean
  /** How long a rolling deployment with alarms bakes when no bake time is given, in seconds; AWS says "less than 5 minutes". */
  readonly alarmBakeSeconds: number
}

/** How fast and how well the machines of this world work. Durations are seconds. */
export interface Conditions {
  /** Between RunInstances and `running`. */
  readonly launchSeconds: number
  /** Between `running` and the start of user data. */
  readonly bootSeconds: number
  /** Between `running` and InService. */
  readonly registrationSeconds: number
  /** Between a refresh's request and its begin. */
  readonly refreshPendingSeconds: number
  readonly shutdownSeconds: number
  readonly deregistrationDelaySeconds: number
  /** Between the start of a Fargate task and that of its pull: its network interface and its machine. */
  readonly taskProvisioningSeconds: number
  /** Between the start of a task's containers and RUNNING. */
  readonly taskActivatingSeconds: number
  /** Between a deployment's request and its begin, and between a failure and the rollback. */
  readonly deploymentPendingSeconds: number
  /** What a function takes that is called by a lifecycle hook, and how it answers. */
  readonly hookFunctionSeconds: number
  readonly hookFunctions: 'SUCCEEDED' | 'FAILED'
  /** What a stage of a traffic shift takes by itself. */
  readonly stageSeconds: number
  /** How much memory a model takes for each of its bytes. */
  readonly modelMemoryFactor: number
  readonly healthCheckIntervalSeconds: number
  readonly healthCheckGraceSeconds: number
  /** The group's DefaultInstanceWarmup; undefined when it has none. */
  readonly defaultWarmupSeconds: number | undefined
  readonly healthCheckType: 'EC2' | 'ELB'
  readonly downloadBytesPerSecond: number
  readonly unpackBytesPerSecond: number
  /** From a model hub, when the image lacks the model. */
  readonly modelDownloadBytesPerSecond: number
  readonly modelLoadBytesPerSecond: number
  /** Whether the machine image already holds the layers of the base images. */
  readonly machineImageCarriesBase: boolean
  /** Whether the instances have an SSM agent that may register. */
  readonly remoteAgents: 'online' | 'none'
  /** What listens on the load balancer's port of plain HTTP: all is redirected, or what is below `/api` and its like is served. */
  readonly plainListener: 'redirects' | 'serves'
  /** Between two lines of ordinary traffic in a service's log; 0 for none. */
  readonly trafficSeconds: number
  /** How many vCPUs of on-demand instances, and of Fargate, the account may have. Only told: nothing is refused for it. */
  readonly vcpuQuota: number
}

/** What goes wrong with releases other than the one that served when the rehearsal began. */
export interface Troubles {
  readonly newImages: 'fine' | 'exit' | 'never-ready' | 'flaky' | 'crash-loop' | 'missing'
  /** With `flaky`: how many of the new instances never get ready, 0 to 1. */
  readonly flakyRate: number
  /** With `crash-loop`: for how long the release serves before it exits, in seconds. */
  readonly crashAfterSeconds: number
  /** The service that has the fault; undefined for the first one that changed. */
  readonly faultyService: string | undefined
  /** How many times longer their models take to load. */
  readonly modelLoadFactor: number
  readonly capacity: 'available' | 'none'
  /** What it answers to requests while its health checks are passed: 503, or other things than the release before. */
  readonly newAnswers: 'fine' | 'unavailable' | 'drifted'
  /** How many times longer the slowest tenth of its answers take. */
  readonly tailFactor: number
  /** Whether its base lacks the models that it says it carries, so that they are downloaded at every start. */
  readonly newModels: 'baked' | 'lacking'
  /** Whether it writes secrets and personal data into its log. */
  readonly newLogs: 'clean' | 'leaking'
  /** Whether the hub gives models to those who download them into a model cache; when gated, to those who have a token. */
  readonly modelHub: 'answers' | 'gated' | 'refuses'
  /** Whether an update of a stack fails at what serves, and can not go back there either. */
  readonly stackUpdates: 'work' | 'stuck'
  /** Whether an alarm goes off once half of the fleet serves the new release. */
  readonly alarm: 'quiet' | 'trips-at-half'
}

/** Everything about a world that can be chosen. */
export interface Switches extends OpenPoints, Conditions, Troubles {}

/** A world in which all goes well and AWS does what its documentation makes likeliest. */
export const defaultSwitches: Switches = {
  maximumHealthyRounding: 'down',
  surgeMayExceedMaxSize: true,
  minimumHundredLaunchesFirst: false,
  policyMaximumIsExplicit: true,
  bakingIsActive: true,
  warmupCountsAsBlocked: false,
  alarmPauseCountsAsBlocked: false,
  remainingFallsWhen: 'begun',
  successWaitsForTerminations: true,
  alarmsWatchedDuringRollback: false,
  failedRollbackStatus: 'RollbackFailed',
  scaleInPrefersUnready: true,
  stalledDeploymentStatus: 'ROLLBACK_FAILED',
  stopsOldTasksEarly: false,
  exitsAfterRunningCount: false,
  placementFailuresCount: true,
  alarmBakeSeconds: 240,

  // pending to running and boot: https://www.daemonology.net/blog/2021-08-12-EC2-boot-time-benchmarking.html
  launchSeconds: 6,
  bootSeconds: 23,
  registrationSeconds: 12,
  refreshPendingSeconds: 4,
  shutdownSeconds: 14,
  deregistrationDelaySeconds: 120,
  taskProvisioningSeconds: 11,
  taskActivatingSeconds: 6,
  deploymentPendingSeconds: 3,
  hookFunctionSeconds: 8,
  hookFunctions: 'SUCCEEDED',
  stageSeconds: 5,
  modelMemoryFactor: 1.3,
  healthCheckIntervalSeconds: 10,
  healthCheckGraceSeconds: 300,
  defaultWarmupSeconds: undefined,
  healthCheckType: 'ELB',
  downloadBytesPerSecond: 150_000_000,
  unpackBytesPerSecond: 90_000_000,
  modelDownloadBytesPerSecond: 40_000_000,
  modelLoadBytesPerSecond: 75_000_000,
  machineImageCarriesBase: false,
  remoteAgents: 'online',
  plainListener: 'redirects',
  trafficSeconds: 60,
  vcpuQuota: 256,

  newImages: 'fine',
  flakyRate: 0,
  crashAfterSeconds: 45,
  faultyService: undefined,
  modelLoadFactor: 1,
  newAnswers: 'fine',
  tailFactor: 1,
  newModels: 'baked',
  newLogs: 'clean',
  capacity: 'available',
  alarm: 'quiet',
  modelHub: 'answers',
  stackUpdates: 'work',
}
