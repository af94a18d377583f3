import type { FileIdentity } from './context.js'
import type { FileHashes } from './layer.js'

/** `[size, mtimeNs, ctimeNs, inode, sha256]`; the big numbers as decimal text. */
export type SavedHash = readonly [number, string, string, string, string]

/** Hashes of files by absolute path, as they are kept between runs. */
export type SavedHashes = Readonly<Record<string, SavedHash>>

/** File hashes of earlier runs and of this one. */
export interface RememberedHashes extends FileHashes {
  /** Those that this run used or made, for the next one; a file that is gone is forgotten by that. */
  save(): SavedHashes
}

const millisecond = 1_000_000n
const second = 1_000_000_000n
// Linux stamps files with the time of the last tick, up to 10 ms ago; twice that is safe.
const fineGrain = 20n * millisecond
const coarseGrain = 2n * second

/**
 * Hashes that are trusted as git trusts its index: size, times and inode must be the same, and a file that changed so
 * shortly before this run began that another change could have left the same times is not remembered at all.
 * `startedAt`: milliseconds since 1970, before any file was looked at.
 * https://git-scm.com/docs/racy-git
 */
export function rememberedHashes(saved: SavedHashes, startedAt: number): RememberedHashes {
  const used: Record<string, SavedHash> = {}
  const began = BigInt(Math.floor(startedAt)) * millisecond

  const isRacy = ({ mtimeNs, ctimeNs }: FileIdentity): boolean => {
    const changed = mtimeNs > ctimeNs ? mtimeNs : ctimeNs
    // File systems with times of whole (or two) seconds show it by their zeros.
    const grain = mtimeNs % second === 0n && ctimeNs % second === 0n ? coarseGrain : fineGrain
    return changed + grain >= began
  }

  // What this run hashed is good for this run, even where it is too fresh to be kept.
  const fresh = new Map<string, SavedHash>()

  return {
    get: (identity) => {
      const row = fresh.get(identity.file) ?? saved[identity.file]
      if (row === undefined) return undefined
      const sha256 = row[4]
      if (!rowOf(identity, sha256).every((value, index) => value === row[index])) return undefined
      if (!isRacy(identity)) used[identity.file] = row
      return sha256
    },
    set: (identity, sha256) => {
      const row = rowOf(identity, sha256)
      fresh.set(identity.file, row)
      if (!isRacy(identity)) used[identity.file] = row
    },
    save: () => used,
  }
}

function rowOf({ size, mtimeNs, ctimeNs, inode }: FileIdentity, sha256: string): SavedHash {
  return [size, String(mtimeNs), String(ctimeNs), String(inode), sha256]
}
