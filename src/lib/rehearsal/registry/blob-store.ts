import { createHash, randomUUID, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Digest } from '../../domain/digest.js'
import type { ByteRange } from './ranges.js'

/** A blob that exists: its bytes are `held` on disk, or it is only `declared` by its size. */
interface StoredBlob {
  readonly size: number
  readonly state: 'held' | 'declared'
}

/** A blob on its way in: bytes are hashed as they go to disk, and nobody sees them before `commit`. */
export interface BlobWriter {
  readonly size: number
  /** Takes all bytes of the source. If the source fails, what came before is kept and counted. */
  append(source: AsyncIterable<Uint8Array>): Promise<void>
  /** Makes it a blob if it has that digest and answers true; throws all of it away and answers false otherwise. */
  commit(digest: Digest): boolean
  discard(): void
}

/** Content-addressed blobs in one directory; every name there is a whole, checked blob. */
export interface BlobStore {
  stat(digest: Digest): StoredBlob | undefined
  /** Makes a blob exist by its size alone; changes nothing when its bytes are held. */
  declare(digest: Digest, size: number): void
  write(): BlobWriter
  /** Stores bytes that are at hand. */
  put(bytes: Uint8Array): Digest
  /** The bytes of a held blob, or those of a non-empty range of it. */
  open(digest: Digest, range?: ByteRange): Readable
  /** The bytes of a held blob that is known to be small. */
  read(digest: Digest): Buffer
  remove(digest: Digest): void
}

const bufferBytes = 1024 * 1024

/** Opens an empty store in an existing directory that is this store's alone. */
export async function createBlobStore(directory: string): Promise<BlobStore> {
  const uploads = join(directory, 'uploads')
  const blobs = join(directory, 'blobs')
  await Promise.all([mkdir(uploads), mkdir(blobs)])
  const known = new Map<Digest, StoredBlob>()
  const pathOf = (digest: Digest): string => join(blobs, digest.slice('sha256:'.length))
  return {
    stat: (digest) => known.get(digest),
    declare: (digest, size) => {
      if (known.get(digest)?.state !== 'held') known.set(digest, { size, state: 'declared' })
    },
    write: () =>
      createWriter(join(uploads, randomUUID()), (digest, from, size) => {
        renameSync(from, pathOf(digest))
        known.set(digest, { size, state: 'held' })
      }),
    put: (bytes) => {
      const digest: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      if (known.get(digest)?.state !== 'held') {
        const temporary = join(uploads, randomUUID())
        writeFileSync(temporary, bytes)
        renameSync(temporary, pathOf(digest))
        known.set(digest, { size: bytes.byteLength, state: 'held' })
      }
      return digest
    },
    open: (digest, range) => createReadStream(pathOf(digest), { ...range, highWaterMark: bufferBytes }),
    read: (digest) => readFileSync(pathOf(digest)),
    remove: (digest) => {
      known.delete(digest)
      rmSync(pathOf(digest), { force: true })
    },
  }
}

function createWriter(path: string, keep: (digest: Digest, path: string, size: number) => void): BlobWriter {
  const hash: Hash = createHash('sha256')
  let size = 0
  const discard = (): void => rmSync(path, { force: true })
  return {
    get size() {
      return size
    },
    append: async (source) => {
      const file = createWriteStream(path, { flags: 'a', highWaterMark: bufferBytes })
      const flushed = finished(file)
      // It is awaited below; until then a failure must not count as unhandled.
      flushed.catch(() => undefined)
      try {
        for await (const chunk of source) {
          if (file.destroyed) break
          hash.update(chunk)
          size += chunk.byteLength
          if (!file.write(chunk)) await once(file, 'drain')
        }
      } finally {
        file.end()
        await flushed
      }
    },
    commit: (digest) => {
      const same = digest === `sha256:${hash.digest('hex')}`
      if (same) keep(digest, path, size)
      else discard()
      return same
    },
    discard,
  }
}
