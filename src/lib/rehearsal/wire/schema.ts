import { NormalizedSchema } from '@smithy/core/schema'

/** A shape of the SDK's schemas, with its traits merged. */
export type Schema = NormalizedSchema

/** The kind tags of the SDK's static schemas that the wire reads itself. */
const operationKind = 9
const errorKind = -3

/** An operation as the SDK package describes it. */
export interface Operation {
  readonly name: string
  readonly input: Schema
  readonly output: Schema
}

/** An error as the SDK package describes it: its code on the query protocols, its HTTP status when that is not 400. */
export interface DocumentedError {
  readonly name: string
  readonly namespace: string
  readonly queryCode: string
  readonly status: number | undefined
  readonly schema: Schema
}

type Sdk = Readonly<Record<string, unknown>>

/** The operation of that name in an SDK package; undefined when AWS has none. */
export function operationOf(sdk: Sdk, name: string): Operation | undefined {
  const schema = sdk[`${name}$`]
  if (!Array.isArray(schema) || schema[0] !== operationKind) return undefined
  return { name, input: NormalizedSchema.of(schema[4]), output: NormalizedSchema.of(schema[5]) }
}

/** The names of all operations of an SDK package. */
export function operationNames(sdk: Sdk): readonly string[] {
  return Object.keys(sdk).flatMap((key) => (operationOf(sdk, key.slice(0, -1)) === undefined ? [] : [key.slice(0, -1)]))
}

/** Method, path and status of an operation of REST; undefined for those of other protocols. */
export function httpOf(
  sdk: Sdk,
  name: string,
): { readonly method: string; readonly path: string; readonly status: number } | undefined {
  const schema = sdk[`${name}$`]
  const traits: unknown = Array.isArray(schema) ? schema[3] : undefined
  const http: unknown = typeof traits === 'object' && traits !== null && 'http' in traits ? traits.http : undefined
  return Array.isArray(http) ? { method: String(http[0]), path: String(http[1]), status: Number(http[2]) } : undefined
}

/** The documented error with that code, found by its wire code, its shape's name, or its shape's name less `Fault`. */
export function errorOf(sdk: Sdk, code: string): DocumentedError | undefined {
  const direct = describeError(sdk[`${code}$`]) ?? describeError(sdk[`${code}Fault$`])
  if (direct !== undefined) return direct
  for (const [name, schema] of Object.entries(sdk)) {
    if (!name.endsWith('$')) continue
    const error = describeError(schema)
    if (error?.queryCode === code) return error
  }
  return undefined
}

function describeError(schema: unknown): DocumentedError | undefined {
  if (!Array.isArray(schema) || schema[0] !== errorKind) return undefined
  const normalized = NormalizedSchema.of(schema as never)
  const name = String(schema[2])
  const { awsQueryError, httpError } = traitsOf(normalized)
  return {
    name,
    namespace: String(schema[1]),
    queryCode: awsQueryError?.[0] ?? name.replace(/Fault$/, ''),
    status: httpError,
    schema: normalized,
  }
}

/** The members of a structure, each with its schema, and whether AWS requires it. */
export function membersOf(schema: Schema): readonly { name: string; schema: Schema; required: boolean }[] {
  // A static structure is [kind, namespace, name, traits, names, schemas, required]: the first so many names are required.
  const fields: unknown = schema.getSchema()
  const required = Array.isArray(fields) && typeof fields[6] === 'number' ? fields[6] : 0
  return [...schema.structIterator()].map(([name, member], index) => ({
    name,
    schema: member,
    required: index < required,
  }))
}

/** The traits of a shape and of the member that has it, as far as the wire's protocols look at them. */
export interface Traits {
  readonly xmlName?: string
  readonly ec2QueryName?: string
  readonly xmlFlattened?: unknown
  readonly sparse?: unknown
  readonly streaming?: unknown
  readonly httpLabel?: unknown
  readonly httpQuery?: string
  readonly httpError?: number
  readonly awsQueryError?: readonly [code: string, status: number]
}

/** The traits of a shape, those of the member that has it first. */
export const traitsOf = (schema: Schema): Traits => schema.getMergedTraits()

/** How a timestamp is written: as its own schema says, else as the protocol has it. */
export function timestampFormat(
  schema: Schema,
  otherwise: 'date-time' | 'epoch-seconds',
): 'date-time' | 'http-date' | 'epoch-seconds' {
  const formats = { 5: 'date-time', 6: 'http-date', 7: 'epoch-seconds' } as const
  return formats[schema.getSchema() as unknown as 5 | 6 | 7] ?? otherwise
}
