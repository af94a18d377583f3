import { type Operation, type Schema, membersOf, traitsOf } from './schema.js'
import type { Service, ServiceError } from './service.js'
import { lowerFirst, missingMembers, serializationFailure } from './validation.js'

/**
 * The input of an operation from the body of AWS JSON 1.0 or 1.1, typed as the SDK types it. Throws the service's own
 * refusal when a member is missing or can not be read; unknown members are passed over, as AWS does.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export function jsonInput(service: Service, operation: Operation, body: string): unknown {
  return inputOf(service, operation, parseJson(body))
}

/** The same from a body that was read. */
export function inputOf(service: Service, operation: Operation, parsed: unknown): unknown {
  if (!operation.input.isStructSchema()) return {}
  const missing: string[] = []
  const input = read(operation.input, parsed, [], missing)
  if (missing.length > 0) throw missingMembers(service, missing)
  return input
}

/** A body as JSON; a map of nothing when it is empty. Throws what AWS answers when it is none. */
export function parseJson(body: string): unknown {
  if (body === '') return {}
  try {
    return JSON.parse(body)
  } catch {
    throw serializationFailure('The request body is not valid JSON.')
  }
}

function read(schema: Schema, value: unknown, path: readonly string[], missing: string[]): unknown {
  if (schema.isDocumentSchema()) return value
  if (schema.isStructSchema()) return structure(schema, asObject(value), path, missing)
  const sparse = Boolean(traitsOf(schema).sparse)
  if (schema.isListSchema()) {
    const item = schema.getValueSchema()
    return asList(value)
      .map((entry, index) => absentOr(entry, () => read(item, entry, [...path, String(index + 1), 'member'], missing)))
      .filter((entry) => sparse || entry !== null)
  }
  if (schema.isMapSchema()) {
    const item = schema.getValueSchema()
    return Object.fromEntries(
      Object.entries(asObject(value))
        .map(([key, entry]): [string, unknown] => [
          key,
          absentOr(entry, () => read(item, entry, [...path, key], missing)),
        ])
        .filter(([, entry]) => sparse || entry !== null),
    )
  }
  return scalar(schema, value)
}

const absentOr = (entry: unknown, otherwise: () => unknown): unknown => (entry === null ? null : otherwise())

function structure(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  path: readonly string[],
  missing: string[],
): unknown {
  const result: Record<string, unknown> = {}
  for (const member of membersOf(schema)) {
    const at = [...path, lowerFirst(member.name)]
    const given = Object.hasOwn(value, member.name) ? value[member.name] : undefined
    if (given !== undefined && given !== null) result[member.name] = read(member.schema, given, at, missing)
    else if (member.required) missing.push(at.join('.'))
  }
  if (schema.isUnionSchema() && Object.keys(result).length !== 1)
    throw serializationFailure(`Exactly one member of the union at '${path.join('.')}' must be set.`)
  return result
}

function scalar(schema: Schema, value: unknown): unknown {
  if (schema.isStringSchema()) return typeof value === 'string' ? value : refuse(value, 'a String')
  if (schema.isBooleanSchema()) return typeof value === 'boolean' ? value : refuse(value, 'a Boolean')
  if (schema.isNumericSchema()) {
    if (typeof value === 'number') return value
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
    return refuse(value, 'a Number')
  }
  if (schema.isTimestampSchema()) {
    const date = new Date(
      typeof value === 'number' ? Math.round(value * 1000) : typeof value === 'string' ? value : Number.NaN,
    )
    return Number.isNaN(date.getTime()) ? refuse(value, 'a Timestamp') : date
  }
  if (schema.isBlobSchema())
    return typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : refuse(value, 'a Blob')
  return value
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) throw serializationFailure('Start of list found where not expected.')
  if (typeof value !== 'object' || value === null) refuse(value, 'a Structure')
  return value as Readonly<Record<string, unknown>>
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) refuse(value, 'a List')
  return value as readonly unknown[]
}

function refuse(value: unknown, expected: string): never {
  throw refusal(value, expected)
}

function refusal(value: unknown, expected: string): ServiceError {
  if (Array.isArray(value)) return serializationFailure('Start of list found where not expected.')
  if (typeof value === 'object' && value !== null)
    return serializationFailure('Start of structure or map found where not expected.')
  const token =
    value === null
      ? 'NULL_VALUE'
      : typeof value === 'boolean'
        ? `${String(value).toUpperCase()}_VALUE`
        : `${(typeof value).toUpperCase()}_VALUE`
  return serializationFailure(`${token} can not be converted to ${expected}`)
}
