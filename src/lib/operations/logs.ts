import { RampartError } from '../errors/rampart-error.js'
import { followLogs, type FollowedLines } from '../logs/follow.js'
import { createLogPoller } from '../logs/poll.js'
import type { Clock } from '../ports/clock.js'
import type { LogLine, LogSource } from '../ports/log-source.js'

/** Which lines are asked for. */
export interface LogsRequest {
  readonly group: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly follow: boolean
  /** Whether to ask for live sessions while following. */
  readonly live: boolean
  /** Streams whose names begin with one of these; all when empty. */
  readonly streamPrefixes: readonly string[]
  /** Whether a line is wanted. */
  readonly matches: (line: LogLine) => boolean
}

/** What the lines are read with and where they go. */
export interface LogsContext {
  readonly source: LogSource
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Takes lines in their order, and resolves when it can take more. */
  readonly write: (lines: readonly LogLine[]) => Promise<void>
  /** Says something about the lines that is not one of them. */
  readonly note: (text: string) => void
}

/** All lines that are there by now, page by page. */
async function* linesByNow({ group, since, streamPrefixes }: LogsRequest, { source, clock, signal }: LogsContext) {
  const poller = createLogPoller(source, { group, since, streamPrefixes }, clock)
  for (let more = true; more && !signal.aborted;) {
    const batch = await poller.next()
    yield { lines: batch.lines, how: 'polled' } satisfies FollowedLines
    more = batch.more
  }
}

/** Shows the lines of a log group; returns how many were shown. Memory is bounded by one page of lines. */
export async function showLogs(request: LogsRequest, context: LogsContext): Promise<number> {
  const { group, since, follow, live, streamPrefixes, matches } = request
  const { source, clock, signal, write, note } = context
  if (!(await source.exists(group))) {
    if (!follow) {
      throw new RampartError('usage', `The log group ${group} does not exist.`, {
        next: ['set environments.<name>.logs.group in rampart.yml to the group that the containers write to'],
      })
    }
    note(`The log group ${group} does not exist yet.`)
  }
  const batches: AsyncIterable<FollowedLines> = follow
    ? followLogs(source, { group, since, streamPrefixes }, { clock, signal, live })
    : linesByNow(request, context)
  let shown = 0
  let how: FollowedLines['how'] | undefined
  for await (const batch of batches) {
    if (batch.trouble !== undefined) note(`Nothing comes at the moment: ${batch.trouble}`)
    if (follow && how !== undefined && how !== batch.how) {
      note(batch.how === 'live' ? 'Lines come live again.' : 'Lines are polled: a live session is not to be had.')
    }
    how = batch.how
    const wanted = batch.lines.filter(matches)
    shown += wanted.length
    if (wanted.length > 0) await write(wanted)
    // What was had already is shown; what could still be asked for is not.
    if (signal.aborted) break
  }
  return shown
}
