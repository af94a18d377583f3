import type { StackChange } from '../domain/infra.js'
import type { Digest } from '../domain/digest.js'
import type { Forecast, WarmupAdvice } from '../domain/forecast.js'
import type { HookName } from '../domain/hook.js'
import type { LockHolder } from '../domain/lock-holder.js'
import type { ModelLoad } from '../domain/model-load.js'
import type { Cause, RolloutOutcome, TargetProof } from '../domain/outcome.js'
import { phases, type Phase } from '../domain/phase.js'
import type { DeployPrediction, PredictionResult } from '../domain/prediction.js'
import type { Release, Revision } from '../domain/release.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import type { Target } from '../domain/target.js'
import type { CriterionLine, VerifiedCheck } from '../domain/verification.js'

/** Every phase there is, in the order of a deploy. */
export const everyPhase: readonly Phase[] = phases

/** What every reporter shows of a run. Times are milliseconds since 1970 by the run's clock, sizes bytes. */
export interface View {
  readonly run: RunView | undefined
  /** When the last event came, so that a reader can say how old this is. */
  readonly lastEventAt: number | undefined
  /** In the order in which they started, after those that were announced but have not started. */
  readonly phases: readonly PhaseView[]
  readonly checks: readonly CheckView[]
  readonly plan: PlanView | undefined
  /** By service, in the order in which they were first heard of. */
  readonly images: ReadonlyMap<string, ImageView>
  /** Who changes the environment while this run waits for it. */
  readonly waitsFor: LockHolder | undefined
  readonly release: ReleaseView | undefined
  readonly rollout: RolloutView | undefined
  readonly facts: RolloutFacts | undefined
  /** Those that exist, by id. */
  readonly targets: ReadonlyMap<string, TargetView>
  /** How many targets of the run have ceased to exist. */
  readonly gone: number
  /** How far each target is with its models, by id; those that are gone are left out. */
  readonly loads: ReadonlyMap<string, ModelLoad>
  /** Every model that a target downloaded while it started: the base image lacks it. In the order of first sight. */
  readonly downloads: readonly string[]
  readonly forecast: ForecastView | undefined
  readonly advice: WarmupAdvice | undefined
  /** The last lines of each target, by id; bounded. */
  readonly logs: ReadonlyMap<string, readonly LogView[]>
  /** The last state of each alarm that was heard of. */
  readonly alarms: ReadonlyMap<string, string>
  readonly checkpoint: CheckpointView | undefined
  /** The program of the user's that runs now. */
  readonly hook: HookView | undefined
  readonly warnings: readonly WarningView[]
  readonly cause: Cause | undefined
  readonly proof: ProofView | undefined
  readonly verification: VerificationView | undefined
  /** What the run was predicted to take against what it took. */
  readonly predicted: PredictionResult | undefined
  readonly stack: StackView | undefined
  readonly detached: DetachedView | undefined
  readonly ending: EndingView | undefined
}

interface RunView {
  readonly command: string
  readonly app: string
  readonly environment: string
  readonly simulated: boolean
  readonly simulation: string | undefined
  readonly startedAt: number
}

/** One phase; `waiting` when it was announced and has not started. */
export interface PhaseView {
  readonly phase: Phase
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped'
  readonly startedAt: number | undefined
  readonly duration: number | undefined
  readonly detail: string | undefined
}

export interface CheckView {
  /** The phase that it was made in; undefined outside of all. */
  readonly phase: Phase | undefined
  readonly name: string
  readonly result: 'ok' | 'warn' | 'fail' | 'skip'
  readonly detail: string
  readonly remedy: string | undefined
}

interface PlanView {
  readonly release: Release
  readonly from: Revision
  readonly targets: number
  readonly estimate: number | undefined
  readonly prediction: DeployPrediction | undefined
}

export interface ImageView {
  readonly service: string
  /** The last thing that was done for it. */
  readonly step: string | undefined
  readonly detail: string | undefined
  /** The model that is on its way to this machine. */
  readonly download: { readonly model: string; readonly received: number; readonly total: number } | undefined
  /** Layers on their way, by digest. */
  readonly layers: ReadonlyMap<Digest, { readonly sent: number; readonly total: number }>
  readonly pushed: PushedView | undefined
}

export interface PushedView {
  readonly repository: string
  readonly digest: Digest
  readonly tags: readonly string[]
  readonly layerBytes: number
  readonly uploadedLayerBytes: number
  readonly unchanged: boolean
}

export interface ReleaseView {
  readonly release: Release
  readonly revision: Revision
  readonly reused: boolean
}

export interface RolloutView {
  readonly id: string
  readonly attached: boolean
  readonly group: string | undefined
  readonly targets: number | undefined
  readonly startedAt: number
  readonly status: string | undefined
  readonly percentage: number | undefined
  readonly remaining: number | undefined
  readonly reason: string | undefined
  readonly outcome: RolloutOutcome | undefined
}

/** A forecast, and when it was made. */
export interface ForecastView extends Forecast {
  readonly madeAt: number
}

export interface TargetView {
  readonly target: Target
  readonly note: string | undefined
  /** Whether it has been healthy since it was first seen. */
  readonly wasHealthy: boolean
  /** When it last changed. */
  readonly changedAt: number
}

export interface LogView {
  readonly time: string
  readonly text: string
}

interface CheckpointView {
  readonly percentage: number
  readonly detail: string
}

interface HookView {
  readonly hook: HookName
  readonly startedAt: number
  /** What it wrote last; a few lines. */
  readonly lines: readonly string[]
}

interface WarningView {
  readonly message: string
  readonly next: readonly string[]
}

export interface ProofView {
  readonly targets: readonly TargetProof[]
  readonly proved: number
  readonly total: number
}

/** What the checks of a release came to. */
export interface VerificationView {
  readonly checks: readonly VerifiedCheck[]
  readonly criteria: readonly CriterionLine[]
}

/** A stack that CloudFormation changes. */
interface StackView {
  readonly stack: string
  /** Undefined when it was joined, and nobody said what it will be. */
  readonly operation: 'create' | 'update' | 'delete' | undefined
  readonly changes: readonly StackChange[]
  /** What CloudFormation said last of each resource, by its logical id. */
  readonly resources: ReadonlyMap<
    string,
    { readonly resourceType: string; readonly status: string; readonly reason: string | undefined }
  >
}

interface DetachedView {
  readonly goesOn: string
  readonly comeBack: string
}

export interface EndingView {
  readonly ending: string
  readonly exitCode: number
  readonly message: string
  readonly problems: readonly string[]
  readonly next: readonly string[]
  readonly duration: number
}

/** The view of a run of which nothing is known yet. */
export const initialView: View = {
  run: undefined,
  lastEventAt: undefined,
  phases: [],
  checks: [],
  plan: undefined,
  images: new Map(),
  waitsFor: undefined,
  release: undefined,
  rollout: undefined,
  facts: undefined,
  targets: new Map(),
  gone: 0,
  loads: new Map(),
  downloads: [],
  forecast: undefined,
  advice: undefined,
  logs: new Map(),
  alarms: new Map(),
  checkpoint: undefined,
  hook: undefined,
  warnings: [],
  cause: undefined,
  proof: undefined,
  verification: undefined,
  predicted: undefined,
  stack: undefined,
  detached: undefined,
  ending: undefined,
}
