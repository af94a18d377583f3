import type { FileIdentity } from '../context/context.js'
import type { FileHashes } from '../layer/layer.js'

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

  // What is known in this run, also where it is too fresh to be kept. The keys of a build are asked for again and again.
  const known = new WeakMap<FileIdentity, string>()

  const learn = (identity: FileIdentity, row: SavedHash): string => {
    known.set(identity, row[4])
    if (!isRacy(identity)) used[identity.file] = row
    return row[4]
  }

  return {
    get: (identity) => {
      const sha256 = known.get(identity)
      if (sha256 !== undefined) return sha256
      const row = saved[identity.file]
      return row !== undefined && isSame(row, identity) ? learn(identity, row) : undefined
    },
    set: (identity, sha256) => {
      learn(identity, rowOf(identity, sha256))
    },
    save: () => used,
  }
}

function isSame(row: SavedHash, identity: FileIdentity): boolean {
  const now = rowOf(identity, row[4])
  return now.every((value, index) => value === row[index])
}

function rowOf({ size, mtimeNs, ctimeNs, inode }: FileIdentity, sha256: string): SavedHash {
  return [size, String(mtimeNs), String(ctimeNs), String(inode), sha256]
}
