/** How many lines of one target, and of all, are shown in each window of time by the lines' own clock. */
export const lineLimits = { window: 10_000, plain: 5, telling: 25, all: 400 } as const

/** What to do with a line: show it or not; and how many were left out since this target was last shown. */
export interface Verdict {
  readonly shown: boolean
  readonly leftOut: number
}

interface Window {
  start: number
  shown: number
  leftOut: number
}

/**
 * Holds back a flood of lines, and counts what it held back. A line that tells something of a start or of a failure
 * has room of its own, so that it is never lost behind the traffic.
 */
export function createLineLimit(): (target: string, time: number, telling: boolean) => Verdict {
  const targets = new Map<string, Window>()
  const all: Window = { start: 0, shown: 0, leftOut: 0 }

  const at = (window: Window, time: number): Window => {
    if (time - window.start >= lineLimits.window || time < window.start - lineLimits.window) {
      window.start = time
      window.shown = 0
    }
    return window
  }

  return (target, time, telling) => {
    const window = at(targets.get(target) ?? { start: time, shown: 0, leftOut: 0 }, time)
    targets.set(target, window)
    const total = at(all, time)
    const room = telling ? lineLimits.telling : lineLimits.plain
    if (window.shown >= room || (!telling && total.shown >= lineLimits.all)) {
      window.leftOut += 1
      return { shown: false, leftOut: 0 }
    }
    window.shown += 1
    total.shown += 1
    const { leftOut } = window
    window.leftOut = 0
    return { shown: true, leftOut }
  }
}
