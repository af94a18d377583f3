import type { WarmupAdvice } from '../domain/forecast.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import { batchShare } from './forecast.js'

/** When one new target was launched, went into service and was first ready to serve; milliseconds since 1970. */
export interface MeasuredStart {
  readonly launchedAt: number
  readonly inServiceAt: number
  readonly readyAt: number
}

/** A warmup shorter than this guards against nothing, one longer than that hides a model that should be in the base. */
export const warmupBounds = { least: 30_000, most: 30 * 60_000 } as const
const margin = 1.2
const step = 10_000
/** What is closer to the measured time than this is no reason to change anything. */
const tolerance = 30_000

/** The value below which that share of the values lies (nearest rank); 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

/**
 * The warmup that fits targets that started like these: the 95th percentile of the time from in service, where a warmup
 * begins, to ready, with a fifth more, in whole tens of seconds and within bounds. Undefined when there are none.
 */
export function fittingWarmup(starts: readonly MeasuredStart[]): number | undefined {
  if (starts.length === 0) return undefined
  const p95 = percentile(starts.map(afterService), 0.95)
  const fitting = Math.ceil((p95 * margin) / step) * step
  return Math.min(warmupBounds.most, Math.max(warmupBounds.least, fitting))
}

const afterService = ({ inServiceAt, readyAt }: MeasuredStart): number => Math.max(0, readyAt - inServiceAt)

/** What the measured starts say about the warmup of the rollout; undefined without starts, or without a warmup. */
export function adviseWarmup(starts: readonly MeasuredStart[], facts: RolloutFacts): WarmupAdvice | undefined {
  const proposed = fittingWarmup(starts)
  const { warmup, gracePeriod, healthCheckInterval } = facts
  if (proposed === undefined || warmup === undefined) return undefined
  const times = starts.map(({ launchedAt, readyAt }) => readyAt - launchedAt)
  const needed = percentile(starts.map(afterService), 0.95)
  const batches = Math.ceil(1 / batchShare(facts))
  const verdict = warmup < needed ? 'short' : warmup - proposed >= tolerance ? 'long' : 'fits'
  const difference = { short: needed - warmup, long: (warmup - proposed) * batches, fits: 0 }[verdict]
  return {
    measured: {
      targets: starts.length,
      p50: percentile(times, 0.5),
      p95: percentile(times, 0.95),
      max: Math.max(...times),
      inService: needed,
    },
    warmup,
    ...(gracePeriod !== undefined && { gracePeriod }),
    ...(healthCheckInterval !== undefined && { healthCheckInterval }),
    verdict,
    difference,
    proposed,
  }
}
