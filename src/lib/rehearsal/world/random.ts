import { seededRandom } from '../wire/faults.js'

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

/** The randomness that starts from a 32-bit seed. */
export function createRandom(seed: number): Random {
  const next = seededRandom(seed)
  const hex = (length: number): string => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'.charAt(Math.floor(next() * 4))}${hex(3)}-${hex(12)}`,
  }
}
