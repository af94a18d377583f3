import type { Phase } from './phase.js'

/** Where a number comes from: it was seen, it follows from others, or somebody has supposed it. */
export type Basis = 'measured' | 'derived' | 'assumed'

/** A length of time between two bounds, in milliseconds; as sure as the least sure number in it. */
export interface Span {
  readonly low: number
  readonly value: number
  readonly high: number
  readonly basis: Basis
}

/**
 * What a deploy is expected to take, said before its rollout begins. Eight of ten deploys should lie between the bounds,
 * of the total and of each phase by itself: by how far earlier predictions were off, once four of them could be checked
 * that rested on at least three deploys each; before, by how far they may be off.
 */
export interface DeployPrediction {
  readonly total: Span
  readonly phases: readonly { readonly phase: Phase; readonly span: Span }[]
  /** How many earlier deploys of the environment it rests on; 0 for what is supposed alone. */
  readonly runs: number
  /** How many earlier predictions were checked against what happened; missing in events of older versions. */
  readonly checked?: number
}

/** Why a deploy took another time than was predicted, as far as it was seen. */
export const differenceReasons = [
  'lock',
  'launch',
  'pull',
  'model-load',
  'downloads',
  'relaunches',
  'capacity',
  'pause',
  'targets',
  'warmup',
  'upload',
  'layer',
  'registry-cache',
  'build-cache',
  'own-work',
  'retries',
] as const

export type DifferenceReason = (typeof differenceReasons)[number]

/**
 * One reason, with what was expected where something was. Milliseconds for `lock`, `launch` (request of a target to in
 * service), `pull` (from there to the first line of its process), `model-load` (from there to ready), `capacity` (EC2 or
 * a quota had no room), `pause` (somebody was to let it go on), `warmup` and `own-work` (what rampart does itself); bytes
 * a second for `upload`, bytes for `layer` (what was sent, against the middle of earlier deploys) and `registry-cache`
 * (of a base that the registry lacked); otherwise how many: models that were downloaded, targets, steps of a build of
 * which none came from the cache, requests to AWS that were made again.
 */
export interface Difference {
  readonly reason: DifferenceReason
  readonly expected?: number
  readonly actual: number
}

/** What a deploy was predicted to take against what it took. Milliseconds. */
export interface PredictionResult {
  readonly predicted: number
  readonly actual: number
  /** Whether that lies between the bounds that were given. */
  readonly within: boolean
  readonly runs: number
  /** The phase that differs most. */
  readonly phase?: { readonly phase: Phase; readonly predicted: number; readonly actual: number }
  /** Those that are known, the one that explains most first; none when nothing that was seen explains it. */
  readonly reasons: readonly Difference[]
}
