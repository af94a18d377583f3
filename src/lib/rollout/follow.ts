import type { Cause, RolloutOutcome } from '../domain/outcome.js'
import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit } from '../events/event.js'
import type { Clock } from '../ports/clock.js'
import { changes } from './changes.js'
import type { Driver, Observation, RolloutHandle } from './driver.js'
import { unlessStopped } from './unless-stopped.js'

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
  /** What to do about it, beside what the cause says. */
  readonly next?: readonly string[]
  /** As they were last seen. */
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

const minutes = (milliseconds: number): number => Math.round(milliseconds / 60_000)

/** Follows a rollout to its own end, by its id; asks the platform to go back when patience ends. */
export async function follow(
  driver: Driver,
  handle: RolloutHandle,
  revision: Revision,
  patience: Patience,
  { clock, emit, signal }: FollowOptions,
): Promise<Followed> {
  let last: Observation | undefined
  let cause: Cause | undefined
  /** Why rampart wants to go back; it stays so until the platform has agreed. */
  let why: GoingBack | undefined
  let askedBack = false
  let lastSeen = clock.now()
  let blind = false

  const see = async (): Promise<Observation> => {
    const seen = await unlessStopped(signal, driver.observe(handle, revision))
    if (blind) emit({ type: 'warning', message: `The rollout is seen again after ${span(clock.now() - lastSeen)}.` })
    blind = false
    lastSeen = clock.now()
    for (const event of changes(handle.id, last, seen)) emit(event)
    last = seen
    return seen
  }

  const explain = async (seen: Observation): Promise<void> => {
    cause ??= await unlessStopped(signal, driver.explain(handle, revision, seen))
  }

  const ended = (seen: Observation, outcome: RolloutOutcome): Followed => {
    // The platform only knows that somebody asked; we know why we did.
    const reason = why?.reason ?? seen.reason
    return {
      outcome,
      status: seen.status,
      targets: seen.targets,
      ...(reason !== undefined && { reason }),
      ...(cause !== undefined && { cause }),
    }
  }

  /** One look, and what follows from it; the end of the rollout, if it is one. */
  const step = async (): Promise<Followed | undefined> => {
    const seen = await see()
    if (seen.outcome !== undefined) {
      if (seen.outcome !== 'succeeded') await explain(seen)
      return ended(seen, seen.outcome)
    }
    // When the platform went back by itself, the witnesses are still there now, and may be gone at the end.
    if (seen.direction === 'back') await explain(seen)
    if (seen.direction === 'back' || askedBack) return undefined
    if (why === undefined) {
      why = reasonToGoBack(seen, patience, clock.now() - handle.startedAt)
      if (why === undefined) return undefined
      emit({ type: 'warning', message: `${why.reason}: going back to the previous release.` })
    }
    // Before going back: the failing targets and their logs are at their freshest now.
    await explain(seen)
    cause = why.causeOf(cause, seen)
    const refused = await driver.rollBack(handle)
    askedBack = true
    if (refused === undefined) return undefined
    return { ...ended(seen, 'failed'), reason: refused.message, next: refused.next }
  }

  for (;;) {
    if (signal.aborted) return abandoned(last)
    try {
      const end = await step()
      if (end !== undefined) return end
    } catch (error) {
      if (signal.aborted) return abandoned(last)
      if (!(error instanceof RampartError) || error.kind !== 'unreachable') throw error
      const unseen = clock.now() - lastSeen
      if (!error.passing || unseen > blindness) {
        return { ...abandoned(last), reason: error.message, next: error.next }
      }
      if (!blind) {
        emit({ type: 'warning', message: `${error.message}. Trying again for ${minutes(blindness)} minutes.` })
      }
      blind = true
    }
    try {
      await clock.sleep(interval, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

interface GoingBack {
  readonly reason: string
  readonly causeOf: (found: Cause | undefined, seen: Observation) => Cause | undefined
}

function reasonToGoBack(seen: Observation, patience: Patience, elapsed: number): GoingBack | undefined {
  const failed = seen.failedStarts.length
  if (failed >= patience.maxFailedStarts) {
    const targets = failed === 1 ? 'new target' : 'new targets'
    return { reason: `${failed} ${targets} failed to start`, causeOf: (found) => found }
  }
  if (elapsed <= patience.timeout) return undefined
  const reason = `The rollout did not end in ${span(patience.timeout)}`
  return {
    reason,
    // What the platform waited for is evidence; that it waited too long is the cause.
    causeOf: (found) =>
      found === undefined || found.code === 'platform'
        ? {
            code: 'timeout',
            summary: `${reason}.`,
            evidence: [...new Set([found?.summary, seen.reason])].filter((text) => text !== undefined),
            next: ['raise rollout.timeout in rampart.yml if a rollout of this fleet may take longer'],
          }
        : found,
  }
}

const span = (milliseconds: number): string =>
  milliseconds < 120_000 ? `${Math.round(milliseconds / 1000)} seconds` : `${minutes(milliseconds)} minutes`

function abandoned(last: Observation | undefined): Followed {
  return { outcome: 'abandoned', status: last?.status ?? 'unknown', targets: last?.targets ?? [] }
}
