/** A line of a log stream. */
export interface LogEvent {
  readonly id: string
  readonly stream: string
  readonly time: number
  readonly message: string
}

interface LogStream {
  readonly name: string
  readonly createdAt: number
  readonly firstAt?: number
  readonly lastAt?: number
}

/** The streams of one log group. */
export interface LogStore {
  /** Makes a stream without lines; false when there is one of that name. */
  create(stream: string, time: number): boolean
  append(stream: string, time: number, message: string): void
  /** By name, with the times of their first and last lines, where they have any. */
  streams(): readonly LogStream[]
  /** In order of time; from `from` on and before `to`. */
  events(range: { readonly from: number; readonly to: number }): readonly LogEvent[]
  /** Those that were written after so many, in the order in which they came, and how many that makes by now. */
  arrivals(after: number): { readonly events: readonly LogEvent[]; readonly count: number }
}

const kept = 100_000

/** An empty log group that keeps its newest lines. */
export function createLogStore(): LogStore {
  const events: LogEvent[] = []
  const arrived: LogEvent[] = []
  const streams = new Map<string, LogStream>()
  let count = 0

  return {
    create(stream, time) {
      if (streams.has(stream)) return false
      streams.set(stream, { name: stream, createdAt: time })
      return true
    },
    append(stream, time, message) {
      // CloudWatch's own ids are 56 decimal digits that rise with time.
      const id = `${String(time).padStart(20, '3')}${String(count++).padStart(36, '0')}`
      const event = { id, stream, time, message }
      let place = events.length
      while (place > 0 && (events[place - 1]?.time ?? 0) > time) place--
      events.splice(place, 0, event)
      if (events.length > kept) events.splice(0, events.length - kept)
      arrived.push(event)
      if (arrived.length > kept) arrived.splice(0, arrived.length - kept)
      const known = streams.get(stream)
      streams.set(stream, {
        name: stream,
        createdAt: known?.createdAt ?? time,
        firstAt: Math.min(known?.firstAt ?? time, time),
        lastAt: Math.max(known?.lastAt ?? time, time),
      })
    },
    streams: () => [...streams.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    arrivals: (after) => ({ events: arrived.slice(Math.max(0, arrived.length - (count - after))), count }),
    events({ from, to }) {
      const end = events.findLastIndex(({ time }) => time < to) + 1
      let start = end
      while (start > 0 && (events[start - 1]?.time ?? 0) >= from) start--
      return events.slice(start, end)
    },
  }
}
