import { isDeepStrictEqual } from 'node:util'
import type { MonitoringItem } from '../domain/monitoring.js'

type Drift = MonitoringItem['drift']

/** The order of these says nothing. */
const unordered: ReadonlySet<string> = new Set(['Dimensions', 'Metrics', 'AlarmActions', 'OKActions'])

const keyOf = (value: unknown): string => JSON.stringify(sorted(value))

function sorted(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((one: unknown) => sorted(one))
    return unordered.has(name) ? items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one, key)]),
  )
}

/** What differs between two structures, field by field; null stands for what is not there. */
export function driftOf(is: object, wanted: object): Drift {
  const [a, b] = [is, wanted].map((one) => new Map<string, unknown>(Object.entries(one)))
  const fields = [...new Set([...(b?.keys() ?? []), ...(a?.keys() ?? [])])]
  return fields.flatMap((field) => {
    const [left, right] = [a?.get(field) ?? null, b?.get(field) ?? null]
    const same = isDeepStrictEqual(sorted(left, field), sorted(right, field))
    return same ? [] : [{ field, is: left, wanted: right }]
  })
}

/** What differs between two JSON texts; a text that can not be read differs as a whole. */
export function driftOfJson(field: string, is: string, wanted: string): Drift {
  const [left, right] = [is, wanted].map(parsed)
  return isDeepStrictEqual(sorted(left), sorted(right)) ? [] : [{ field, is: left ?? null, wanted: right ?? null }]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
