import { personalPlaces } from './personal-data.js'
import { loggedSecretFormats } from './secret-formats.js'
import type { ValueFinder } from './value-finder.js'

export interface ScannedLine {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly stream: string
  readonly text: string
}

/** What was found of one kind, in however many lines. */
export interface LogFinding {
  readonly kind: 'value' | 'format' | 'personal'
  /** The secret's name for a configured value, the rule's for a format, `email` or `card`. */
  readonly rule: string
  /** For people, e.g. `AWS access key`. */
  readonly what: string
  readonly count: number
  /** Streams that have it, the first ones. */
  readonly streams: readonly string[]
  /** The first line that has it, masked and cut. */
  readonly example: string
  readonly time: number
}

interface Place {
  readonly kind: LogFinding['kind']
  readonly rule: string
  readonly what: string
  readonly from: number
  readonly to: number
}

const formats = loggedSecretFormats.map((one) => ({ ...one, text: new RegExp(one.text, `${one.text.flags}g`) }))

const personal = { email: 'e-mail address', card: 'number of a payment card' } as const

function placesIn(text: string, values: ValueFinder): readonly Place[] {
  const configured = values
    .find(text)
    .map(({ name, from, to }): Place => ({ kind: 'value', rule: name, what: `value of ${name}`, from, to }))
  const known = formats.flatMap(({ rule, what, text: pattern }) =>
    Array.from(text.matchAll(pattern), ({ 0: found, index }): Place => {
      return { kind: 'format', rule, what, from: index, to: index + found.length }
    }),
  )
  const own = personalPlaces(text).map(({ kind, from, to }): Place => {
    return { kind: 'personal', rule: kind, what: personal[kind], from, to }
  })
  return [...configured, ...known, ...own]
}

const before = 40
const mostStreams = 5
/** Longer lines are looked at in pieces that overlap, so that no rule takes long. */
const piece = 20_000
const overlap = 2000

// oxlint-disable-next-line no-control-regex -- they are what is to be taken out
const controls = /[\u0000-\u001f\u007f-\u009f]/g

/** What stands before the first place, and the places themselves as what they are: nothing that follows is shown. */
function masked(text: string, places: readonly Place[]): string {
  const first = places.reduce((least, { from }) => Math.min(least, from), text.length)
  const last = places.find(({ from }) => from === first)
  const start = text.slice(Math.max(0, first - before), first).replaceAll(controls, ' ')
  return `${first > before ? '\u2026' : ''}${start}[${last?.what ?? 'secret'}]`
}

const overlaps = (one: Place, other: Place): boolean => one.from < other.to && other.from < one.to

const covers = (one: Place, other: Place): boolean =>
  one.from <= other.from && one.to >= other.to && one.to - one.from > other.to - other.from

/** Without what is a part of something else: a format within a longer one, and a password that looks like an address. */
function withoutCovered(places: readonly Place[]): readonly Place[] {
  const secrets = places.filter(({ kind }) => kind !== 'personal')
  return places.filter((one) => {
    if (one.kind === 'value') return true
    if (one.kind === 'personal') return !secrets.some((other) => overlaps(one, other))
    return !secrets.some((other) => other.kind === 'format' && covers(other, one))
  })
}

/** Collects what lines hold that no log should; it keeps no line, and no value leaves it. */
export function createLogScan(values: ValueFinder): {
  take(line: ScannedLine): void
  findings(): readonly LogFinding[]
} {
  const found = new Map<string, LogFinding>()

  function note({ time, stream }: ScannedLine, text: string, seen: Set<string>): void {
    const places = placesIn(text, values)
    if (places.length === 0) return
    for (const { kind, rule, what } of withoutCovered(places)) {
      const key = `${kind} ${rule}`
      if (seen.has(key)) continue
      seen.add(key)
      const known = found.get(key)
      const streams = known?.streams ?? []
      found.set(key, {
        kind,
        rule,
        what,
        count: (known?.count ?? 0) + 1,
        streams: streams.includes(stream) || streams.length >= mostStreams ? streams : [...streams, stream],
        example: known?.example ?? masked(text, places),
        time: Math.min(known?.time ?? time, time),
      })
    }
  }

  return {
    take(line) {
      const seen = new Set<string>()
      for (let from = 0; from === 0 || from + overlap < line.text.length; from += piece - overlap) {
        note(line, line.text.slice(from, from + piece), seen)
      }
    },
    findings: () => [...found.values()],
  }
}
