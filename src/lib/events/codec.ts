import { eventVersion, type Event } from './event.js'
import {
  digestPattern,
  envelopeShape,
  eventShapes,
  type NumberShape,
  type Shape,
  type TextShape,
} from './json-schema.js'

/** A line that is no event, or one that only a newer rampart can read; `line` counts from 1. */
export class EventFormatError extends Error {
  override readonly name = 'EventFormatError'
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.line = line
  }
}

// JSON.stringify escapes the C0 controls. DEL, the C1 controls (one of them starts terminal sequences too) and the
// line separators that some readers split at are legal in JSON and left by it, so they are escaped here.
const unsafe = /[\u007f-\u009f\u2028\u2029]/g

/** The event as one line of NDJSON, its newline included; no control character stands in it unescaped. */
export function encodeEvent(event: Event): string {
  const json = JSON.stringify(event).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${json}\n`
}

const digest = new RegExp(digestPattern)
// RFC 3339, as JSON Schema's date-time has it: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
const dateTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textFault(value: unknown, shape: TextShape, path: string): string | undefined {
  if (typeof value !== 'string') return `${path} must be a string`
  if (shape.enum !== undefined && !shape.enum.includes(value)) return `${path} must be one of ${shape.enum.join(', ')}`
  if (shape.format !== undefined && !(dateTime.test(value) && !Number.isNaN(Date.parse(value)))) {
    return `${path} must be a date and time in ISO 8601`
  }
  return undefined
}

function numberFault(value: unknown, shape: NumberShape, path: string): string | undefined {
  if (typeof value !== 'number') return `${path} must be a number`
  if (shape.type === 'integer' && !Number.isInteger(value)) return `${path} must be a whole number`
  if (shape.minimum !== undefined && value < shape.minimum) return `${path} must be at least ${shape.minimum}`
  if (shape.const !== undefined && value !== shape.const) return `${path} must be ${shape.const}`
  return undefined
}

/** The first thing about the value that its shape does not allow; undefined when there is none. */
function fault(value: unknown, shape: Shape, path: string): string | undefined {
  if ('$ref' in shape) {
    return typeof value === 'string' && digest.test(value) ? undefined : `${path} must be a sha256 digest`
  }
  switch (shape.type) {
    case 'string':
      return textFault(value, shape, path)
    case 'integer':
    case 'number':
      return numberFault(value, shape, path)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${path} must be true or false`
    case 'array':
      if (!Array.isArray(value)) return `${path} must be a list`
      return first(value.map((item: unknown, index) => () => fault(item, shape.items, `${path}[${index}]`)))
    case 'object':
      if (!isRecord(value)) return `${path === '' ? 'the event' : path} must be an object`
      return first(
        Object.entries(shape.properties).map(([name, property]) => () => {
          const inner = path === '' ? name : `${path}.${name}`
          if (Object.hasOwn(value, name)) return fault(value[name], property, inner)
          return shape.required.includes(name) ? `${inner} is missing` : undefined
        }),
      )
  }
}

function first(questions: readonly (() => string | undefined)[]): string | undefined {
  for (const ask of questions) {
    const answer = ask()
    if (answer !== undefined) return answer
  }
  return undefined
}

/**
 * Reads one line. Undefined for an empty line and for an event of a type that this version does not know; fields that
 * it does not know are kept. Throws an {@link EventFormatError} for anything else that is no event.
 */
export function decodeEvent(line: string, number: number): Event | undefined {
  if (line.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new EventFormatError(
      number,
      'not JSON; an event is one JSON object on one line, and this one may be cut short',
    )
  }
  if (!isRecord(value)) throw new EventFormatError(number, 'not an event: not a JSON object')
  if (typeof value['v'] === 'number' && value['v'] > eventVersion) {
    throw new EventFormatError(
      number,
      `written in version ${value['v']} of the event format, and this rampart reads version ${eventVersion}; a newer rampart reads it`,
    )
  }
  const type = value['type']
  const place = fault(value, envelopeShape, '')
  if (place !== undefined) throw new EventFormatError(number, `not an event: ${place}`)
  if (typeof type !== 'string') throw new EventFormatError(number, 'not an event: type must be a string')
  if (!Object.hasOwn(eventShapes, type)) return undefined
  const wrong = fault(value, eventShapes[type as Event['type']], '')
  if (wrong !== undefined) throw new EventFormatError(number, `not a valid ${type} event: ${wrong}`)
  return value as unknown as Event
}

/** Reads a recorded or live stream, however its bytes are cut; see {@link decodeEvent} for what it leaves out. */
export async function* decodeEvents(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Event> {
  const decoder = new TextDecoder()
  let number = 0
  let rest = ''
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = decodeEvent(line, ++number)
      if (event !== undefined) yield event
    }
  }
  const event = decodeEvent(rest + decoder.decode(), ++number)
  if (event !== undefined) yield event
}
