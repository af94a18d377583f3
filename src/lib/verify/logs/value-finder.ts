import { createHmac, randomBytes } from 'node:crypto'

/** A place in a text, and whose value is there. */
export interface FoundValue {
  readonly name: string
  readonly from: number
  readonly to: number
}

export interface ValueFinder {
  /** Every place of a known value, leftmost first; places may overlap. */
  find(text: string): readonly FoundValue[]
  /** Names whose values are too short to be told from ordinary text: they are not looked for. */
  readonly tooShort: readonly string[]
}

/** Shorter values occur in texts by themselves. */
const leastLength = 8

// Two hashes below 2^26, so that products stay whole numbers.
const modulus = 67_108_859

/** The ways in which a value is written: as it is, in JSON, in an address, in base64 (as of basic logins). */
function spellings(value: string): readonly string[] {
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
  ]
}

/** Lines come one by one: of a value of several lines each is looked for. */
const linesOf = (value: string): readonly string[] =>
  value.includes('\n') ? value.split(/\r?\n/).filter((line) => line.trim().length >= 16) : [value]

/**
 * Finds values without keeping them: what it holds are their lengths and hashes under a key of its own. It goes over
 * each text once per length, with a rolling hash (Karp and Rabin, https://doi.org/10.1147/rd.312.0249), and asks a
 * keyed SHA-256 where that agrees.
 */
export function createValueFinder(secrets: readonly { readonly name: string; readonly value: string }[]): ValueFinder {
  const key = randomBytes(32)
  const base = 257 + (randomBytes(4).readUInt32BE(0) % 65_000)
  const digestOf = (text: string): string => createHmac('sha256', key).update(text).digest('base64')
  /** By length: rolling hashes, and what leads the window out of them. */
  const windows = new Map<number, { readonly power: number; readonly hashes: Set<number> }>()
  const names = new Map<string, string>()
  const tooShort: string[] = []
  for (const { name, value } of secrets) {
    const wanted = new Set(
      linesOf(value)
        .flatMap(spellings)
        .filter((text) => text.length >= leastLength),
    )
    if (value.trim().length < leastLength) {
      tooShort.push(name)
      continue
    }
    for (const text of wanted) {
      const window = windows.get(text.length) ?? { power: powerOf(base, text.length - 1), hashes: new Set() }
      window.hashes.add(hashOf(text, text.length, base))
      windows.set(text.length, window)
      names.set(digestOf(text), name)
    }
  }
  return {
    tooShort,
    find(text) {
      const found: FoundValue[] = []
      for (const [length, { power, hashes }] of windows) {
        if (text.length < length) continue
        let hash = hashOf(text, length, base)
        for (let from = 0; ; from++) {
          if (hashes.has(hash)) {
            const name = names.get(digestOf(text.slice(from, from + length)))
            if (name !== undefined) found.push({ name, from, to: from + length })
          }
          const to = from + length
          if (to >= text.length) break
          const without = (hash - ((text.charCodeAt(from) * power) % modulus) + modulus) % modulus
          hash = (without * base + text.charCodeAt(to)) % modulus
        }
      }
      return found.toSorted((a, b) => a.from - b.from || b.to - a.to)
    },
  }
}

function powerOf(base: number, exponent: number): number {
  let power = 1
  for (let times = 0; times < exponent; times++) power = (power * base) % modulus
  return power
}

function hashOf(text: string, length: number, base: number): number {
  let hash = 0
  for (let at = 0; at < length; at++) hash = (hash * base + text.charCodeAt(at)) % modulus
  return hash
}
