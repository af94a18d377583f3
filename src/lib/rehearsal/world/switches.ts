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
  /** Between two lines of ordinary traffic in a service's log; 0 for none. */
  readonly trafficSeconds: number
}

/** What goes wrong with releases other than the one that served when the rehearsal began. */
export interface Troubles {
  readonly newImages: 'fine' | 'exit' | 'never-ready' | 'flaky'
  /** With `flaky`: how many of the new instances never get ready, 0 to 1. */
  readonly flakyRate: number
  /** How many times longer their models take to load. */
  readonly modelLoadFactor: number
  readonly capacity: 'available' | 'none'
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

  // pending to running and boot: https://www.daemonology.net/blog/2021-08-12-EC2-boot-time-benchmarking.html
  launchSeconds: 6,
  bootSeconds: 23,
  registrationSeconds: 12,
  refreshPendingSeconds: 4,
  shutdownSeconds: 14,
  deregistrationDelaySeconds: 120,
  healthCheckIntervalSeconds: 10,
  healthCheckGraceSeconds: 300,
  defaultWarmupSeconds: undefined,
  healthCheckType: 'ELB',
  downloadBytesPerSecond: 150_000_000,
  unpackBytesPerSecond: 90_000_000,
  modelDownloadBytesPerSecond: 40_000_000,
  modelLoadBytesPerSecond: 75_000_000,
  machineImageCarriesBase: false,
  trafficSeconds: 60,

  newImages: 'fine',
  flakyRate: 0,
  modelLoadFactor: 1,
  capacity: 'available',
  alarm: 'quiet',
}
