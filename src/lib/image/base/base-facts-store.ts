import type { BaseFacts, DirectoryFacts } from './base-facts.js'

const version = 1

interface Stored {
  readonly version: typeof version
  readonly passwd?: string
  readonly group?: string
  /** Directories under what they have in common: `mode:uid:gid`, or `?` when it is not known. */
  readonly directories: Readonly<Record<string, readonly string[]>>
  readonly symlinks: readonly (readonly [string, string])[]
  readonly complete: boolean
  readonly notes: readonly string[]
}

/** Facts as one JSON text, to be kept under the base's digest. */
export function encodeBaseFacts(facts: BaseFacts): string {
  const directories: Record<string, string[]> = {}
  for (const [path, known] of facts.directories) {
    const key = known === undefined ? '?' : `${known.mode}:${known.uid}:${known.gid}`
    const paths = (directories[key] ??= [])
    paths.push(path)
  }
  const stored: Stored = {
    version,
    ...(facts.passwd !== undefined && { passwd: facts.passwd }),
    ...(facts.group !== undefined && { group: facts.group }),
    directories,
    symlinks: Array.from(facts.symlinks),
    complete: facts.complete,
    notes: facts.notes,
  }
  return JSON.stringify(stored)
}

/** The inverse of {@link encodeBaseFacts}; undefined when the text is damaged or of another version. */
export function decodeBaseFacts(text: string): BaseFacts | undefined {
  try {
    // The text is our own; what is not of this version is made anew.
    const stored = JSON.parse(text) as Stored
    if (stored.version !== version) return undefined
    const directories = new Map<string, DirectoryFacts | undefined>()
    for (const [key, paths] of Object.entries(stored.directories)) {
      const [mode = 0, uid = 0, gid = 0] = key.split(':').map(Number)
      for (const path of paths) directories.set(path, key === '?' ? undefined : { mode, uid, gid })
    }
    const { passwd, group, complete, notes } = stored
    return { passwd, group, directories, symlinks: new Map(stored.symlinks), complete, notes }
  } catch {
    return undefined
  }
}
