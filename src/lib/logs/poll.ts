import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { LogLine, LogPage, LogSource } from '../ports/log-source.js'
import { createMerge, type Merge, type Witness } from './merge.js'

/** Which lines are followed. */
export interface Followed {
  readonly group: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** Streams whose names begin with one of these; all when left out. */
  readonly streamPrefixes?: readonly string[]
}

/** Lines that nobody has had before, in the order of their time; those that arrived late come late. */
export interface LogBatch {
  readonly lines: readonly LogLine[]
  /** True when more is there already: ask again at once. */
  readonly more: boolean
}

/** Asks for what is new: one call for the whole group, whatever the number of its streams. */
export interface LogPoller {
  /** One call. */
  next(): Promise<LogBatch>
  /** Looks, with the next call, as far back as lines may arrive late. */
  lookBack(): void
  /** For others that bring lines of the same streams. */
  readonly merge: Merge
  isFollowed(line: LogLine): boolean
}

/** Agents send in batches of some seconds, and each stream for itself. */
const usualLag = 30_000
/** CloudWatch itself, and agents that retry, may be minutes late. */
const longestLag = 5 * 60_000
/** How often the whole of that is looked through again. */
const lookBackEvery = 60_000

/** A poller that begins at `since`. It is bounded in memory, and calls nothing by itself. */
export function createLogPoller(
  source: Pick<LogSource, 'page'>,
  followed: Followed,
  clock: Pick<Clock, 'now'>,
): LogPoller {
  const { group, since, streamPrefixes = [] } = followed
  const merge = createMerge(since)
  const [only, ...others] = streamPrefixes
  // One call takes one prefix; several are cheaper to sort out here than to ask for one by one.
  const streamPrefix = others.length === 0 ? only : undefined
  const isFollowed = ({ stream }: LogLine): boolean =>
    streamPrefixes.length === 0 || streamPrefixes.some((prefix) => stream.startsWith(prefix))
  let newest = since
  let lookedBackAt = Number.NEGATIVE_INFINITY
  let walk: { readonly from: number; readonly witness: Witness; readonly isDeep: boolean; next?: string } | undefined

  function begin(): NonNullable<typeof walk> {
    const isDeep = clock.now() - lookedBackAt >= lookBackEvery
    if (isDeep) lookedBackAt = clock.now()
    const from = Math.max(merge.floor(), newest - (isDeep ? longestLag : usualLag))
    return { from, witness: merge.witness(), isDeep }
  }

  async function ask({ from, next }: NonNullable<typeof walk>): Promise<LogPage> {
    try {
      return await source.page(group, {
        since: from,
        ...(streamPrefix !== undefined && { streamPrefix }),
        ...(next !== undefined && { from: next }),
      })
    } catch (error) {
      // What will pass does not cost the place that the walk has come to; a token that has expired does.
      if (!(error instanceof RampartError && error.passing)) {
        walk = undefined
        lookedBackAt = Number.NEGATIVE_INFINITY
      }
      throw error
    }
  }

  return {
    merge,
    isFollowed,
    lookBack: () => {
      lookedBackAt = Number.NEGATIVE_INFINITY
    },
    async next() {
      walk ??= begin()
      const page = await ask(walk)
      const lines = page.lines.filter(isFollowed)
      // A line from the future, whose machine's clock is wrong, must not hide those of all others.
      for (const { time } of lines) newest = Math.max(newest, Math.min(time, clock.now()))
      const fresh = merge.take(walk.witness, lines)
      if (page.next === undefined) {
        if (walk.isDeep) merge.forgetBefore(newest - longestLag)
        walk = undefined
      } else walk.next = page.next
      return { lines: fresh, more: page.next !== undefined }
    },
  }
}
