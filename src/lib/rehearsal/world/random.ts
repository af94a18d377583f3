import { seededRandom } from '../wire/faults.js'

/** Seeded randomness: the same seed gives the same world. */
export interface Random {
  /** At least 0, below 1. */
  next(): number
  /** At least `low`, below `high`. */
  between(low: number, high: number): number
  /** A whole number from 0, below `end`. */
  pick(end: number): number
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
    pick: (end) => Math.floor(next() * end),
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'.charAt(Math.floor(next() * 4))}${hex(3)}-${hex(12)}`,
  }
}

/** Randomness in which all that varies lies at that share of its range, 0 to 1; only names and addresses still differ. */
export function steadyRandom(share: number): Random {
  return {
    ...createRandom(1),
    next: () => share,
    between: (low, high) => low + share * (high - low),
  }
}
