import type { LogLine } from '../ports/log-source.js'

/** How often each line has been seen by one witness: a page walk, or a live session. */
export interface Witness {
  readonly seen: Map<string, { readonly time: number; count: number }>
}

/** Lets each line through once, however many witnesses tell of it and how often. */
export interface Merge {
  witness(): Witness
  /** Those of the lines that no witness had told of, in the order of their time. */
  take(witness: Witness, lines: readonly LogLine[]): readonly LogLine[]
  /** Forgets the lines before that time; from then on they count as told. */
  forgetBefore(time: number): void
  /** The time before which lines are not taken any more. */
  floor(): number
}

// Two 32-bit FNV-1a hashes (http://www.isthe.com/chongo/tech/comp/fnv/) beside stream and time: texts need not be kept.
function fingerprint(text: string): string {
  let one = 0x811c9dc5
  let two = 0x01000193
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    one = Math.imul(one ^ code, 0x01000193)
    two = Math.imul(two ^ (code + at), 0x85ebca6b)
  }
  return `${(one >>> 0).toString(36)}.${(two >>> 0).toString(36)}`
}

/**
 * A merge that takes lines from `since` on and remembers at most `most` of them: beyond that it forgets the oldest,
 * and takes nothing as old as those any more.
 *
 * Lines of a live session have no id, and the same text may stand twice in one millisecond. So a line is known by its
 * stream, time and text and by its number among its like: the second of a witness is new when no witness had two.
 */
export function createMerge(since: number, most = 50_000): Merge {
  let floor = since
  const told = new Map<string, { readonly time: number; count: number }>()

  function forgetBefore(time: number): void {
    if (time <= floor) return
    floor = time
    for (const [key, entry] of told) if (entry.time < floor) told.delete(key)
  }

  return {
    witness: () => ({ seen: new Map() }),
    take({ seen }, lines) {
      const fresh: LogLine[] = []
      for (const line of lines) {
        if (line.time < floor) continue
        const key = `${line.time} ${fingerprint(line.text)} ${line.stream}`
        const like = seen.get(key) ?? { time: line.time, count: 0 }
        like.count += 1
        seen.set(key, like)
        const { count } = like
        const entry = told.get(key)
        if (entry !== undefined && entry.count >= count) continue
        if (entry === undefined) told.set(key, { time: line.time, count })
        else entry.count = count
        fresh.push(line)
      }
      if (told.size > most) {
        const times = [...told.values()].map(({ time }) => time).sort((a, b) => a - b)
        // A tenth more than there must: sorting them is not to become the rule.
        forgetBefore((times[times.length - Math.floor(most * 0.9)] ?? floor) + 1)
      }
      if (seen.size > most) for (const [key, { time }] of seen) if (time < floor) seen.delete(key)
      return fresh.sort((a, b) => a.time - b.time)
    },
    forgetBefore,
    floor: () => floor,
  }
}
