import { setTimeout as delay } from 'node:timers/promises'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'

/** The longest time that a timer of Node takes; a longer one would end at once. */
const longestTimer = 2 ** 31 - 1

/** Sleeps in real time. Node's own timer rejects with an AbortError of its own; a Clock promises the signal's reason. */
async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  try {
    await delay(Math.min(milliseconds, longestTimer), undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now(), sleep }

/** A clock that agreed with the machine's at `origin` (milliseconds since 1970) and has run `speed` times as fast since. */
export function acceleratedClock(speed: number, origin: number): Clock {
  return {
    now: () => Math.round(origin + (Date.now() - origin) * speed),
    sleep: (milliseconds, signal) => sleep(milliseconds / speed, signal),
  }
}

/** The value of RAMPART_CLOCK that gives another process the same accelerated clock. */
export function formatClock(speed: number, origin: number): string {
  return `${speed}@${origin}`
}

/** The clock that RAMPART_CLOCK asks for; the machine's own when it says nothing. */
export function clockFrom(value: string | undefined): Clock {
  const asked = askedClock(value)
  return asked === undefined ? systemClock : acceleratedClock(asked.speed, asked.origin)
}

/** How many times as fast as time that clock runs; undefined for the machine's own. */
export const paceFrom = (value: string | undefined): number | undefined => askedClock(value)?.speed

function askedClock(value: string | undefined): { readonly speed: number; readonly origin: number } | undefined {
  if (value === undefined || value === '') return undefined
  const match = /^(?<speed>\d+(?:\.\d+)?)@(?<origin>\d+)$/.exec(value)
  const speed = Number(match?.groups?.['speed'] ?? 0)
  if (speed <= 0) {
    throw new RampartError('usage', `RAMPART_CLOCK is ${JSON.stringify(value)}, which is no clock.`, {
      next: ['export it as `rampart rehearse serve` prints it, or unset it'],
    })
  }
  return { speed, origin: Number(match?.groups?.['origin']) }
}
