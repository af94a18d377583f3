import type { Clock } from '../../src/lib/ports/clock.js'

/** A clock that stands still until somebody sleeps on it: sleeping moves it on at once. */
export class ManualClock implements Clock {
  #now: number

  constructor(start = Date.UTC(2026, 0, 15, 12)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#now += milliseconds
    // Others get their turn, as they would while a real clock runs.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
