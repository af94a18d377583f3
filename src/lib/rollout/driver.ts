import type { FleetStatus } from '../domain/fleet-status.js'
import type { MemoryRoom } from '../domain/measured-memory.js'
import type { ModelLoad } from '../domain/model-load.js'
import type { Cause, RolloutOutcome, TargetProof } from '../domain/outcome.js'
import type { Release, Revision } from '../domain/release.js'
import type { RevisionFacts, RolloutFacts } from '../domain/rollout-facts.js'
import type { Target, TargetAddress } from '../domain/target.js'
import type { RampartError } from '../errors/rampart-error.js'
import type { Bounds } from '../ports/auto-scaling.js'

/** A rollout under way, by the platform's own id. Times are milliseconds since 1970. */
export interface RolloutHandle {
  readonly id: string
  readonly startedAt: number
  /** When it was taken up again after nothing of it had moved; its time is counted from then. */
  readonly resumedAt?: number
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
  /** With `launchedAt` and `inServiceAt` of those that this rollout launched. */
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
  /** Milliseconds, in place of what the driver was configured with; only where the platform knows a warmup. */
  readonly warmup?: number
  /**
   * The way back to what served before: nothing is waited for that is there to watch something new (checkpoints, bakes,
   * traffic that shifts by degrees), and guards that ring already are left out. The platform would refuse to begin, and
   * what rings may be just what this rollout is to end.
   */
  readonly back?: boolean
  readonly signal: AbortSignal
}

/** A rollout that the platform lists, under way or ended, whoever started it and with whatever tool. */
export interface ListedRollout {
  /** To observe it by; `attached` is true. */
  readonly handle: RolloutHandle
  /**
   * What it moves the fleet to. One that names nothing itself, e.g. a refresh that was started in the console without a
   * desired configuration, moves it to what the fleet has.
   */
  readonly revision: Revision
  /** The platform's own status word. */
  readonly status: string
  /** How it ended; undefined while it runs. */
  readonly outcome?: RolloutOutcome
  /** Milliseconds since 1970; undefined while it runs. */
  readonly endedAt?: number
  /** What the one who started it wrote, or the platform's own reason. */
  readonly reason?: string
}

/** The state of an alarm that guards a rollout, in the platform's own word. */
export interface GuardState {
  readonly name: string
  readonly state: string
}

/** When a target was launched and went into service; milliseconds since 1970. */
export interface Launch {
  readonly target: string
  readonly launchedAt: number
  readonly inServiceAt: number
}

/** What the targets' own logs tell beside what the platform does. */
export interface Testimony {
  /** By target, those that are gone included. */
  readonly loads: ReadonlyMap<string, ModelLoad>
  /** How often each target's process has begun anew; those that never did are left out. */
  readonly restarts?: ReadonlyMap<string, number>
}

/** What the platform keeps of a revision, whether the fleet is on it or not. */
export interface StoredRevision extends RevisionFacts {
  /** Why it can not be launched any more, e.g. that it was deleted; undefined when it can. */
  readonly gone?: string
  /** Where it takes secrets from: ARNs, or names of parameters. */
  readonly secrets: readonly string[]
}

/** How many targets one part of a fleet wants and has: the group, or one service of a cluster. */
export interface FleetSize {
  /** As the platform names it. */
  readonly name: string
  /** As rampart.yml names the service; undefined where the fleet is one whole. */
  readonly service?: string
  readonly desired: number
  /** Undefined where the platform itself sets none. */
  readonly bounds?: Bounds
  readonly targets: readonly Target[]
}

/** The platform half of a rollout: what the engine asks of an Auto Scaling group, or of the services of an ECS cluster. */
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
  /**
   * One look. Where the platform moves one service at a time, the driver that has started or joined the rollout moves the
   * next one here, and takes back what was moved when one fails; who only watches changes nothing.
   */
  observe(handle: RolloutHandle, revision: Revision): Promise<Observation>
  /** What goes on when nobody watches any more, in a few words. */
  goesOn(handle: RolloutHandle): string
  /** Lets a rollout go on that waits for a person, and says how many did; only where the platform knows such stops. */
  continuePaused?(): Promise<number>
  /** Asks the platform to go back; the outcome comes by observing. Gives why it will not, when it will not. */
  rollBack(handle: RolloutHandle): Promise<RampartError | undefined>
  /** Asks the platform to stop where it is: targets of both revisions serve then. Gives why it will not. */
  cancel(handle: RolloutHandle): Promise<RampartError | undefined>
  /** True when a rollout is under way that moves forward to this revision: `start` would join it. */
  isMovingTo(revision: Revision): Promise<boolean>
  /**
   * The memory that the next targets have, where it may be another than those of that revision had: by service, or of the
   * whole machine. Empty where nothing has changed, or nothing tells.
   */
  rooms(since: Revision): Promise<ReadonlyMap<string, MemoryRoom>>
  stored(revision: Revision, registryHost: string, repositories: readonly string[]): Promise<StoredRevision>
  /** In the order of the rollout. */
  sizes(): Promise<readonly FleetSize[]>
  /** Has the platform launch or end targets of a part, by its name; with bounds, those are set too. Gives its refusal. */
  resize(name: string, desired: number, bounds?: Bounds): Promise<RampartError | undefined>
  /**
   * The likeliest cause of what was last observed, be it that the rollout failed or that it does not move on; undefined
   * when nothing is wrong. A witness that cannot be asked is left out, never a failure.
   */
  explain(
    handle: RolloutHandle,
    revision: Revision,
    last: Observation,
    testimony?: Testimony,
  ): Promise<Cause | undefined>
  /** Where targets are reached from within their network, as far as the platform says; by their ids. */
  addresses(targets: readonly string[]): Promise<ReadonlyMap<string, TargetAddress>>
  /** What can be proved of each target now. */
  prove(revision: Revision, release: Release): Promise<readonly TargetProof[]>

  /*
   * What watching asks beside that. Whoever watches gets the same answers at the same time, the run that started the
   * rollout included, and the number of calls does not grow with the number of targets (pages of a listing aside).
   */

  /** The rollout under way, else the newest that the platform lists; the one of that id when one is given. */
  latest(id?: string): Promise<ListedRollout | undefined>
  /**
   * Earlier rollouts of this fleet, newest first: those before that one when one is given. Only those that the platform
   * still lists, e.g. six weeks (asg) or 90 days (ecs) of them.
   */
  history(before?: RolloutHandle): Promise<readonly ListedRollout[]>
  /**
   * What that rollout is about and by which rules the platform moves it, as it was started and not as rampart.yml has it
   * now; the fleet at rest when none is given. Asked again when something may have changed: once at the beginning, once
   * at the end.
   */
  facts(
    rollout: ListedRollout | undefined,
    registryHost: string,
    repositories: readonly string[],
  ): Promise<RolloutFacts>
  /** Those that the platform launched and put in service since that time, as far as it still tells; oldest first. */
  launches(since: number): Promise<readonly Launch[]>
  /** The fleet's targets now, as `observe` gives them; new are those that the revision launched. */
  targets(revision: Revision): Promise<readonly Target[]>
  /** One call: the states of the named alarms that exist, in their order. Empty without a call when there are none. */
  guards(names: readonly string[]): Promise<readonly GuardState[]>
  /** The target that writes that log stream; undefined when the name tells none. Pure. */
  targetOf(stream: string): string | undefined
}
