import * as fc from 'fast-check'
import { type Schema, membersOf } from '../../../src/lib/rehearsal/wire/schema.js'

/**
 * What a message can carry: JSON all, forms no empty structures, XML fewer characters, and its real client drops text
 * that is only line ends.
 */
export type Carrier = 'json' | 'form' | 'xml'

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 })
const xmlText = anyText.filter(
  // oxlint-disable-next-line no-control-regex
  (text) => !/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text) && !/^\s*\n\s*$/.test(text),
)
const awkwardText = fc.constantFrom(
  '',
  ' ',
  '&<>"\'',
  'a=b&c=d',
  '+%2B',
  'tab\tline\nend\r',
  '  padded  ',
  'é漢🚀',
  ']]>',
)

/** Values of a schema, typed as the SDK types them. Required members are always there, others come and go. */
export function valuesOf(schema: Schema, carrier: Carrier, depth = 0): fc.Arbitrary<unknown> {
  if (schema.isStructSchema()) return structuresOf(schema, carrier, depth)
  const strings = fc.oneof(carrier === 'xml' ? xmlText : anyText, awkwardText)
  // Of all JSON, what the real client gives back as it came: it makes bigints of large integers, for one.
  if (schema.isDocumentSchema()) {
    const leaves = fc.oneof(strings, fc.integer(), fc.boolean())
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.oneof(leaves, fc.array(leaves, { maxLength: 3 })), {
      noNullPrototype: true,
    })
  }
  if (schema.isListSchema()) {
    const maxLength = depth > 6 ? 0 : 3
    return fc.array(valuesOf(schema.getValueSchema(), carrier, depth + 1), { maxLength })
  }
  if (schema.isMapSchema()) {
    const keys = strings.filter((key) => key !== '__proto__')
    return fc.dictionary(keys, valuesOf(schema.getValueSchema(), carrier, depth + 1), {
      maxKeys: 3,
      noNullPrototype: true,
    })
  }
  if (schema.isNumericSchema()) return fc.integer().map((number) => (number % 7 === 0 ? number / 4 : number))
  if (schema.isBooleanSchema()) return fc.boolean()
  if (schema.isBlobSchema()) return fc.uint8Array({ maxLength: 20 })
  if (schema.isTimestampSchema())
    return fc.date({ min: new Date(0), max: new Date('2099-12-31T23:59:59.999Z'), noInvalidDate: true })
  if (schema.isStringSchema()) return strings
  throw new Error(`no values for ${schema.getName()}`)
}

function structuresOf(schema: Schema, carrier: Carrier, depth: number): fc.Arbitrary<unknown> {
  const members = membersOf(schema)
  // The real client invents a token where none is given, so that one is always given.
  const always = members.filter((member) => member.required || member.schema.isIdempotencyToken())
  // A union has exactly one member, however deep it lies.
  const isDeep = depth > 6 && !schema.isUnionSchema()
  const others = isDeep ? [] : members.filter((member) => !always.includes(member))
  const chosen = schema.isUnionSchema()
    ? fc.subarray([...others], { minLength: 1, maxLength: 1 })
    : fc.subarray([...others], { maxLength: Math.min(others.length, depth === 0 ? 12 : 5) })
  return chosen.chain((some) =>
    fc.record(
      Object.fromEntries(
        [...always, ...some].map(({ name, schema: member, required }) => {
          const values = valuesOf(member, carrier, depth + 1)
          const mustShow = carrier === 'form' && required
          return [name, mustShow ? values.filter((value) => carried(value, false) !== undefined) : values]
        }),
      ),
    ),
  )
}

/** Without what the query protocols can not tell from nothing: empty structures, maps and, on EC2, lists. Blobs as hex. */
export function carried(value: unknown, emptyLists: boolean): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Date) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => carried(item, emptyLists)).filter((item) => item !== undefined)
    return items.length === 0 && !(emptyLists && value.length === 0) ? undefined : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .map(([name, member]): [string, unknown] => [name, carried(member, emptyLists)])
    .filter(([, member]) => member !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** As it is, with blobs as hex, for protocols that carry everything. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Date || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(comparable)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]))
}
