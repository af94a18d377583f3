import { createHash, hash, type Hash } from 'node:crypto'
import type { Digest } from '../../domain/digest.js'
import { compress, compressorNames, layerMediaTypes, type Compression } from './compress.js'
import type { FileIdentity } from '../context/context.js'
import { cutGroups, largeFile } from './groups.js'
import { openListed, readListed } from '../context/read-file.js'
import { paddingOf, tarEnd, tarHeader } from './tar-writer.js'

export type { Compression } from './compress.js'

/** One entry of a layer. Paths are relative to the root of the image, with no slash at either end. */
export type LayerEntry = {
  readonly path: string
  /** Permission bits, setuid, setgid and sticky included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
} & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'file'; readonly identity: FileIdentity }
)

/** Compressed pieces of layers by the content they were made from. A failing cache must behave as an empty one. */
export interface GroupCache {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, bytes: Uint8Array): Promise<void>
}

/** Remembered content hashes, by what the file system says of a file. */
export interface FileHashes {
  /** sha256 in hexadecimal; undefined when it is unknown or in doubt (a racy mtime, as git has it). */
  get(identity: FileIdentity): string | undefined
  /** Called for every file whose content was read whole. */
  set(identity: FileIdentity, sha256: string): void
}

export interface PackOptions {
  readonly compression: Compression
  /** Seconds since 1970 for every entry; 0 unless given. */
  readonly mtime?: number
  readonly cache?: GroupCache
  readonly hashes?: FileHashes
  readonly signal?: AbortSignal
}

export interface PackedLayer {
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest
  /** Digest of the compressed blob. */
  readonly digest: Digest
  /** Bytes of the compressed blob. */
  readonly size: number
  readonly mediaType: string
  readonly uncompressedSize: number
  /** The blob; the same bytes each time. What was too large to hold is compressed anew from disk. */
  readonly chunks: () => AsyncIterable<Uint8Array>
  /** How many of the layer's groups had to be compressed, and how many there are. */
  readonly groups: { readonly compressed: number; readonly total: number }
}

// Large files go through in pieces of this size, each a member or frame of its own.
const pieceSize = 512 * 1024
// Compressed bytes kept for the upload; what is beyond is made a second time.
const heldLimit = 24 * 1024 * 1024
// Uncompressed bytes that are read and not yet compressed.
const inFlightLimit = 2 * 1024 * 1024
const format = 'rampart-layer-1'

/** A piece of the tar, and how to make it again. */
interface Piece {
  readonly bytes: Uint8Array
  /** Names the content of a group of small files, which is worth remembering compressed. */
  readonly key?: string
  /** Called when the bytes are no longer needed. */
  readonly release?: () => void
}

/** Makes the layer: sorted entries, fixed times, independent compressed groups. Rejects when a file changes meanwhile. */
export async function packLayer(entries: readonly LayerEntry[], options: PackOptions): Promise<PackedLayer> {
  const tar = createHash('sha256')
  const blob = createHash('sha256')
  const held: Uint8Array[] = []
  let size = 0
  let uncompressedSize = 0
  let compressed = 0
  let total = 0
  let complete = true
  for await (const { bytes, fresh } of compressAll(entries, options, (piece) => {
    tar.update(piece)
    uncompressedSize += piece.length
  })) {
    options.signal?.throwIfAborted()
    blob.update(bytes)
    size += bytes.length
    total++
    if (fresh) compressed++
    complete &&= size <= heldLimit
    if (complete) held.push(bytes)
    else held.length = 0
  }
  return {
    diffId: digestOf(tar),
    digest: digestOf(blob),
    size,
    mediaType: layerMediaTypes[options.compression],
    uncompressedSize,
    chunks: () => (complete ? fromMemory(held) : fromDisk(entries, options)),
    groups: { compressed, total },
  }
}

/**
 * A key that names the layer's bytes without reading a file: equal keys mean equal layers. Undefined when a file's hash
 * is not remembered; after {@link packLayer} with the same `hashes` it is.
 */
export function layerKey(entries: readonly LayerEntry[], options: PackOptions): string | undefined {
  const key = createHash('sha256')
  key.update(`${format}\n${compressorNames[options.compression]}\n${options.mtime ?? 0}\n`)
  for (const entry of entries) {
    const { kind, path, mode, uid, gid } = entry
    const content = kind === 'file' ? options.hashes?.get(entry.identity) : kind === 'symlink' ? entry.target : ''
    if (content === undefined) return undefined
    key.update(JSON.stringify([kind, path, mode, uid, gid, content]))
  }
  return key.digest('hex')
}

