/** Seeded randomness: the same seed gives the same world. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** At least `low`, below `high`. */
  between(low: number, high: number): number
  /** That many lower-case hexadecimal digits. */
  hex(length: number): string
  /** A version 4 UUID by its shape. */
  uuid(): string
}

/** A generator that starts from any 32-bit seed (the mulberry32 sequence). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const hex = (length: number): string => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'.charAt(Math.floor(next() * 4))}${hex(3)}-${hex(12)}`,
  }
}
