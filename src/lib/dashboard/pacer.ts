/** The shortest time between two frames, and between two that only the run asks for; milliseconds of real time. */
const pace = { frame: 100, calm: 250 } as const

/** Decides when a frame is drawn. */
export interface Pacer {
  /** Something of the run has changed. */
  calm(): void
  /** A person waits for it. */
  soon(): void
  /** Ends it; no frame comes after. */
  stop(): void
}

/** Frames at most every 100 ms; keys are answered within that, the run is shown every 250 ms. */
export function createPacer(draw: () => void): Pacer {
  let drawnAt = -Infinity
  let timer: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined
  let stopped = false

  function frame(): void {
    timer = undefined
    if (stopped) return
    draw()
    // From its end on: a frame that took long must not be followed at once by the next.
    drawnAt = performance.now()
  }

  function within(gap: number): void {
    if (stopped) return
    const at = Math.max(performance.now(), drawnAt + gap)
    if (timer !== undefined && timer.at <= at) return
    if (timer !== undefined) clearTimeout(timer.handle)
    timer = { at, handle: setTimeout(frame, Math.max(0, at - performance.now())) }
  }

  return {
    calm: () => within(pace.calm),
    soon: () => within(pace.frame),
    stop() {
      stopped = true
      if (timer !== undefined) clearTimeout(timer.handle)
    },
  }
}
