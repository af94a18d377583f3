import type { Forecast } from '../domain/forecast.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import type { ListedRollout, Observation } from './driver.js'

/** What a forecast is made from. Durations and times in milliseconds. */
export interface ForecastBasis {
  /** How long earlier rollouts of this fleet took that ended well, newest first. */
  readonly earlier: readonly number[]
  /** How long one takes by its targets, batches and pauses. */
  readonly estimate: number
  /** The share of the fleet that one batch replaces, 0 to 1: percentages move in steps of about that. */
  readonly batch: number
}

/** More of them say nothing more about the next one, and the oldest were of other releases. */
const mostEarlier = 10
/** Below that, a rollout is as quick as rollouts are. */
const notably = 1.5

/** How long those took that ended well and replaced something, newest first. */
export function durationsOf(history: readonly ListedRollout[]): readonly number[] {
  return history
    .filter(({ outcome }) => outcome === 'succeeded')
    .flatMap(({ handle, endedAt }) => (endedAt === undefined ? [] : [endedAt - handle.startedAt]))
    .filter((duration) => duration >= 60_000)
    .slice(0, mostEarlier)
}

/** The share of a fleet that is replaced at once under the rules, 0 to 1; at least one target. */
export function batchShare(facts: RolloutFacts): number {
  const { desired, minHealthyPercentage = 90, maxHealthyPercentage = 100 } = facts
  const room = (maxHealthyPercentage - minHealthyPercentage) / 100
  return Math.min(1, Math.max(room, 1 / Math.max(1, desired))) / parts(facts)
}

/** Services of ECS move one after the other, each with a part of the revision's number. */
function parts({ kind, to }: RolloutFacts): number {
  return kind === 'ecs' && to !== undefined ? to.revision.number.split(',').length : 1
}

/** From the request for a target to in service, and until the last old ones have drained; by habit, in milliseconds. */
const launch = 60_000
const drain = 120_000

/** About how long such a rollout takes where no earlier one tells: each batch's launch and warmup, then what is waited for. */
export function estimateOf(facts: RolloutFacts): number {
  const batches = Math.ceil(1 / batchShare(facts))
  return batches * (launch + (facts.warmup ?? 0)) + drain + (facts.bakeTime ?? 0)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

/**
 * When the rollout should be over, from earlier ones when there are any. It takes what is left of the usual time or,
 * where the rollout is behind that, the usual time for the share that is not done.
 */
export function forecast(
  { percentage, direction }: Pick<Observation, 'percentage' | 'direction'>,
  elapsed: number,
  { earlier, estimate, batch }: ForecastBasis,
): Forecast {
  // A percentage rises at the end of a batch: up to one more may be all but done.
  const undone = 1 - Math.min(1, percentage / 100 + batch)
  const left = (usual: number): number =>
    direction === 'back'
      ? // On the way back the percentage falls to zero, and nothing of the time that has gone by counts.
        (usual * percentage) / 100
      : Math.max(0, usual - elapsed, usual * undone)
  const basis = earlier.length === 0 ? [estimate] : earlier
  const usual = median(basis)
  const ratio = usual === 0 ? 0 : elapsed / usual
  return {
    remaining: Math.round(left(usual)),
    low: Math.round(left(Math.min(...basis))),
    high: Math.round(left(Math.max(...basis))),
    basis: earlier.length === 0 ? 'arithmetic' : 'history',
    runs: earlier.length,
    // By arithmetic nothing is usual.
    ...(earlier.length > 0 && direction === 'forward' && ratio >= notably && { slower: Math.round(10 * ratio) / 10 }),
  }
}
