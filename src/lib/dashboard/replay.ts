import type { Event } from '../events/event.js'

export interface ReplayOptions {
  /** Milliseconds of the recording per millisecond of waiting; Infinity does not wait at all. */
  readonly speed: number
  /** Waits; rejects or returns when the signal is aborted. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** Gets each event at its time. */
  readonly sink: (event: Event) => void
  readonly signal?: AbortSignal
}

/** A recording that is being played. */
export interface Replay {
  /** The recording's own clock, in milliseconds since 1970: where its last event stands. */
  now(): number
  /** Ends with the recording, or when the signal is aborted. */
  readonly done: Promise<void>
}

/** Plays recorded events into a reporter as they came, that many times as fast. */
export function replay(events: AsyncIterable<Event> | Iterable<Event>, options: ReplayOptions): Replay {
  const { speed, sleep, sink, signal } = options
  const isOver = (): boolean => signal?.aborted === true
  let at = 0

  async function play(): Promise<void> {
    for await (const event of events) {
      if (isOver()) return
      const time = Date.parse(event.at)
      const wait = at === 0 ? 0 : (time - at) / speed
      // Events of the same moment belong together, and a timer can not wait for less than a millisecond.
      if (wait >= 1) {
        try {
          await sleep(wait, signal)
        } catch (error) {
          if (isOver()) return
          throw error
        }
      }
      at = wait >= 1 || at === 0 ? time : at
      sink(event)
    }
  }

  return { now: () => at, done: play() }
}
