import type { LogLine } from '../ports/log-source.js'
import { lifeIn } from './symptom.js'

/** Whose process has written its last words. */
export interface Endings {
  /** Since when, by target; milliseconds since 1970. */
  readonly endedAt: ReadonlyMap<string, number>
  /** Takes in a line of a target; `tells` when it shows how far the target has come. */
  hear(target: string, line: LogLine, tells: boolean): void
}

/**
 * Follows which targets have fallen silent after an error. A platform needs minutes to find that out by health checks,
 * and an exception that was caught is followed by other lines of the same container.
 */
export function createEndings(): Endings {
  const streams = new Map<string, string>()
  const endedAt = new Map<string, number>()

  function revive(target: string): void {
    streams.delete(target)
    endedAt.delete(target)
  }

  return {
    endedAt,
    hear(target, { stream, time, text }, tells) {
      const life = lifeIn(text)
      if (life === 'dead' || life === 'dying') {
        // What never began stays so, whatever else the machine writes.
        streams.set(target, life === 'dead' ? '' : stream)
        endedAt.set(target, time)
        return
      }
      if (tells || (life === 'alive' && streams.get(target) === stream)) revive(target)
    },
  }
}
