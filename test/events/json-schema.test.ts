import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { decodeEvent, EventFormatError } from '../../src/lib/events/codec.js'
import type { EventBody, EventType } from '../../src/lib/events/event.js'
import { eventsJsonSchema, eventShapes, type FromShape } from '../../src/lib/events/json-schema.js'
import { anyEvent, anyEventOf, eventTypes } from './arbitrary.js'

const formats = { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) && text.includes('T') }

/** The published schema, and the same with every object closed: a field that it does not name is a mistake of ours. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, closed(item)]))
  return 'properties' in value ? { ...inner, additionalProperties: false } : inner
}

const ajv = new Ajv2020({ formats })
const validate: ValidateFunction = ajv.compile(eventsJsonSchema())
const validateClosed: ValidateFunction = new Ajv2020({ formats }).compile(closed(eventsJsonSchema()) as object)

/** The same type with its intersections and modifiers made plain, so that two of them can be compared exactly. */
type Plain<T> = T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T
type Union = { [T in EventType]: Plain<Omit<Extract<EventBody, { readonly type: T }>, 'type'>> }
type Described = { [T in EventType]: Plain<FromShape<(typeof eventShapes)[T]>> }

describe('the schema of events', () => {
  test('is what is published', () => {
    const published: unknown = JSON.parse(readFileSync('schemas/events.schema.json', 'utf8'))
    expect(published).toEqual(eventsJsonSchema())
  })

  test('describes exactly the types of the union', () => {
    expectTypeOf<Described>().toEqualTypeOf<Union>()
    expect(Object.keys(eventShapes).sort()).toEqual([...eventTypes].sort())
  })

  test.each(eventTypes)('takes every %s event, and names every field of it', (type) => {
    fc.assert(
      fc.property(anyEventOf(type), (event) => {
        expect({ taken: validateClosed(event), errors: validateClosed.errors }).toEqual({ taken: true, errors: null })
      }),
      { numRuns: 60 },
    )
  })

  test('lets later versions add fields', () => {
    expect(
      validate({ v: 1, seq: 1, at: '2026-11-20T09:00:00.000Z', type: 'alarm', name: 'a', state: 'OK', more: 1 }),
    ).toBe(true)
  })

  test('and the decoder judge alike, whatever is broken in an event', () => {
    const damage = fc.oneof(fc.constant(undefined), fc.jsonValue(), fc.constantFrom('', 0, -1, 1.5, null, [], {}))
    fc.assert(
      fc.property(anyEvent, fc.nat(), damage, (event, pick, value) => {
        const paths = pathsOf(event).filter((path) => path[0] !== 'type' && path[0] !== 'v')
        const path = paths[pick % paths.length] ?? []
        const broken = replaceAt(event, path, value)
        expect(decodes(JSON.stringify(broken))).toBe(validate(JSON.parse(JSON.stringify(broken))))
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['healthy', 'bad-image', 'attached'])('takes the recorded stream %s', (name) => {
    for (const line of readFileSync(`test/fixtures/events/${name}.ndjson`, 'utf8').trimEnd().split('\n')) {
      expect({ line, taken: validateClosed(JSON.parse(line)) }).toEqual({ line, taken: true })
    }
  })
})

function decodes(line: string): boolean {
  try {
    return decodeEvent(line, 1) !== undefined
  } catch (error) {
    if (error instanceof EventFormatError) return false
    throw error
  }
}

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

function replaceAt(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement
  const entries = Object.entries(value as object).map(([name, item]): [string, unknown] => [
    name,
    name === String(key) ? replaceAt(item, rest, replacement) : item,
  ])
  if (Array.isArray(value)) return entries.map(([, item]) => item)
  return Object.fromEntries(entries)
}
