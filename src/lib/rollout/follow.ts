import type { Cause, RolloutOutcome } from '../domain/outcome.js'
import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit } from '../events/event.js'
import type { Clock } from '../ports/clock.js'
import type { Driver, Observation, RolloutHandle } from './driver.js'
import { createLookout, type About, type Lookout } from './lookout.js'
import { nextLook } from './pace.js'
import type { MeasuredStart } from './warmup-advice.js'
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
  /** How the new targets came up that were there at the end; missing when it was not seen. */
  readonly starts?: readonly MeasuredStart[]
}

export interface FollowOptions {
  readonly clock: Clock
  readonly emit: Emit
  /** Aborted when the person leaves: the rollout goes on without us. */
  readonly signal: AbortSignal
  /** Asked once, when there is an answer. */
  readonly about: () => Promise<About>
}

/** How long the cloud may be out of reach before we stop claiming to know how it goes. */
const blindness = 10 * 60_000

const minutes = (milliseconds: number): number => Math.round(milliseconds / 60_000)

/**
 * Follows a rollout to its own end, by its id; asks the platform to go back when patience ends. Without patience it only
 * watches, and changes nothing.
 */
export async function follow(
  driver: Driver,
  handle: RolloutHandle,
  revision: Revision,
  patience: Patience | undefined,
  { clock, emit, signal, about }: FollowOptions,
): Promise<Followed> {
  let lookout: Lookout | undefined
  let last: Observation | undefined
  let cause: Cause | undefined
  /** Why rampart wants to go back; it stays so until the platform has agreed. */
  let why: GoingBack | undefined
  let askedBack = false
  let lastSeen = clock.now()
  /** Looks in a row that came to nothing. */
  let failures = 0

  const see = async (): Promise<Observation> => {
    lookout ??= createLookout(driver, handle, revision, await unlessStopped(signal, about()), { clock, emit, signal })
    const seen = await lookout.see()
    if (failures > 0) {
      emit({ type: 'warning', message: `The rollout is seen again after ${span(clock.now() - lastSeen)}.` })
    }
    failures = 0
    lastSeen = clock.now()
    last = seen
    return seen
  }

  const explain = async (seen: Observation): Promise<void> => {
    cause = await lookout?.explain(seen)
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
      if (seen.outcome !== 'succeeded') {
        const found = cause
        await explain(seen)
        // That patience ended is for us to say, and what was waited for is over by now.
        if (found?.code === 'timeout') cause = found
      }
      const starts = await lookout?.finish(seen)
      return { ...ended(seen, seen.outcome), ...(starts !== undefined && { starts }) }
    }
    if (seen.direction === 'back' || askedBack || patience === undefined) return undefined
    if (why === undefined) {
      why = reasonToGoBack(seen, patience, clock.now() - (handle.resumedAt ?? handle.startedAt))
      if (why === undefined) return undefined
      emit({ type: 'warning', message: `${why.reason}: going back to the previous release.` })
    }
    // Before going back: the failing targets and their logs are at their freshest now.
    await explain(seen)
    cause = why.causeOf(cause, seen)
    const refused = await driver.rollBack(handle)
    askedBack = true
    if (refused === undefined) return undefined
    await lookout?.finish(undefined)
    return { ...ended(seen, 'failed'), reason: refused.message, next: refused.next }
  }

  const leave = async (because?: RampartError): Promise<Followed> => {
    await lookout?.finish(undefined)
    return { ...abandoned(last), ...(because !== undefined && { reason: because.message, next: because.next }) }
  }

  for (;;) {
    if (signal.aborted) return leave()
    try {
      const end = await step()
      if (end !== undefined) return end
    } catch (error) {
      if (signal.aborted) return leave()
      if (!(error instanceof RampartError) || error.kind !== 'unreachable') {
        await lookout?.finish(undefined)
        throw error
      }
      if (!error.passing || clock.now() - lastSeen > blindness) return leave(error)
      if (failures === 0) {
        emit({ type: 'warning', message: `${error.message}. Trying again for ${minutes(blindness)} minutes.` })
      }
      failures += 1
    }
    try {
      await clock.sleep(nextLook({ unchangedFor: lookout?.unchangedFor() ?? 0, failures }), signal)
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
