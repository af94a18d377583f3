/** One line of a target's log. */
export interface LogEntry {
  /** Rises by one with every line of the run. */
  readonly number: number
  readonly target: string
  readonly time: string
  readonly text: string
}

/** Which lines are wanted. */
export interface LogWish {
  /** Text that the line or its target must have, in any case; all lines when empty. */
  readonly filter: string
  readonly errorsOnly: boolean
}

/** The last lines of all targets. Memory is bounded whatever comes. */
export interface LogRing {
  push(line: Omit<LogEntry, 'number'>): void
  /** How many lines ever came. */
  total(): number
  /** Those that are wanted of those that are kept, oldest first. */
  wanted(wish: LogWish): readonly LogEntry[]
}

/** Lines kept, and characters of each. */
const ringBounds = { lines: 5000, text: 1000 } as const

const trouble = /\b(?:error|fatal|critical|exception|traceback|panic|killed|failed|failure|oom)\b/i
const named = /\b[A-Z]\w*(?:Error|Exception)\b/

/** True for a line that tells of an error, by its words. */
export function isTrouble(text: string): boolean {
  return trouble.test(text) || named.test(text)
}

/** Makes an empty ring. */
export function createLogRing(size: number = ringBounds.lines): LogRing {
  const kept: LogEntry[] = []
  let total = 0

  return {
    push({ target, time, text }) {
      // A copy of the part: what a string was cut from would be kept with it.
      const short = text.length > ringBounds.text ? Buffer.from(text.slice(0, ringBounds.text)).toString() : text
      kept[total % size] = { number: total, target, time, text: short }
      total += 1
    },
    total: () => total,
    wanted({ filter, errorsOnly }) {
      const start = total > size ? total % size : 0
      const lines = start === 0 ? kept : [...kept.slice(start), ...kept.slice(0, start)]
      if (filter === '' && !errorsOnly) return lines
      const needle = filter.toLowerCase()
      return lines.filter(
        ({ text, target }) =>
          (needle === '' || text.toLowerCase().includes(needle) || target.toLowerCase().includes(needle)) &&
          (!errorsOnly || isTrouble(text)),
      )
    },
  }
}
