import type { Clock } from '../../src/lib/ports/clock.js'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/**
 * A clock for several clients at once: its time moves on only when all of them sleep, to the moment at which the first
 * one wakes. So that the same calls come in the same order every time, however fast the machine is.
 */
export class EventClock implements Clock {
  #now = Date.UTC(2026, 0, 15, 12)
  #sleepers: Sleeper[] = []
  /** Calls that have no answer yet; time stands still for them. */
  #calls = 0
  /** Work that is waited for; without any, time stands still. */
  #works = 0

  now(): number {
    return this.#now
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { at: this.#now + milliseconds, wake: resolve }
    const stop = (): void => {
      this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', stop, { once: true })
    this.#sleepers.push(sleeper)
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** Lets time stand still until the call is answered. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    this.#calls += 1
    try {
      return await call()
    } finally {
      this.#calls -= 1
    }
  }

  /** Lets time move until the work is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    this.#works += 1
    if (this.#works === 1) void this.#run()
    try {
      return await work
    } finally {
      this.#works -= 1
      // Who never wakes again must not be woken by the next work.
      if (this.#works === 0) this.#sleepers = []
    }
  }

  async #run(): Promise<void> {
    while (this.#works > 0) {
      // What an answer has set off comes to rest within a turn; the second one is for what itself waits for a turn.
      for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      if (this.#calls > 0) continue
      const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) continue
      this.#sleepers = this.#sleepers.filter((one) => one !== next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
  }
}
