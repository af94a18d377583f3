import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Digest } from '../../domain/digest.js'
import type { BlobSource } from '../../ports/registry.js'
import type { LayerEntry } from '../layer/layer.js'
import { openListed } from '../context/read-file.js'
import { paddingOf, tarEnd, tarHeader } from '../layer/tar-writer.js'

// As large as the writes to the registry, so that nothing is joined or cut on the way.
const pieceSize = 1024 * 1024

/** How long the tar of these entries is; no file is read. */
export function tarSize(entries: readonly LayerEntry[]): number {
  const sizes = entries.map((entry) => {
    const content = entry.kind === 'file' ? entry.identity.size : 0
    return tarHeader(entry, 0).length + content + paddingOf(content)
  })
  return sizes.reduce((sum, size) => sum + size, tarEnd.length)
}

/** The tar's digest. `buffer` is read into again and again, so that memory does not grow with the files. */
export async function tarDigest(entries: readonly LayerEntry[], signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafeSlow(pieceSize)
  for (const piece of tarPieces(entries, () => buffer)) {
    hash.update(piece)
    if (piece.length < pieceSize) continue
    // Progress and connections get their turn.
    await setImmediate()
    signal?.throwIfAborted()
  }
  return `sha256:${hash.digest('hex')}`
}

/** The tar as a blob of a known digest; each piece is a buffer of its own, because who sends it may hold it. */
export function tarBlob(entries: readonly LayerEntry[], digest: Digest): BlobSource {
  return { digest, size: tarSize(entries), open: () => tarPieces(entries, () => Buffer.allocUnsafeSlow(pieceSize)) }
}

function* tarPieces(entries: readonly LayerEntry[], room: () => Buffer): Generator<Uint8Array> {
  for (const entry of entries) {
    yield tarHeader(entry, 0)
    if (entry.kind !== 'file') continue
    const { size } = entry.identity
    const file = openListed(entry.identity)
    try {
      for (let at = 0; at < size; at += pieceSize) {
        const bytes = room().subarray(0, Math.min(pieceSize, size - at))
        file.fill(bytes)
        yield bytes
      }
      file.check()
    } finally {
      file.close()
    }
    const padding = paddingOf(size)
    if (padding > 0) yield Buffer.alloc(padding)
  }
  yield tarEnd
}
