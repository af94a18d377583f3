import { type FormNode, formTree, numbered } from './form.js'
import { type Operation, type Schema, membersOf, traitsOf } from './schema.js'
import { type Service, ServiceError } from './service.js'
import { invalidParameter, lowerFirst, malformedInput, missingMembers } from './validation.js'

interface Reading {
  readonly ec2: boolean
  readonly missing: string[]
}

/** Parameters of the protocol and of signing in the query string; they are no members of an input. */
const ofTheProtocol = /^(?:Action|Version|AWSAccessKeyId|Signature.*|SecurityToken|Timestamp|Expires|X-Amz-.*)$/i

/**
 * The input of an operation from the parameters of AWS Query or EC2 Query, typed as the SDK types it. Throws the
 * service's own refusal when a member is missing or can not be read.
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
export function queryInput(service: Service, operation: Operation, parameters: URLSearchParams): unknown {
  const reading: Reading = { ec2: service.protocol === 'ec2Query', missing: [] }
  const root = formTree(parameters)
  for (const key of root.children.keys()) if (ofTheProtocol.test(key)) root.children.delete(key)
  const input = operation.input.isStructSchema() ? structure(operation.input, root, [], reading) : {}
  if (reading.missing.length > 0) throw missingMembers(service, reading.missing)
  return input
}

function read(schema: Schema, node: FormNode, path: readonly string[], reading: Reading): unknown {
  if (schema.isStructSchema()) return structure(schema, node, path, reading)
  if (schema.isListSchema()) return list(schema, node, path, reading)
  if (schema.isMapSchema()) return map(schema, node, path, reading)
  if (node.value === undefined) throw unreadable(reading, path, 'a structure', 'a value')
  return scalar(schema, node.value, path, reading)
}

function structure(schema: Schema, node: FormNode, path: readonly string[], reading: Reading): unknown {
  const result: Record<string, unknown> = {}
  const unread = new Set(node.children.keys())
  for (const member of membersOf(schema)) {
    const { xmlName, ec2QueryName } = traitsOf(member.schema)
    const key = reading.ec2 ? (ec2QueryName ?? upperFirst(xmlName ?? member.name)) : (xmlName ?? member.name)
    const at = [...path, reading.ec2 ? key : lowerFirst(member.name)]
    const child = node.children.get(key)
    unread.delete(key)
    if (child !== undefined) result[member.name] = read(member.schema, child, at, reading)
    else if (member.required) reading.missing.push(at.join('.'))
  }
  // EC2 refuses what it does not know; the services on AWS Query pass over it.
  const [unknown] = unread
  if (reading.ec2 && unknown !== undefined) {
    const name = [...path, unknown].join('.')
    throw new ServiceError('UnknownParameter', `The parameter ${name} is not recognized`)
  }
  return result
}

function list(schema: Schema, node: FormNode, path: readonly string[], reading: Reading): unknown {
  const item = schema.getValueSchema()
  const flat = reading.ec2 || Boolean(traitsOf(schema).xmlFlattened)
  const holder = flat ? node : node.children.get(traitsOf(item).xmlName ?? 'member')
  const items = holder === undefined ? [] : numbered(holder)
  // `Name=` alone is an empty list.
  const empty = node.value === '' && node.children.size === 0
  if (items.length === 0 && !empty) throw unreadable(reading, path, 'no numbered elements', 'a list')
  return items.map(({ index, node: child }) =>
    read(item, child, reading.ec2 ? [...path, index] : [...path, index, 'member'], reading),
  )
}

function map(schema: Schema, node: FormNode, path: readonly string[], reading: Reading): unknown {
  const holder = traitsOf(schema).xmlFlattened ? node : node.children.get('entry')
  if (holder === undefined) return {}
  const keyName = traitsOf(schema.getKeySchema()).xmlName ?? 'key'
  const valueName = traitsOf(schema.getValueSchema()).xmlName ?? 'value'
  const entries = numbered(holder).map(({ index, node: child }): [string, unknown] => {
    const key = child.children.get(keyName)?.value
    const value = child.children.get(valueName)
    if (key === undefined || value === undefined)
      throw unreadable(reading, [...path, index], 'no key', 'an entry of a map')
    return [key, read(schema.getValueSchema(), value, [...path, key], reading)]
  })
  return Object.fromEntries(entries)
}

function scalar(schema: Schema, text: string, path: readonly string[], reading: Reading): unknown {
  if (schema.isStringSchema()) return text
  if (schema.isNumericSchema()) {
    const number = numberOf(text)
    if (number === undefined) throw unreadable(reading, path, text, 'a number')
    return number
  }
  if (schema.isBooleanSchema()) {
    if (!/^(?:true|false)$/i.test(text)) throw unreadable(reading, path, text, 'true or false')
    return text.toLowerCase() === 'true'
  }
  if (schema.isTimestampSchema()) {
    const seconds = numberOf(text)
    const date = new Date(seconds === undefined ? text : seconds * 1000)
    if (Number.isNaN(date.getTime())) throw unreadable(reading, path, text, 'a timestamp')
    return date
  }
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(text, 'base64'))
  if (schema.isBigIntegerSchema()) return BigInt(text)
  return text
}

function numberOf(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text)
  return /^(?:NaN|-?Infinity)$/.test(text) ? Number(text) : undefined
}

function unreadable(reading: Reading, path: readonly string[], found: string, expected: string): ServiceError {
  const where = path.join('.')
  return reading.ec2
    ? invalidParameter(where, found, expected)
    : malformedInput(`Found ${found} at '${where}' where ${expected} was expected`)
}

const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
