import type { Digest } from '../domain/digest.js'
import type { Forecast, WarmupAdvice } from '../domain/forecast.js'
import type { HookName, NoticeName } from '../domain/hook.js'
import type { StackChange } from '../domain/infra.js'
import type { LockHolder } from '../domain/lock-holder.js'
import type { ModelLoad } from '../domain/model-load.js'
import type { Cause, RolloutOutcome, TargetProof } from '../domain/outcome.js'
import type { Phase } from '../domain/phase.js'
import type { DeployPrediction, PredictionResult } from '../domain/prediction.js'
import type { Release, Revision } from '../domain/release.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import type { Target } from '../domain/target.js'
import type { CriterionLine, VerifiedCheck } from '../domain/verification.js'

/** The version of the event format. It rises when a reader of the older one would go wrong. */
export const eventVersion = 1

/** What happened, without its place in the stream. Sizes are bytes, durations milliseconds. */
export type EventBody =
  | {
      readonly type: 'run.started'
      readonly command: string
      readonly app: string
      readonly environment: string
      /** True when the cloud is the rehearsal: nothing of it is real. */
      readonly simulated: boolean
      /** What is simulated, e.g. the scenario and the speed of its clock; only when simulated. */
      readonly simulation?: string
      /** The phases that this run means to go through, in order, when that is known beforehand. */
      readonly phases?: readonly Phase[]
    }
  | { readonly type: 'phase.started'; readonly phase: Phase }
  | {
      readonly type: 'phase.finished'
      readonly phase: Phase
      readonly outcome: 'done' | 'failed' | 'skipped'
      readonly duration: number
      /** A few words on the result, e.g. `2 images, 1.2 MB uploaded`. */
      readonly detail?: string
    }
  | {
      readonly type: 'check.done'
      readonly name: string
      readonly result: 'ok' | 'warn' | 'fail' | 'skip'
      readonly detail: string
      readonly remedy?: string
    }
  | {
      readonly type: 'plan.made'
      readonly release: Release
      readonly from: Revision
      readonly targets: number
      /** How long this should take, when it can be known. */
      readonly estimate?: number
      /** The same for the whole run, phase by phase, from earlier deploys and the state machines of the platform. */
      readonly prediction?: DeployPrediction
    }
  | { readonly type: 'image.step'; readonly service: string; readonly step: string; readonly detail?: string }
  | {
      readonly type: 'model.progress'
      readonly service: string
      /** The model's id. */
      readonly model: string
      /** Bytes of its files that are on this machine, those of earlier runs included; fewer than before when wrong ones were thrown away. */
      readonly received: number
      readonly total: number
    }
  | {
      readonly type: 'layer.progress'
      readonly service: string
      readonly digest: Digest
      readonly sent: number
      readonly total: number
    }
  | {
      readonly type: 'image.pushed'
      readonly service: string
      readonly repository: string
      readonly digest: Digest
      readonly tags: readonly string[]
      /** Bytes of the app layer as it is stored. */
      readonly layerBytes: number
      /** Bytes of layers that had to be uploaded; 0 when the registry had them all. */
      readonly uploadedLayerBytes: number
      /** True when the registry had this very image, so that nothing at all was sent. */
      readonly unchanged: boolean
    }
  /** Another run changes the environment: this one waits for it, at most for `patience`. */
  | { readonly type: 'lock.waiting'; readonly holder: LockHolder; readonly patience: number }
  /** From here on nobody else changes the environment; `waited` is how long that took. */
  | { readonly type: 'lock.acquired'; readonly waited: number }
  | {
      readonly type: 'release.recorded'
      readonly release: Release
      readonly revision: Revision
      readonly reused: boolean
    }
  | {
      readonly type: 'rollout.started'
      /** The platform's own id, e.g. that of the instance refresh. */
      readonly id: string
      readonly attached: boolean
      readonly group: string
      readonly targets: number
    }
  | {
      readonly type: 'rollout.progress'
      readonly id: string
      /** The platform's own status word, e.g. `InProgress`, `Baking`, `RollbackInProgress`. */
      readonly status: string
      readonly percentage: number
      readonly remaining: number
      readonly reason?: string
    }
  /** What the rollout, or the fleet at rest, is about. */
  | { readonly type: 'fleet.seen'; readonly facts: RolloutFacts }
  | { readonly type: 'target.changed'; readonly target: Target; readonly note?: string }
  | { readonly type: 'target.gone'; readonly id: string; readonly revision: string; readonly note?: string }
  | { readonly type: 'target.load'; readonly target: string; readonly load: ModelLoad }
  /** The likeliest cause while the rollout stalls or turns; the last one holds, none when it has gone. */
  | { readonly type: 'cause'; readonly cause?: Cause }
  | { readonly type: 'forecast'; readonly forecast: Forecast }
  | { readonly type: 'warmup.advice'; readonly advice: WarmupAdvice }
  | { readonly type: 'checkpoint'; readonly percentage: number; readonly detail: string }
  | { readonly type: 'alarm'; readonly name: string; readonly state: string }
  | {
      readonly type: 'log.line'
      readonly target: string
      readonly time: string
      readonly text: string
      /** True for a line that speaks of an error. */
      readonly trouble?: boolean
    }
  /** A program of the user's runs, at the moment that its name tells. */
  | { readonly type: 'hook.started'; readonly hook: HookName }
  /** A line that it wrote, on either of its streams; bounded. */
  | { readonly type: 'hook.line'; readonly hook: HookName; readonly text: string }
  | {
      readonly type: 'hook.finished'
      readonly hook: HookName
      /** `stopped` when it was ended because the run was. */
      readonly outcome: 'done' | 'failed' | 'stopped'
      /** By the machine's own clock: hooks are real also in a rehearsal. */
      readonly duration: number
      readonly exitCode?: number
      /** Why it failed, e.g. `it ended with code 3`. */
      readonly reason?: string
    }
  /** A notice was posted; `to` is the host that took it. */
  | { readonly type: 'notice.sent'; readonly notice: NoticeName; readonly to: string }
  | { readonly type: 'warning'; readonly message: string; readonly next?: readonly string[] }
  | {
      readonly type: 'rollout.finished'
      readonly id: string
      readonly outcome: RolloutOutcome
      readonly status: string
      readonly reason?: string
      readonly cause?: Cause
    }
  | {
      readonly type: 'proof'
      readonly targets: readonly TargetProof[]
      readonly proved: number
      readonly total: number
    }
  /** All checks of a release are made; each was told as `check.done`. */
  | {
      readonly type: 'verified'
      readonly checks: readonly VerifiedCheck[]
      /** What the team has agreed on, where rampart.yml says it. */
      readonly criteria: readonly CriterionLine[]
    }
  /** What the deploy was predicted to take against what it took, and why they differ. */
  | { readonly type: 'prediction.compared'; readonly result: PredictionResult }
  /** What CloudFormation would do, or is about to do, to a stack. */
  | {
      readonly type: 'stack.planned'
      readonly stack: string
      readonly operation: 'create' | 'update' | 'delete'
      readonly changes: readonly StackChange[]
    }
  /** What CloudFormation says of a resource while it changes a stack, in its own words. */
  | {
      readonly type: 'stack.changed'
      readonly stack: string
      /** The logical id. */
      readonly resource: string
      readonly resourceType: string
      /** e.g. `CREATE_IN_PROGRESS`, `UPDATE_FAILED`. */
      readonly status: string
      readonly reason?: string
    }
  | { readonly type: 'detached'; readonly goesOn: string; readonly comeBack: string }
  | {
      readonly type: 'run.finished'
      /** A name of `exitCodes`, e.g. `done`, `rolledBack`. */
      readonly ending: string
      readonly exitCode: number
      readonly message: string
      /** Everything that was found wrong, one line each with its place; left out when the message says it all. */
      readonly problems?: readonly string[]
      readonly next: readonly string[]
      readonly duration: number
    }

export type EventType = EventBody['type']

/** One event of a run: self-contained, numbered from 1 without gaps, and timed by the run's clock. */
export type Event = { readonly v: typeof eventVersion; readonly seq: number; readonly at: string } & EventBody

/** Where a part of a run sends what happens. It never throws and never waits. */
export type Emit = (body: EventBody) => void
