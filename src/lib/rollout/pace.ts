/** Milliseconds between two looks at a rollout. AWS moves in steps of tens of seconds; more looks would only cost calls. */
export const paces = { moving: 5000, usual: 10_000, quiet: 20_000, still: 30_000, most: 60_000 } as const

/** What the next look depends on. Durations in milliseconds. */
export interface Situation {
  /** Since something was last seen to change. */
  readonly unchangedFor: number
  /** How many looks in a row AWS has failed to answer or throttled. */
  readonly failures: number
}

/** How long to wait for the next look: less while something moves, more while nothing does and when AWS says no. */
export function nextLook({ unchangedFor, failures }: Situation): number {
  if (failures > 0) return Math.min(paces.most, paces.usual * 2 ** (failures - 1))
  if (unchangedFor < 15_000) return paces.moving
  if (unchangedFor < 2 * 60_000) return paces.usual
  return unchangedFor < 10 * 60_000 ? paces.quiet : paces.still
}
