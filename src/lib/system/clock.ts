import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../ports/clock.js'

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal === undefined ? {} : { signal }),
}

/** A clock that agreed with the machine's at `origin` (milliseconds since 1970) and has run `speed` times as fast since. */
export function acceleratedClock(speed: number, origin: number): Clock {
  return {
    now: () => origin + (Date.now() - origin) * speed,
    sleep: (milliseconds, signal) => delay(milliseconds / speed, undefined, signal === undefined ? {} : { signal }),
  }
}
