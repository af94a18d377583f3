import { closest, distance } from 'fastest-levenshtein'
import * as z from 'zod/mini'
import { parseImageRef } from '../domain/image-ref.js'
import type { Path, PathProblem, YamlSource } from './document.js'
import { docs } from './schema-parts.js'
import { homesOf, keysAt, kindOf, schemaAt } from './schema-path.js'

const plain = (key: string): string => key.toLowerCase().replaceAll(/[-_ ]/g, '')

/** The name that was probably meant; undefined when none is near. */
export function suggest(given: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const near = names.find((item) => plain(item) === plain(given)) ?? closest(given, names)
  return plain(near) === plain(given) || distance(given, near) <= Math.max(1, Math.floor(near.length / 3))
    ? near
    : undefined
}

/** Names in code quotes, joined by commas. */
export const quoted = (names: readonly string[]): string => names.map((item) => `\`${item}\``).join(', ')

/** A path as people write it, e.g. `services.backend.tags[1]`. */
export function formatPath(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`)).join('')
}

/** A value as an error may show it: what came from the environment stays hidden behind its `${NAME}`. */
export function shown(value: unknown, path: Path, source: YamlSource): string {
  const origin = source.origin(path)
  if (origin?.interpolated === true) {
    const names = [...origin.source.matchAll(/\$\{[A-Za-z_]\w*/g)].map(([start]) => `${start}}`)
    return `the value of ${names.join(' and ')}`
  }
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value === null) return 'nothing'
  if (typeof value === 'object') return 'a map'
  if (typeof value !== 'string') return `the ${typeof value} ${origin?.source ?? ''}`
  return `\`${value.length > 60 ? `${value.slice(0, 60)}…` : value}\``
}

/** The value at a path; undefined when there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

/** What zod found, as problems with their places: what is wrong, and what would be valid. */
export function explain(issue: z.core.$ZodIssue, data: unknown, source: YamlSource): readonly PathProblem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], source))
  const text = formatPath(path)
  if (issue.code === 'invalid_key') {
    const what =
      text.split('.').length > 2
        ? 'a valid name'
        : `a valid name for ${path[0] === 'services' ? 'a service' : 'an environment'}`
    const hint = path.includes('args')
      ? 'Names hold letters, digits and `_`'
      : 'Names are lower-case letters, digits, `-` and `_`, beginning with a letter, at most 63'
    return [{ path, message: `\`${String(path.at(-1))}\` is not ${what}`, hint, place: source.place(path, 'key') }]
  }
  const value = valueAt(data, path)
  const schema = schemaAt(path)
  const doc = schema === undefined ? undefined : docs.get(schema)
  const what = doc?.what ?? 'something else'
  if (value === undefined) return [missing(path, source)]
  if (value === null) {
    const place = source.place(path, 'key')
    return [{ path, message: `\`${text}\` is empty`, hint: `It must be ${what}`, place }]
  }
  const place = source.place(path, typeof value === 'object' ? 'key' : 'value')
  const word =
    typeof value === 'string' && kindOf(schema) === 'number' && source.origin(path)?.interpolated === false
      ? 'the text '
      : ''
  const isSecret = doc?.secret === true
  const given = isSecret ? 'what is written there' : `${word}${shown(value, path, source)}`
  const message = `\`${text === '' ? 'rampart.yml' : text}\` must be ${what}, not ${given}`
  // A correction repeats the value, which may be a secret when a variable gave it.
  const origin = source.origin(path)
  const correction =
    schema === undefined || isSecret || origin?.interpolated === true
      ? undefined
      : correct(schema, value, origin?.source)
  const hint =
    correction ??
    doc?.hint ??
    (doc === undefined || doc.examples.length === 0 ? undefined : `Such as ${quoted(doc.examples.map(String))}`)
  return [{ path, message, place, ...(hint !== undefined && { hint }) }]
}

/** A key or value that has to be there and is not. */
export function missing(path: Path, source: YamlSource): PathProblem {
  const schema = schemaAt(path)
  const doc = schema === undefined ? undefined : docs.get(schema)
  const example = doc?.examples[0]
  const add =
    example === undefined ? `Add \`${String(path.at(-1))}\`` : `Add \`${String(path.at(-1))}: ${String(example)}\``
  const hint = doc === undefined ? add : `${add}. ${doc.description}`
  return { path, message: `\`${formatPath(path)}\` is missing`, hint, place: source.place(path, 'key') }
}

function unknownKey(path: Path, source: YamlSource): PathProblem {
  const key = String(path.at(-1))
  const here = keysAt(path.slice(0, -1))
  const near = suggest(key, here)
  const [home] = near === undefined ? homesOf(key) : []
  const hint =
    near !== undefined
      ? `Did you mean \`${near}\`?`
      : home !== undefined
        ? `It belongs ${home === '' ? 'at the top of the file' : `under \`${home}\``}`
        : `Valid here: ${quoted(here)}`
  return {
    path,
    message: `\`${formatPath(path)}\` is not a key of rampart.yml`,
    hint,
    place: source.place(path, 'key'),
  }
}

/** The nearest text that would be accepted; undefined when none is obvious. */
function correct(schema: z.ZodMiniType, value: unknown, source: string | undefined): string | undefined {
  if (typeof value === 'object') return undefined
  if (kindOf(schema) === 'boolean') {
    const word = (typeof value === 'string' ? value : (source ?? '')).toLowerCase()
    if (['yes', 'on', 'y', 'true', '1'].includes(word)) return 'Write `true`'
    return ['no', 'off', 'n', 'false', '0'].includes(word) ? 'Write `false`' : undefined
  }
  if (kindOf(schema) === 'number') {
    const number = typeof value === 'string' ? Number(value.replace(/%$/, '')) : Number.NaN
    return z.safeParse(schema, number).success ? `Write \`${number}\`, without quotes and sign` : undefined
  }
  const accepted = (text: string): boolean => z.safeParse(schema, text).success
  if (typeof value !== 'string') {
    if (source !== undefined && accepted(source))
      return `YAML reads this as a ${typeof value}; put it into quotes: \`"${source}"\``
  }
  const text = typeof value === 'string' ? value : (source ?? '')
  // `100 MB` and `1h 30m` are meant as one word; in other texts a space is part of the name.
  const tight = /^\s*\d/.test(text) ? text.replaceAll(/\s/g, '') : text.trim()
  const candidates = [
    tight,
    tight.toLowerCase(),
    tight.toUpperCase(),
    // A unit is what a number may lack; a word that is too short is not mended by one.
    ...(/^\d/.test(tight) ? [`${tight}s`, `${tight}MB`] : []),
    parseImageRef(tight)?.repository,
  ]
  const found = candidates.find((candidate) => candidate !== undefined && accepted(candidate))
  return found === undefined ? undefined : `Write \`${found}\``
}
