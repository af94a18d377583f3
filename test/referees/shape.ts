/** What an answer looks like: each of its members by its path, with the types of the values found there. */
export type Shape = ReadonlyMap<string, ReadonlySet<string>>

function typeOf(value: unknown): string {
  if (value instanceof Date) return 'time'
  if (value instanceof Uint8Array) return 'bytes'
  return value === null ? 'null' : typeof value
}

/** JSON in a text with its keys in order, which means the same. */
function ordered(text: string): string {
  if (!text.startsWith('{')) return text
  return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}

/** The value itself, without what the two draw by chance. */
function valueOf(value: unknown): string {
  const type = typeOf(value)
  if (type !== 'string') return ['number', 'boolean'].includes(type) ? `${type} ${String(value)}` : type
  const text = ordered(String(value))
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    // What Secrets Manager puts behind a name.
    .replaceAll(/(:secret:[^:]+)-[A-Za-z0-9]{6}$/g, '$1-SUFFIX')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+[\d:]+)/g, 'TIME')
  return `string ${text}`
}

/** The shape of an answer as the SDK gives it, with the types of its values, or with the values; an empty list has none. */
export function shapeOf(answer: object, isExact = false): Shape {
  const shape = new Map<string, Set<string>>()
  const look = (value: unknown, path: string): void => {
    if (value === undefined) return
    if (Array.isArray(value)) {
      for (const item of value) look(item, `${path}[]`)
      return
    }
    if (typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array)) {
      for (const [name, member] of Object.entries(value)) {
        if (path === '' && name === '$metadata') continue
        look(member, path === '' ? name : `${path}.${name}`)
      }
      return
    }
    const types = shape.get(path) ?? new Set()
    types.add(isExact ? valueOf(value) : typeOf(value))
    shape.set(path, types)
  }
  look(answer, '')
  return shape
}

/** What one shape has and the other has not, or has of another type: `ours services[].events[].id`. */
export function differences(ours: Shape, theirs: Shape): readonly string[] {
  const found: string[] = []
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [ours.get(path), theirs.get(path)]
    if (one === undefined) found.push(`theirs ${path}`)
    else if (other === undefined) found.push(`ours ${path}`)
    else {
      const [mine, yours] = [[...one].toSorted().join('|'), [...other].toSorted().join('|')]
      if (mine !== yours) found.push(`both ${path}: ${mine}, not ${yours}`)
    }
  }
  return found.toSorted()
}
