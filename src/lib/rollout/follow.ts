import type { Cause, RolloutOutcome } from '../domain/outcome.js'
import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit } from '../events/event.js'
import type { Clock } from '../ports/clock.js'
import { changes } from './changes.js'
import type { Driver, Observation, RolloutHandle } from './driver.js'

/** When to stop hoping. Durations in milliseconds. */
export interface Patience {
  /** The whole rollout; then rampart asks the platform to go back. */
  readonly timeout: number
  /** So many new targets that did not live, or could not be launched, are enough. */
  readonly maxFailedStarts: number
}

export interface Followed {
  readonly outcome: RolloutOutcome
  readonly status: string
  readonly reason?: string
  readonly cause?: Cause
  readonly targets: Observation['targets']
}

export interface FollowOptions {
  readonly clock: Clock
  readonly emit: Emit
  /** Aborted when the person leaves: the rollout goes on without us. */
  readonly signal: AbortSignal
}

/** Between two looks. AWS moves in steps of tens of seconds; more looks would only cost calls. */
const interval = 10_000
/** How long the cloud may be out of reach before we stop claiming to know how it goes. */
const blindness = 10 * 60_000

/** Follows a rollout to its own end, by its id; asks the platform to go back when patience ends. */
export async function follow(
  driver: Driver,
  handle: RolloutHandle,
  revision: Revision,
  patience: Patience,
  { clock, emit, signal }: FollowOptions,
): Promise<Followed> {
  let last: Observation | undefined
  let lastSeen = clock.now()
  let askedBack = false
  let cause: Cause | undefined
  const deadline = handle.startedAt + patience.timeout

  const goBack = async (seen: Observation, why: string): Promise<void> => {
    // Before going back: the failing targets and their logs are at their freshest now.
    cause ??= await driver.explain(handle, revision, seen)
    emit({ type: 'warning', message: `${why}: going back to the previous release.` })
    await driver.rollBack(handle)
    askedBack = true
  }

  for (;;) {
    if (signal.aborted) return abandoned(last)
    try {
      const seen = await driver.observe(handle, revision)
      lastSeen = clock.now()
      for (const event of changes(handle.id, last, seen)) emit(event)
      last = seen
      // The platform went back by itself: the witnesses are still there now, and may be gone at the end.
      if (!askedBack && seen.direction === 'back') cause ??= await driver.explain(handle, revision, seen)
      if (seen.outcome !== undefined) {
        if (seen.outcome !== 'succeeded') cause ??= await driver.explain(handle, revision, seen)
        return {
          outcome: seen.outcome,
          status: seen.status,
          targets: seen.targets,
          ...(seen.reason !== undefined && { reason: seen.reason }),
          ...(cause !== undefined && { cause }),
        }
      }
      if (!askedBack && seen.direction === 'forward') {
        const failed = seen.failedStarts.length
        if (failed >= patience.maxFailedStarts) {
          await goBack(seen, `${failed} of the new targets failed to start`)
        } else if (clock.now() > deadline) {
          await goBack(seen, `The rollout did not end in ${Math.round(patience.timeout / 60_000)} minutes`)
        }
      }
    } catch (error) {
      if (!(error instanceof RampartError) || error.kind !== 'unreachable') throw error
      const blind = clock.now() - lastSeen
      emit({ type: 'warning', message: `The rollout cannot be seen: ${error.message}` })
      if (blind > blindness) return { ...abandoned(last), reason: error.message }
    }
    try {
      await clock.sleep(interval, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

function abandoned(last: Observation | undefined): Followed {
  return { outcome: 'abandoned', status: last?.status ?? 'unknown', targets: last?.targets ?? [] }
}
