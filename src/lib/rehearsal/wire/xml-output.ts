import { type Schema, membersOf, timestampFormat, traitsOf } from './schema.js'

/**
 * The members of a structure as XML elements, as AWS Query and EC2 Query answer. Throws a TypeError that names the
 * place when a value does not fit its schema: that is a mistake of a handler.
 */
export function xmlMembers(schema: Schema, value: unknown): string {
  if (!schema.isStructSchema() || value === undefined || value === null) return ''
  if (typeof value !== 'object') throw misfit(schema, value)
  const given = value as Readonly<Record<string, unknown>>
  return membersOf(schema)
    .map((member) => element(traitsOf(member.schema).xmlName ?? member.name, member.schema, given[member.name]))
    .join('')
}

/** One element with its text escaped. */
export function xmlElement(tag: string, content: string): string {
  return `<${tag}>${escape(content)}</${tag}>`
}

function element(tag: string, schema: Schema, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (schema.isListSchema()) return list(tag, schema, value)
  if (schema.isMapSchema()) return map(tag, schema, value)
  if (schema.isStructSchema()) return `<${tag}>${xmlMembers(schema, value)}</${tag}>`
  return xmlElement(tag, text(schema, value))
}

function list(tag: string, schema: Schema, value: unknown): string {
  if (!Array.isArray(value)) throw misfit(schema, value)
  const item = schema.getValueSchema()
  const { xmlFlattened } = traitsOf(schema)
  const items = value.map((entry) => element(xmlFlattened ? tag : (traitsOf(item).xmlName ?? 'member'), item, entry))
  return xmlFlattened ? items.join('') : `<${tag}>${items.join('')}</${tag}>`
}

function map(tag: string, schema: Schema, value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(schema, value)
  const key = schema.getKeySchema()
  const item = schema.getValueSchema()
  const flat = Boolean(traitsOf(schema).xmlFlattened)
  const entries = Object.entries(value).map(([name, entry]) => {
    const body =
      element(traitsOf(key).xmlName ?? 'key', key, name) + element(traitsOf(item).xmlName ?? 'value', item, entry)
    return flat ? `<${tag}>${body}</${tag}>` : `<entry>${body}</entry>`
  })
  return flat ? entries.join('') : `<${tag}>${entries.join('')}</${tag}>`
}

function text(schema: Schema, value: unknown): string {
  if (schema.isStringSchema() && typeof value === 'string') return value
  if (schema.isNumericSchema() && typeof value === 'number') return String(value)
  if (schema.isBooleanSchema() && typeof value === 'boolean') return String(value)
  if (schema.isBlobSchema() && value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (schema.isBigIntegerSchema() && typeof value === 'bigint') return String(value)
  if (schema.isTimestampSchema() && value instanceof Date) {
    const format = timestampFormat(schema, 'date-time')
    if (format === 'epoch-seconds') return String(value.getTime() / 1000)
    return format === 'http-date' ? value.toUTCString() : value.toISOString()
  }
  throw misfit(schema, value)
}

function misfit(schema: Schema, value: unknown): TypeError {
  const kind = value instanceof Date ? 'a Date' : `of type ${typeof value}`
  return new TypeError(`the answer's member ${schema.getMemberName() ?? ''} (${schema.getName()}) can not be ${kind}`)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
}

function escape(value: string): string {
  // What XML 1.0 can not carry at all (https://www.w3.org/TR/xml/#charsets) becomes the replacement character.
  return (
    value
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      .replaceAll(/[&<>"\r]/g, (character) => entities[character] ?? '')
  )
}
