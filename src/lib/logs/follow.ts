import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { LiveLines, LogLine, LogSource } from '../ports/log-source.js'
import { createLogPoller, type Followed, type LogPoller } from './poll.js'

export interface FollowOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Whether to ask for live sessions, which AWS bills by the minute. */
  readonly live: boolean
  /** Milliseconds between two questions where there is no live session. */
  readonly pollEvery?: number
}

/** Lines that were not had before, in the order of their time, and how they came. */
export interface FollowedLines {
  readonly lines: readonly LogLine[]
  readonly how: 'live' | 'polled'
  /** Why nothing could be had just now; it goes on trying. */
  readonly trouble?: string
}

type Source = Pick<LogSource, 'page' | 'live'>

/** What a live session may have missed, and what it says itself that it left out. */
const reconcileEvery = 60_000
const reconcileSampled = 5000
/** A live session says something each second; after so many silent reconciliations it is dead. */
const mostSilences = 3
const firstRetry = 60_000
const longestRetry = 15 * 60_000
const longestPause = 60_000

/** A failure that another try may not see; the message for people. Others are thrown. */
function passingTrouble(error: unknown): string {
  if (error instanceof RampartError && error.passing) return error.message
  throw error
}

/** All that a poller has by now. */
async function* drain(poller: LogPoller, how: FollowedLines['how']): AsyncGenerator<FollowedLines, boolean> {
  for (;;) {
    try {
      const { lines, more } = await poller.next()
      if (lines.length > 0) yield { lines, how }
      if (!more) return true
    } catch (error) {
      yield { lines: [], how, trouble: passingTrouble(error) }
      return false
    }
  }
}

/**
 * The lines of a group from `since` on and as they arrive, each once, until the signal is aborted. By live sessions
 * where they can be had, else by polling; whatever falls between the two is looked up. Memory and calls per minute are
 * bounded whatever the number of streams. Throws when the group may not be read; what passes is told and survived.
 */
export async function* followLogs(
  source: Source,
  followed: Followed,
  { clock, signal, live, pollEvery = 5000 }: FollowOptions,
): AsyncGenerator<FollowedLines, void> {
  const poller = createLogPoller(source, followed, clock)
  let liveAt = live ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  let retry = firstRetry
  let failures = 0
  try {
    while (!signal.aborted) {
      if (clock.now() >= liveAt) {
        const end = yield* session(source, poller, followed, { clock, signal })
        poller.lookBack()
        if (end === 'over') {
          retry = firstRetry
          continue
        }
        liveAt = end === 'refused' ? Number.POSITIVE_INFINITY : clock.now() + retry
        retry = Math.min(2 * retry, longestRetry)
      }
      failures = (yield* drain(poller, 'polled')) ? 0 : failures + 1
      await clock.sleep(Math.min(pollEvery * 2 ** failures, Math.max(longestPause, pollEvery)), signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/**
 * One live session. It is told apart why it ended: its time was `over`, it is `refused` for good (no permission, no
 * such operation), or it `broke`.
 */
async function* session(
  source: Source,
  poller: LogPoller,
  { group, streamPrefixes }: Followed,
  { clock, signal }: Pick<FollowOptions, 'clock' | 'signal'>,
): AsyncGenerator<FollowedLines, 'over' | 'refused' | 'broke'> {
  const ending = new AbortController()
  const witness = poller.merge.witness()
  const updates = source.live(group, {
    ...(streamPrefixes !== undefined && { streamPrefixes }),
    signal: AbortSignal.any([signal, ending.signal]),
  })
  const lines = updates[Symbol.asyncIterator]()
  const timer = (milliseconds: number): Promise<'due'> => {
    const due = clock.sleep(milliseconds, ending.signal).then(() => 'due' as const)
    due.catch(() => undefined)
    return due
  }
  const ask = (): Promise<IteratorResult<LiveLines, unknown>> => {
    const answer = lines.next()
    answer.catch(() => undefined)
    return answer
  }
  try {
    let next = ask()
    let due = timer(reconcileEvery)
    let silences = 0
    for (;;) {
      const came = await Promise.race([next, due])
      if (came === 'due') {
        silences += 1
        if (silences >= mostSilences) return 'broke'
        poller.lookBack()
        yield* drain(poller, 'live')
        due = timer(reconcileEvery)
        continue
      }
      silences = 0
      if (came.done === true) return 'over'
      next = ask()
      if (came.value.kind === 'open') {
        // From here on nothing is missed; what came before is looked up.
        poller.lookBack()
        yield* drain(poller, 'live')
        continue
      }
      const fresh = poller.merge.take(
        witness,
        came.value.lines.filter((line) => poller.isFollowed(line)),
      )
      if (fresh.length > 0) yield { lines: fresh, how: 'live' }
      if (came.value.sampled) due = Promise.race([due, timer(reconcileSampled)])
    }
  } catch (error) {
    if (signal.aborted) throw error
    return error instanceof RampartError && !error.passing ? 'refused' : 'broke'
  } finally {
    ending.abort()
    await lines.return?.().catch(() => undefined)
  }
}