function digestOf(hashing: Hash): Digest {
  return `sha256:${hashing.digest('hex')}`
}

async function* fromMemory(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

async function* fromDisk(entries: readonly LayerEntry[], options: PackOptions): AsyncGenerator<Uint8Array> {
  const { hashes: _, ...again } = options
  for await (const { bytes } of compressAll(entries, again, () => undefined)) yield bytes
}

interface Compressed {
  readonly bytes: Uint8Array
  readonly fresh: boolean
}

/** Compresses piece after piece, as many at once as the limit allows, and gives the results in order. */
async function* compressAll(
  entries: readonly LayerEntry[],
  options: PackOptions,
  onPiece: (bytes: Uint8Array) => void,
): AsyncGenerator<Compressed> {
  const queue: { readonly result: Promise<Compressed>; readonly length: number }[] = []
  let inFlight = 0
  for (const piece of tarPieces(entries, options)) {
    const result = compressPiece(piece, options)
    // It is awaited in its turn; until then a failure must not count as unhandled.
    result.catch(() => undefined)
    onPiece(piece.bytes)
    queue.push({ result, length: piece.bytes.length })
    inFlight += piece.bytes.length
    while (inFlight > inFlightLimit) {
      const first = queue.shift()
      if (first === undefined) break
      yield await first.result
      inFlight -= first.length
    }
  }
  for (const { result } of queue) yield await result
}

async function compressPiece(piece: Piece, options: PackOptions): Promise<Compressed> {
  const { cache, compression } = options
  if (cache === undefined || piece.key === undefined) {
    const bytes = await compress(piece.bytes, compression)
    piece.release?.()
    return { bytes, fresh: true }
  }
  const known = await cache.get(piece.key)
  if (known !== undefined) return { bytes: known, fresh: false }
  const bytes = await compress(piece.bytes, compression)
  await cache.put(piece.key, bytes)
  return { bytes, fresh: true }
}

function* tarPieces(entries: readonly LayerEntry[], options: PackOptions): Generator<Piece> {
  for (const group of cutGroups(entries)) {
    const [first] = group
    if (group.length === 1 && first?.kind === 'file' && first.identity.size > largeFile) {
      yield* largePieces(first, options)
    } else yield smallGroup(group, options)
  }
  yield { bytes: tarEnd, key: keyOf(options, tarEnd) }
}

function keyOf(options: PackOptions, ...parts: readonly (string | Uint8Array)[]): string {
  const key = createHash('sha256').update(`${format} ${compressorNames[options.compression]}\n`)
  for (const part of parts) key.update(part)
  return key.digest('hex')
}

function smallGroup(group: readonly LayerEntry[], options: PackOptions): Piece {
  const headers = group.map((entry) => tarHeader(entry, options.mtime ?? 0))
  const sizes = group.map((entry) => (entry.kind === 'file' ? entry.identity.size : 0))
  const length = sizes.reduce((sum, size) => sum + size + paddingOf(size), 0)
  const bytes = Buffer.alloc(headers.reduce((sum, header) => sum + header.length, length))
  const contents: string[] = []
  let at = 0
  for (const [index, entry] of group.entries()) {
    const header = headers[index]
    if (header === undefined) continue
    bytes.set(header, at)
    at += header.length
    if (entry.kind !== 'file') continue
    const { size } = entry.identity
    const content = bytes.subarray(at, at + size)
    readListed(entry.identity, content)
    const sha256 = hash('sha256', content)
    contents.push(sha256)
    options.hashes?.set(entry.identity, sha256)
    at += size + paddingOf(size)
  }
  return { bytes, key: keyOf(options, ...headers, ...contents) }
}

function* largePieces(entry: LayerEntry & { readonly kind: 'file' }, options: PackOptions): Generator<Piece> {
  yield { bytes: tarHeader(entry, options.mtime ?? 0) }
  const content = createHash('sha256')
  // Used again and again: what is left to the garbage collector stays in memory far longer.
  const spare: Buffer[] = []
  const { size } = entry.identity
  const file = openListed(entry.identity)
  try {
    for (let at = 0; at < size; at += pieceSize) {
      const length = Math.min(pieceSize, size - at)
      const room = spare.pop() ?? Buffer.alloc(pieceSize)
      // Whole blocks: the padding is the last piece's.
      const bytes = room.subarray(0, length + (at + length === size ? paddingOf(size) : 0)).fill(0, length)
      file.fill(bytes.subarray(0, length))
      content.update(bytes.subarray(0, length))
      yield { bytes, release: () => void spare.push(room) }
    }
    file.check()
  } finally {
    file.close()
  }
  options.hashes?.set(entry.identity, content.digest('hex'))
}
