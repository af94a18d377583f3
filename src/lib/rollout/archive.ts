import type { RevisionFacts } from '../domain/rollout-facts.js'
import type { Release, Revision } from '../domain/release.js'

/** A revision that rampart made for this environment, as the platform keeps it. */
export interface ArchivedRevision extends RevisionFacts {
  /** Milliseconds since 1970; undefined where the platform does not tell. */
  readonly createdAt?: number
}

/** One value of what a revision launches with: where it stands, and what it is. */
export interface RevisionField {
  /** E.g. `InstanceType`, `api.environment.LOG_LEVEL`. */
  readonly path: string
  /** The name whose value this is, where what is set has names of its own: a variable, a flag. */
  readonly name?: string
  readonly value: string
}

/** What the platform keeps of revisions, whether they serve or not. It asks only, and nothing before it is used. */
export interface Archive {
  /** Those that rampart made for the environment, newest first, at most so many. */
  list(limit: number): Promise<readonly ArchivedRevision[]>
  /** All that a revision launches with, lists and texts of several lines line by line; undefined when it is gone. */
  fields(revision: Revision): Promise<readonly RevisionField[] | undefined>
  /** All that the revision would launch with that a deploy of the release makes of this one; undefined when it is gone. */
  foresee(from: Revision, release: Release): Promise<readonly RevisionField[] | undefined>
}

const asText = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)

/** The values of a document by their paths. A list of things that have a name is one of those names. */
export function fieldsOf(document: unknown, path = ''): readonly RevisionField[] {
  if (document === undefined || document === null) return []
  if (document instanceof Date) return [{ path, value: document.toISOString() }]
  if (Array.isArray(document)) return document.flatMap((one: unknown, index) => itemOf(one, path, index))
  if (typeof document === 'object') {
    return Object.entries(document).flatMap(([key, value]) => fieldsOf(value, path === '' ? key : `${path}.${key}`))
  }
  return [{ path, value: asText(document) }]
}

/** `{name, value}` and `{Key, Value}` are one value of that name; anything else named stands under its name. */
function itemOf(item: unknown, path: string, index: number): readonly RevisionField[] {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return fieldsOf(item, `${path}[${index}]`)
  const entries = Object.entries(item)
  const name = entries.find(([key]) => /^(?:name|key)$/i.test(key))?.[1] as unknown
  if (typeof name !== 'string') return fieldsOf(item, `${path}[${index}]`)
  const rest = entries.filter(([key]) => !/^(?:name|key)$/i.test(key))
  const [only] = rest
  if (rest.length === 1 && only !== undefined && /^value$/i.test(only[0]) && typeof only[1] === 'string') {
    return [{ path: `${path}.${name}`, name, value: only[1] }]
  }
  return fieldsOf(Object.fromEntries(rest), `${path}.${name}`)
}
