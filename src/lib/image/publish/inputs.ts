import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Context, ContextEntry } from '../context/context.js'
import type { FileHashes } from '../layer/layer.js'
import { openListed } from '../context/read-file.js'

// Files are read as they are packed: without waiting, because waiting for each costs more than reading it does.
const pieceSize = 1024 * 1024
// The answers of the registry must not wait for long.
const breathAfter = 4 * pieceSize

/** Hashes the files that are not known, so that the inputs can be compared with those of earlier images. */
export async function hashFiles(context: Context, hashes: FileHashes, signal?: AbortSignal): Promise<void> {
  const room = Buffer.allocUnsafe(pieceSize)
  let since = 0
  for (const entry of context.entries) {
    if (entry.kind !== 'file' || hashes.get(entry.identity) !== undefined) continue
    const { identity } = entry
    const hash = createHash('sha256')
    const file = openListed(identity)
    try {
      for (let left = identity.size; left > 0;) {
        const piece = room.subarray(0, Math.min(left, pieceSize))
        file.fill(piece)
        hash.update(piece)
        left -= piece.length
        since += piece.length
        if (since < breathAfter) continue
        since = 0
        await setImmediate()
        signal?.throwIfAborted()
      }
      file.check()
    } finally {
      file.close()
    }
    hashes.set(identity, hash.digest('hex'))
  }
}

/** All that the content of an app image follows from, but for its base. */
export interface ContentInputs {
  readonly dockerfile: string
  readonly buildArgs: Readonly<Record<string, string>>
  readonly platform: string
  readonly compression: string
  /** Seconds since 1970 for the files in the layer. */
  readonly mtime: number
  readonly context: Context
}

// It rises with every change of this program that gives other images for the same inputs.
const builderVersion = 2

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Names the content. Undefined while a file's hash is unknown. */
export function contentKey(inputs: ContentInputs, hashes: FileHashes): string | undefined {
  const { dockerfile, buildArgs, platform, compression, mtime, context } = inputs
  const entries: unknown[] = []
  for (const entry of context.entries) {
    const row = entryRow(entry, hashes)
    if (row === undefined) return undefined
    entries.push(row)
  }
  return sha256(JSON.stringify([builderVersion, dockerfile, sorted(buildArgs), platform, compression, mtime, entries]))
}

/** Names all inputs: equal names, equal images. */
export function imageKey(
  content: string,
  created: string,
  labels: Readonly<Record<string, string>>,
  base: { readonly name: string; readonly digest: string },
): string {
  return sha256(JSON.stringify([content, created, sorted(labels), base.name, base.digest]))
}

const sorted = (values: Readonly<Record<string, string>>): unknown =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))

function entryRow(entry: ContextEntry, hashes: FileHashes): readonly unknown[] | undefined {
  switch (entry.kind) {
    case 'file': {
      const hash = hashes.get(entry.identity)
      return hash === undefined ? undefined : [entry.path, entry.mode, hash]
    }
    case 'directory':
      return [entry.path, entry.mode]
    case 'symlink':
      return [entry.path, entry.target]
    case 'special':
      return [entry.path, entry.what]
  }
}
