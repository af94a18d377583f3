import { inputOf, parseJson } from './json-input.js'
import { httpOf, membersOf, operationNames, type Operation, type Schema, traitsOf } from './schema.js'
import type { Service } from './service.js'

/** An operation of a service of REST, with what its path says. */
export interface RestRoute {
  readonly operation: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The operation that a method and a path stand for: the one with the fewest labels, where several fit.
 * https://smithy.io/2.0/spec/http-bindings.html#http-trait
 */
export function restRoute(service: Service, method: string, path: string): RestRoute | undefined {
  const segments = segmentsOf(path)
  const fits = operationNames(service.sdk).flatMap((operation): RestRoute[] => {
    const http = httpOf(service.sdk, operation)
    const pattern = segmentsOf(http?.path ?? '')
    if (http?.method !== method || pattern.length !== segments.length) return []
    const labels: Record<string, string> = {}
    for (const [index, part] of pattern.entries()) {
      const given = segments[index] ?? ''
      const name = /^\{(\w+)\}$/.exec(part)?.[1]
      if (name !== undefined) labels[name] = decodeURIComponent(given)
      else if (part !== given) return []
    }
    return [{ operation, labels }]
  })
  return fits.toSorted((a, b) => Object.keys(a.labels).length - Object.keys(b.labels).length)[0]
}

const segmentsOf = (path: string): readonly string[] => path.split('/').filter((part) => part !== '')

/** The input of an operation from a path's labels, a query string and a body, as the SDK types it. */
export function restInput(
  service: Service,
  operation: Operation,
  labels: RestRoute['labels'],
  query: URLSearchParams,
  body: string,
): unknown {
  const given: Record<string, unknown> = {}
  const content = parseJson(body)
  for (const { name, schema } of membersOf(operation.input)) {
    const { httpLabel, httpQuery } = traitsOf(schema)
    if (httpLabel !== undefined) given[name] = labels[name]
    else if (httpQuery !== undefined) given[name] = fromQuery(schema, query.getAll(httpQuery))
    else if (isMap(content) && Object.hasOwn(content, name)) given[name] = content[name]
  }
  return inputOf(service, operation, isMap(content) ? given : content)
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function fromQuery(schema: Schema, values: readonly string[]): unknown {
  if (schema.isListSchema()) return values.length === 0 ? undefined : values
  const [value] = values
  if (value === undefined) return undefined
  if (schema.isNumericSchema()) return value.trim() === '' || Number.isNaN(Number(value)) ? value : Number(value)
  if (schema.isBooleanSchema()) return value === 'true' ? true : value === 'false' ? false : value
  return value
}
