import type { LayerEntry } from './layer.js'

/** Files above this are a group of their own and are streamed; a group of small files is held in memory. */
export const largeFile = 4 * 1024 * 1024
const largestGroup = 8 * 1024 * 1024
const groupsWanted = 40

/**
 * Cuts sorted entries into some 40 groups. Where the cuts are follows from the paths, so that a changed file changes
 * its own group alone, and a new one moves no other cut; only too large a sum of sizes adds cuts.
 */
export function cutGroups(entries: readonly LayerEntry[]): readonly (readonly LayerEntry[])[] {
  // A power of two, so that the rule stays the same until the number of entries has doubled.
  const modulus = 2 ** Math.max(2, Math.round(Math.log2(Math.max(1, entries.length / groupsWanted))))
  const groups: LayerEntry[][] = []
  let group: LayerEntry[] = []
  let size = 0
  const finish = (): void => {
    if (group.length > 0) groups.push(group)
    group = []
    size = 0
  }
  for (const entry of entries) {
    const bytes = entry.kind === 'file' ? entry.identity.size : 0
    const large = bytes > largeFile
    if (large || size + bytes > largestGroup || hash(entry.path) % modulus === 0) finish()
    group.push(entry)
    size += bytes
    if (large) finish()
  }
  finish()
  return groups
}

/** FNV-1a of the path's UTF-16 units: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(path: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < path.length; index++) {
    value = Math.imul(value ^ path.charCodeAt(index), 0x01000193)
  }
  // The low bits of FNV are its weak ones.
  return (value ^ (value >>> 15)) >>> 0
}
