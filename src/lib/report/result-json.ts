import { likeliestCause } from '../view/cause.js'
import { releasedImages } from '../view/images.js'
import type { WarmupAdvice } from '../domain/forecast.js'
import type { PredictionResult } from '../domain/prediction.js'
import type { CriterionLine, VerifiedCheck } from '../domain/verification.js'
import type { View } from '../view/view.js'

/**
 * The result of a run as `--json` prints it: a stable interface. Sizes are bytes, durations milliseconds, times
 * ISO 8601 in UTC; what is not known is null. New fields may come, none goes.
 */
export interface ResultJson {
  readonly v: 1
  /** The name of the ending, e.g. `done`, `rolledBack`; null while the run goes on. */
  readonly outcome: string | null
  readonly exitCode: number | null
  readonly message: string | null
  readonly problems: readonly string[]
  readonly simulated: boolean
  readonly simulation: string | null
  readonly command: string | null
  readonly app: string | null
  readonly environment: string | null
  readonly startedAt: string | null
  readonly duration: number | null
  readonly release: string | null
  readonly revision: { readonly name: string; readonly number: string } | null
  readonly images: readonly {
    readonly service: string
    readonly repository: string
    readonly digest: string
    readonly tags: readonly string[]
    readonly layerBytes: number | null
    readonly uploadedLayerBytes: number | null
    readonly unchanged: boolean | null
  }[]
  readonly phases: readonly {
    readonly phase: string
    readonly outcome: string
    readonly duration: number | null
    readonly detail: string | null
  }[]
  readonly rollout: {
    readonly id: string
    readonly group: string | null
    readonly attached: boolean
    readonly status: string | null
    readonly outcome: string | null
    readonly percentage: number | null
    readonly reason: string | null
  } | null
  readonly proof: {
    readonly proved: number
    readonly total: number
    readonly targets: readonly {
      readonly target: string
      readonly proved: boolean
      readonly grade: string
      readonly detail: string
    }[]
  } | null
  /** What the checks of `verify` came to, and whether the fleet went back for it; null when none were made. */
  readonly verification: {
    readonly checks: readonly VerifiedCheck[]
    readonly criteria: readonly CriterionLine[]
    readonly wentBack: boolean
  } | null
  /** What it was predicted to take against what it took, and why; null when nothing was predicted. Milliseconds. */
  readonly predicted: PredictionResult | null
  readonly cause: {
    readonly code: string
    readonly summary: string
    readonly evidence: readonly string[]
    readonly next: readonly string[]
  } | null
  /** What the measured starts say about the warmup; null when nothing was measured. Milliseconds. */
  readonly advice: WarmupAdvice | null
  /** Models that targets downloaded while they started: the base images lack them. */
  readonly downloads: readonly string[]
  readonly failedChecks: readonly { readonly name: string; readonly detail: string; readonly remedy: string | null }[]
  readonly warnings: readonly string[]
  readonly detached: { readonly goesOn: string; readonly comeBack: string } | null
  readonly next: readonly string[]
}

/** Makes the {@link ResultJson} of a view; its texts are those of the events, so mask the events first. */
export function resultJson(view: View): ResultJson {
  const { run, ending, rollout, proof, detached } = view
  const cause = likeliestCause(view)
  return {
    v: 1,
    outcome: ending?.ending ?? null,
    exitCode: ending?.exitCode ?? null,
    message: ending?.message ?? null,
    problems: ending?.problems ?? [],
    simulated: run?.simulated ?? false,
    simulation: run?.simulation ?? null,
    command: run?.command ?? null,
    app: run?.app ?? null,
    environment: run?.environment ?? null,
    startedAt: run === undefined ? null : new Date(run.startedAt).toISOString(),
    duration: ending?.duration ?? null,
    release: (view.release ?? view.plan)?.release.id ?? null,
    revision: view.release?.revision ?? null,
    images: releasedImages(view).map(({ service, repository, digest, pushed }) => ({
      service,
      repository,
      digest,
      tags: pushed?.tags ?? [],
      layerBytes: pushed?.layerBytes ?? null,
      uploadedLayerBytes: pushed?.uploadedLayerBytes ?? null,
      unchanged: pushed?.unchanged ?? null,
    })),
    phases: view.phases.map(({ phase, state, duration, detail }) => ({
      phase,
      outcome: state,
      duration: duration ?? null,
      detail: detail ?? null,
    })),
    rollout:
      rollout === undefined
        ? null
        : {
            id: rollout.id,
            group: rollout.group ?? null,
            attached: rollout.attached,
            status: rollout.status ?? null,
            outcome: rollout.outcome ?? null,
            percentage: rollout.percentage ?? null,
            reason: rollout.reason ?? null,
          },
    proof: proof ?? null,
    verification:
      view.verification === undefined
        ? null
        : {
            ...view.verification,
            wentBack: view.phases.some(({ phase, state: how }) => phase === 'rollback' && how === 'done'),
          },
    predicted: view.predicted ?? null,
    cause: cause ?? null,
    advice: view.advice ?? null,
    downloads: view.downloads,
    failedChecks: view.checks
      .filter(({ result }) => result === 'fail')
      .map(({ name, detail, remedy }) => ({ name, detail, remedy: remedy ?? null })),
    warnings: view.warnings.map(({ message }) => message),
    detached: detached ?? null,
    next: [...new Set([...(cause?.next ?? []), ...(ending?.next ?? [])])],
  }
}
