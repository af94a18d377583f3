/** A part of an image, by what it weighs compressed. */
export interface ImaginedLayer {
  readonly name: string
  readonly bytes: number
  /** Whether it is of the base image, which a machine image may already hold. */
  readonly ofBase: boolean
}

/** A model that a service loads when it starts. */
export interface ImaginedModel {
  readonly id: string
  readonly bytes: number
  /** Whether it is there at the start, in the image or on a mounted file system; otherwise each start downloads it. */
  readonly isPresent: boolean
}

export interface ImaginedService {
  readonly name: string
  readonly layers: readonly ImaginedLayer[]
  readonly models: readonly ImaginedModel[]
}

/** What rolls the services out and by which rules. Durations in milliseconds. */
export type ImaginedFleet =
  | {
      readonly kind: 'asg'
      readonly desired: number
      readonly minHealthyPercentage: number
      readonly maxHealthyPercentage: number
      readonly warmup: number
      readonly bakeTime: number
    }
  | {
      readonly kind: 'ecs'
      /** Of each service. */
      readonly desired: number
      readonly minHealthyPercentage: number
      readonly maxHealthyPercentage: number
      readonly bakeTime: number
    }

/** How fast things go. Durations in milliseconds, rates in bytes a second. */
export interface ImaginedConditions {
  /** From the request for an instance until it runs. */
  readonly launch: number
  /** From there until its user data runs. */
  readonly boot: number
  /** From the request for a task until it pulls. */
  readonly taskProvisioning: number
  readonly healthCheckInterval: number
  /** How long a target that leaves still serves what it has begun. */
  readonly draining: number
  readonly download: number
  readonly unpack: number
  readonly modelDownload: number
  readonly modelLoad: number
  readonly machineImageCarriesBase: boolean
}

/** A rollout to be run in imagination, with everything that it depends on. */
export interface ImaginedRollout {
  readonly fleet: ImaginedFleet
  readonly services: readonly ImaginedService[]
  readonly conditions: ImaginedConditions
  /** Where in its range everything lies that varies from one time to the next, 0 (quick) to 1 (slow). */
  readonly share: number
}

/** How a new target came up, in milliseconds after the rollout was asked for. */
export interface ImaginedStart {
  readonly launchedAt: number
  readonly inServiceAt: number
  /** When all of its models were loaded. */
  readonly readyAt: number
}

/** How an imagined rollout went. Durations in milliseconds. */
export interface RolloutCourse {
  /** From the request until the platform calls it done. */
  readonly duration: number
  readonly starts: readonly ImaginedStart[]
  /** Targets before it, and after it. */
  readonly standing: number
  /** The fewest targets that were healthy at any time, and the most that there were. */
  readonly fewestHealthy: number
  readonly most: number
  /** The same, those on their way out not counted: what the platform holds against a maximum. */
  readonly mostLive: number
  /** What the targets above the desired number come to: their number times how long they were there. */
  readonly surge: number
}
