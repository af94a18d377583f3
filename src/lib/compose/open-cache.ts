import { cacheHome, createFileCache, type FileCache } from '../system/file-cache.js'

// A few hundred states of a few services; the oldest go first.
const mostBytes = 512 * 1024 * 1024

/** This person's cache: what is in it saves time and is never relied on. */
export function openCache(environment: Readonly<Record<string, string | undefined>>): FileCache {
  return createFileCache({ directory: cacheHome(environment), mostBytes })
}
