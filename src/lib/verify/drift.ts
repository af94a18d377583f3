import { paths, type JsonValue } from 'jsonpath-rfc9535'
import type { ComparePlan, Json } from '../domain/verify-plan.js'

/** One value that is another than it was; undefined is not there. */
export interface Drift {
  /** As people write it, e.g. `$.results[0].score`. */
  readonly path: string
  readonly before: Json | undefined
  readonly after: Json | undefined
}

const isMap = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

const own = (map: { readonly [key: string]: Json }, key: string): Json | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined

/** A place in a document: as people write it, and as RFC 9535 normalizes it (section 2.7). */
interface Place {
  readonly shown: string
  readonly normalized: string
}

const ofIndex = ({ shown, normalized }: Place, index: number): Place => ({
  shown: `${shown}[${index}]`,
  normalized: `${normalized}[${index}]`,
})

const ofKey = ({ shown, normalized }: Place, key: string): Place => ({
  shown: /^[A-Za-z_]\w*$/.test(key) ? `${shown}.${key}` : `${shown}[${JSON.stringify(key)}]`,
  normalized: `${normalized}['${key.replaceAll(/['\\]/g, String.raw`\$&`)}']`,
})

/** Whether two numbers differ by more than that share of the larger. */
const isApart = (before: number, after: number, tolerance: number): boolean =>
  Math.abs(before - after) > tolerance * Math.max(Math.abs(before), Math.abs(after))

/** What differs between two documents, in the order of the first; what the plan ignores may. */
export function driftOf(before: Json, after: Json, plan: Pick<ComparePlan, 'tolerance' | 'ignore'>): readonly Drift[] {
  const ignored = new Set(
    plan.ignore.flatMap((path) => [...paths(before as JsonValue, path), ...paths(after as JsonValue, path)]),
  )
  const compare = (place: Place, left: Json | undefined, right: Json | undefined): readonly Drift[] => {
    if (ignored.has(place.normalized)) return []
    if (isList(left) && isList(right)) {
      return Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
        compare(ofIndex(place, index), left[index], right[index]),
      ).flat()
    }
    if (isMap(left) && isMap(right)) {
      const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])]
      return keys.flatMap((key) => compare(ofKey(place, key), own(left, key), own(right, key)))
    }
    const isSame =
      typeof left === 'number' && typeof right === 'number' ? !isApart(left, right, plan.tolerance) : left === right
    return isSame ? [] : [{ path: place.shown, before: left, after: right }]
  }
  return compare({ shown: '$', normalized: '$' }, before, after)
}
