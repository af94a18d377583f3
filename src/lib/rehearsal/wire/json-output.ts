import { type Schema, membersOf, timestampFormat } from './schema.js'

/**
 * A value of a schema as the plain JSON of AWS JSON 1.0 and 1.1 (timestamps in epoch seconds, blobs in base64). Throws
 * a TypeError that names the place when it does not fit: that is a mistake of a handler.
 */
export function jsonOutput(schema: Schema, value: unknown): unknown {
  if (schema.isDocumentSchema()) return value
  if (schema.isStructSchema()) {
    if (typeof value !== 'object' || value === null) throw misfit(schema, value)
    const given = value as Readonly<Record<string, unknown>>
    return Object.fromEntries(
      membersOf(schema)
        .filter((member) => given[member.name] !== undefined && given[member.name] !== null)
        .map((member) => [member.name, jsonOutput(member.schema, given[member.name])]),
    )
  }
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) throw misfit(schema, value)
    return value.map((entry) => (entry === null ? null : jsonOutput(schema.getValueSchema(), entry)))
  }
  if (schema.isMapSchema()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(schema, value)
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [
        key,
        entry === null ? null : jsonOutput(schema.getValueSchema(), entry),
      ]),
    )
  }
  return scalar(schema, value)
}

function scalar(schema: Schema, value: unknown): unknown {
  if (schema.isStringSchema() && typeof value === 'string') return value
  if (schema.isBooleanSchema() && typeof value === 'boolean') return value
  if (schema.isNumericSchema() && typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (schema.isBlobSchema() && value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (schema.isTimestampSchema() && value instanceof Date) {
    const format = timestampFormat(schema, 'epoch-seconds')
    if (format === 'epoch-seconds') return value.getTime() / 1000
    return format === 'http-date' ? value.toUTCString() : value.toISOString()
  }
  throw misfit(schema, value)
}

function misfit(schema: Schema, value: unknown): TypeError {
  const kind = value === null ? 'null' : value instanceof Date ? 'a Date' : `of type ${typeof value}`
  return new TypeError(`the answer's member ${schema.getMemberName() ?? ''} (${schema.getName()}) can not be ${kind}`)
}
