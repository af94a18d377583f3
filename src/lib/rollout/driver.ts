import type { FleetStatus } from '../domain/fleet-status.js'
import type { Cause, RolloutOutcome, TargetProof } from '../domain/outcome.js'
import type { Release, Revision } from '../domain/release.js'
import type { Target } from '../domain/target.js'
import type { RampartError } from '../errors/rampart-error.js'

/** A rollout under way, by the platform's own id. Times are milliseconds since 1970. */
export interface RolloutHandle {
  readonly id: string
  readonly startedAt: number
  /** True when it was found running rather than started by this call. */
  readonly attached: boolean
}

/** A target of the new revision that never got to serve, or one that could not be launched at all. */
export interface FailedStart {
  /** The target's id, or the activity's when there never was a target. */
  readonly id: string
  readonly launched: boolean
  readonly message: string
}

/** One look at a rollout. */
export interface Observation {
  /** The platform's own status word. */
  readonly status: string
  readonly direction: 'forward' | 'back'
  /** How it ended; undefined while it runs. */
  readonly outcome?: RolloutOutcome
  readonly percentage: number
  readonly remaining: number
  readonly reason?: string
  /** The highest checkpoint, in percent, that was reached. */
  readonly checkpoint?: number
  readonly targets: readonly Target[]
  /** All since the rollout began. */
  readonly failedStarts: readonly FailedStart[]
}

/** One named question asked before anything is changed. */
export interface Check {
  readonly name: string
  readonly result: 'ok' | 'warn' | 'fail' | 'skip'
  readonly detail: string
  /** What to do about it; a command stands alone. */
  readonly remedy?: string
}

export interface StartOptions {
  /** Replaces targets even when the revision launched them already. */
  readonly force: boolean
  readonly signal: AbortSignal
}

/** The platform half of a rollout: what the engine asks of an Auto Scaling group, and later of an ECS service. */
export interface Driver {
  /** E.g. the group's name, for people. */
  readonly fleet: string
  /** How many targets the fleet is to have, and about how long a rollout to all of them takes, in milliseconds. */
  plan(): Promise<{ readonly targets: number; readonly estimate: number }>
  /** Everything that the platform would refuse or silently ignore, asked before anything is changed. */
  preflight(registryHost: string, repositories: readonly string[]): Promise<readonly Check[]>
  /** The revision that the fleet is on, or comes from while a rollout is under way. */
  current(): Promise<Revision>
  /** The revision that launches the release, when an earlier run made it or the fleet is on it. */
  find(release: Release): Promise<Revision | undefined>
  /** Makes the revision that launches the release; the same one again when it is asked twice. */
  record(release: Release): Promise<Revision>
  /** The rollout that is under way, and the conflict that it is to a different one; undefined at rest. */
  underWay(): Promise<{ readonly revision?: Revision; readonly conflict: RampartError } | undefined>
  /** True when every target is launched by the revision and nothing is under way. */
  settledOn(revision: Revision): Promise<boolean>
  status(registryHost: string, repositories: readonly string[]): Promise<FleetStatus>
  /**
   * Starts the rollout, or attaches to the one that moves the fleet to this revision already. Rejects with the signal's
   * reason when it is aborted before anything was asked for, with kind `unknown` when nobody can tell whether it began.
   */
  start(revision: Revision, options: StartOptions): Promise<RolloutHandle>
  observe(handle: RolloutHandle, revision: Revision): Promise<Observation>
  /** Asks the platform to go back; the outcome comes by observing. Gives why it will not, when it will not. */
  rollBack(handle: RolloutHandle): Promise<RampartError | undefined>
  /** The likeliest cause of what was last observed. A witness that cannot be asked is left out, never a failure. */
  explain(handle: RolloutHandle, revision: Revision, last: Observation): Promise<Cause | undefined>
  /** What can be proved of each target now. */
  prove(revision: Revision, release: Release): Promise<readonly TargetProof[]>
}
