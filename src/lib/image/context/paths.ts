/** Shortens a path as Go's filepath.Clean: no empty parts, no `.`, `..` applied, no slash at the end; `.` for nothing. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!rooted) parts.push(part)
  }
  const joined = parts.join('/')
  return rooted ? `/${joined}` : joined === '' ? '.' : joined
}

/** Joins and cleans, as Go's path.Join. */
export function joinPath(...parts: readonly string[]): string {
  const filled = parts.filter((part) => part !== '')
  return filled.length === 0 ? '' : cleanPath(filled.join('/'))
}

/** The path of the directory that holds it; `/` holds itself. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** The last part of the path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/**
 * Follows every link in an absolute path as if `/` were the root of all, the last part included; parts that do not
 * exist are taken as they are. `readLink` gives a link's target, undefined for anything else. Undefined for a circle.
 */
export function resolveInRoot(path: string, readLink: (path: string) => string | undefined): string | undefined {
  const todo = path.split('/').reverse()
  let at = ''
  let links = 0
  while (todo.length > 0) {
    const part = todo.pop() ?? ''
    if (part === '' || part === '.') continue
    if (part === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')))
      continue
    }
    const next = `${at}/${part}`
    const target = readLink(next)
    if (target === undefined) at = next
    else {
      if (++links > 255) return undefined
      if (target.startsWith('/')) at = ''
      todo.push(...target.split('/').reverse())
    }
  }
  return at === '' ? '/' : at
}

const encoder = new TextEncoder()

/** Compares by the bytes of UTF-8, so that the order is the same everywhere. */
export function compareBytes(one: string, other: string): number {
  if (one === other) return 0
  // UTF-16 order is byte order but for surrogates, which stand below the last block of the basic plane.
  if (!/[\uD800-\uFFFF]/.test(one) || !/[\uD800-\uFFFF]/.test(other)) return one < other ? -1 : 1
  return Buffer.compare(encoder.encode(one), encoder.encode(other))
}
