/** What goes wrong with a call. `after` means that the handler has run, so that its effect stands, though the client never hears of it. */
export type FaultEffect =
  | { readonly kind: 'throttle' }
  | { readonly kind: 'status'; readonly status: 500 | 503; readonly when?: 'before' | 'after' }
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  | { readonly kind: 'expired-credentials' }
  | { readonly kind: 'denied' }

/** Which of the matching calls are hit: a share of them (0 to 1), every nth, or those with these numbers (from 1). */
type FaultOccasion = { readonly rate: number } | { readonly everyNth: number } | { readonly calls: readonly number[] }

/** A fault as data. Without `match` it concerns every AWS call; `service` is a signing name. */
export type Fault = FaultOccasion & {
  readonly match?: { readonly service?: string; readonly operation?: string }
  readonly effect: FaultEffect
}

/**
 * The faults of a run, as a function from each call to what goes wrong with it. Each fault counts its own matching
 * calls; where several hit, the first in the list holds. The same seed and calls give the same faults.
 */
export function createFaults(
  faults: readonly Fault[],
  seed: number,
): (service: string, operation: string) => FaultEffect | undefined {
  const random = seededRandom(seed)
  const counts = faults.map(() => 0)
  return (service, operation) => {
    let effect: FaultEffect | undefined
    // All of them count and draw, whichever holds, so that one fault does not shift another.
    for (const [index, fault] of faults.entries()) {
      if ((fault.match?.service ?? service) !== service) continue
      if ((fault.match?.operation ?? operation) !== operation) continue
      const count = (counts[index] ?? 0) + 1
      counts[index] = count
      if (hits(fault, count, random)) effect ??= fault.effect
    }
    return effect
  }
}

function hits(fault: Fault, count: number, random: () => number): boolean {
  if ('rate' in fault) return random() < fault.rate
  return 'everyNth' in fault ? count % fault.everyNth === 0 : fault.calls.includes(count)
}

/** Numbers from 0 up to 1 by the generator known as mulberry32: the same seed gives the same row. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
