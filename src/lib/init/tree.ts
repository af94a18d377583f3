/** The files of a repository as detection sees them. Paths are relative, with `/` between parts. */
export interface Tree {
  /** Every file that may matter, sorted. */
  readonly paths: readonly string[]
  /** The text of a file; undefined when it is absent, too large or not text. */
  readonly text: (path: string) => string | undefined
}

/** A tree of given texts. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return {
    paths: Object.keys(files).sort(),
    text: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
  }
}

/** The directory of a path; empty for the top. */
export function directoryOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** `path` below `directory`, both relative; `.` and empty parts go, `..` climbs; undefined when it leaves the tree. */
export function joinPath(directory: string, path: string): string | undefined {
  const parts: string[] = []
  for (const part of `${directory}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}

/** Whether a path is in a directory, at any depth; everything is in the top. */
export function isWithin(directory: string, path: string): boolean {
  return directory === '' || path.startsWith(`${directory}/`)
}

/** `path` as seen from `directory`, which it is within. */
export function relativeTo(directory: string, path: string): string {
  return directory === '' ? path : path.slice(directory.length + 1)
}
