import { createHash, randomUUID } from 'node:crypto'
import { closeSync, createReadStream, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '../../domain/digest.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Descriptor } from '../../ports/registry.js'
import type { ImageConfig } from '../image-config.js'
import { compress, layerMediaTypes, type Compression } from '../layer/compress.js'
import { readTar, type TarHeader } from '../layer/tar-reader.js'

/** A layer out of an engine, as a registry stores it. */
export interface EngineLayer {
  readonly diffId: Digest
  readonly descriptor: Descriptor
  /** The blob, on this machine; undefined for one that the registry has. */
  readonly open: (() => AsyncIterable<Uint8Array>) | undefined
}

export interface SavedImage {
  /** The configuration's bytes, as the engine made them: its digest is the image's id there. */
  readonly config: Uint8Array
  readonly layers: readonly EngineLayer[]
}

export interface UnpackOptions {
  /** A directory of the caller's that it removes; blobs lie in it until then. */
  readonly directory: string
  readonly compression: Compression
  /** From 1, the fastest, to 9, for gzip. */
  readonly gzipLevel?: number
  /** A layer that need not be made, because the registry has it; asked once for each. */
  readonly known: (diffId: Digest) => Promise<Descriptor | undefined>
  /** Gets what seems to be a layer as soon as it is packed, while the rest of the archive still streams by. */
  readonly onLayer?: (layer: EngineLayer) => void
  readonly signal?: AbortSignal
}

/** What was in the archive at one path, packed. */
interface Packed {
  /** Of the bytes as they were in the archive. */
  readonly digest: Digest
  readonly descriptor: Descriptor
  /** True for what the engine keeps compressed. */
  readonly asItWas: boolean
  readonly file: string
}

// What an engine says of an image is small; layers of that size are held as well.
const held = 1024 * 1024
const pieceSize = 1024 * 1024
// Pieces that are read and not yet written: enough for the thread pool, and no more.
const mostInFlight = 4

/**
 * Takes the layers out of what `docker save` gives, as it streams by, compresses them on the way, and leaves out those
 * that are known. Memory stays bounded, and nothing is on the disk without compression. Reads the archives of old
 * engines and of new ones.
 */
export async function unpackSaved(saved: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<SavedImage> {
  const { small, packed, links } = await readArchive(saved, options)
  const follow = (path: string): string => links.get(path) ?? path
  const manifest = small.get('manifest.json')
  const [image] =
    manifest === undefined
      ? []
      : (JSON.parse(manifest.toString('utf8')) as readonly { readonly Config: string; readonly Layers: string[] }[])
  const config = image === undefined ? undefined : small.get(follow(image.Config))
  if (image === undefined || config === undefined) throw broken('it names no image')
  const { rootfs } = JSON.parse(config.toString('utf8')) as ImageConfig
  const layers: EngineLayer[] = []
  const made = new Map<Digest, EngineLayer>()
  for (const [at, name] of image.Layers.entries()) {
    options.signal?.throwIfAborted()
    const diffId = rootfs.diff_ids[at]
    if (diffId === undefined) throw broken('it has more layers than its configuration')
    const path = follow(name)
    const layer = made.get(diffId) ?? (await makeLayer(diffId, packed.get(path), small.get(path), options))
    made.set(diffId, layer)
    layers.push(layer)
  }
  return { config, layers }
}

async function makeLayer(
  diffId: Digest,
  found: Packed | undefined,
  bytes: Buffer | undefined,
  options: UnpackOptions,
): Promise<EngineLayer> {
  const known = await options.known(diffId)
  if (known !== undefined) {
    if (found !== undefined) rmSync(found.file, { force: true })
    return { diffId, descriptor: known, open: undefined }
  }
  const packed = found ?? (bytes === undefined ? undefined : await packBytes(bytes, options))
  if (packed === undefined) throw broken(`it lacks the layer ${diffId}`)
  if (!packed.asItWas && packed.digest !== diffId) {
    throw broken(`the layer ${diffId} has another content than its name says`)
  }
  return asLayer(diffId, packed)
}

function asLayer(diffId: Digest, { descriptor, file }: Packed): EngineLayer {
  return { diffId, descriptor, open: () => createReadStream(file, { highWaterMark: pieceSize }) }
}

function broken(why: string): RampartError {
  return new RampartError('preflight', `The archive that the Docker engine gave of the image is broken: ${why}.`, {
    next: ['run the command again', 'look at the engine: docker info'],
  })
}

/** Everything small of the archive in memory, everything large packed in files of the directory. */
async function readArchive(saved: AsyncIterable<Uint8Array>, options: UnpackOptions) {
  const small = new Map<string, Buffer>()
  const packed = new Map<string, Packed>()
  const links = new Map<string, string>()
  let packing: Packing | undefined
  const paced = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of saved) {
      options.signal?.throwIfAborted()
      yield piece
      // The archive comes faster than it can be compressed.
      await packing?.room()
    }
  }
  try {
    for await (const { header, content } of readTar(
      paced(),
      ({ type, size }) => type === '0' && size <= held,
      ({ type }) => {
        if (type !== '0') return undefined
        const begun = new Packing(options)
        packing = begun
        return (piece) => begun.take(piece)
      },
    )) {
      if (header.type === '2') links.set(header.path, resolveLink(header))
      if (header.type === '1') links.set(header.path, header.linkTarget)
      if (content !== undefined) small.set(header.path, Buffer.from(content))
      if (packing === undefined) continue
      const one = await packing.finish()
      packing = undefined
      packed.set(header.path, one)
      if (!one.asItWas) options.onLayer?.(asLayer(one.digest, one))
    }
  } finally {
    packing?.close()
  }
  return { small, packed, links }
}

/** Old engines save a layer that an image has twice as a link to the first: `../<id>/layer.tar`. */
function resolveLink({ path, linkTarget }: TarHeader): string {
  return new URL(linkTarget, `file:///${path}`).pathname.slice(1)
}

async function packBytes(bytes: Buffer, options: UnpackOptions): Promise<Packed> {
  const packing = new Packing(options)
  try {
    packing.take(bytes)
    return await packing.finish()
  } finally {
    packing.close()
  }
}

/** Compresses a layer in independent pieces, several at once, into a file; what is compressed already stays as it is. */
class Packing {
  readonly #options: UnpackOptions
  readonly #file: string
  readonly #raw = createHash('sha256')
  readonly #blob = createHash('sha256')
  readonly #running: Promise<void>[] = []
  // Used again and again: what is left to the garbage collector stays in memory far longer.
  readonly #spare: Buffer[] = []
  #handle: number | undefined
  #already: Compression | undefined
  #begun = false
  #piece: Buffer = Buffer.alloc(pieceSize)
  #filled = 0
  #size = 0
  #last: Promise<void> = Promise.resolve()

  constructor(options: UnpackOptions) {
    this.#options = options
    this.#file = join(options.directory, `${randomUUID()}.blob`)
    this.#handle = openSync(this.#file, 'wx', 0o600)
  }

  take(bytes: Uint8Array): void {
    this.#raw.update(bytes)
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + pieceSize - this.#filled)
      this.#piece.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === pieceSize) this.#flush()
    }
  }

  /** Ends when there is room for more. */
  async room(): Promise<void> {
    while (this.#running.length > mostInFlight) await this.#running[0]
  }

  async finish(): Promise<Packed> {
    this.#flush()
    await this.#last
    this.close()
    const mediaType = layerMediaTypes[this.#already ?? this.#options.compression]
    const digest: Digest = `sha256:${this.#raw.digest('hex')}`
    const descriptor: Descriptor = { mediaType, digest: `sha256:${this.#blob.digest('hex')}`, size: this.#size }
    return { digest, descriptor, asItWas: this.#already !== undefined, file: this.#file }
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle)
    this.#handle = undefined
  }

  #flush(): void {
    const room = this.#piece
    const piece = room.subarray(0, this.#filled)
    if (piece.length === 0) return
    if (!this.#begun) this.#already = compressionOf(piece)
    this.#begun = true
    this.#piece = this.#spare.pop() ?? Buffer.alloc(pieceSize)
    this.#filled = 0
    const { compression, gzipLevel } = this.#options
    const packed = this.#already === undefined ? compress(piece, compression, gzipLevel) : Promise.resolve(piece)
    const before = this.#last
    const written = this.#writeNext(packed, before, room)
    // It is awaited in the end; until then a failure must not count as unhandled.
    written.catch(() => undefined)
    this.#running.push(written)
    this.#last = written
  }

  async #writeNext(packed: Promise<Uint8Array>, before: Promise<void>, room: Buffer): Promise<void> {
    const [bytes] = await Promise.all([packed, before])
    this.#write(bytes)
    void this.#running.shift()
    this.#spare.push(room)
  }

  #write(bytes: Uint8Array): void {
    if (this.#handle === undefined) return
    this.#blob.update(bytes)
    this.#size += bytes.length
    for (let at = 0; at < bytes.length;) at += writeSync(this.#handle, bytes, at)
  }
}

function compressionOf(start: Buffer): Compression | undefined {
  if (start.length < 4) return undefined
  return start.readUInt16BE() === 0x1f8b ? 'gzip' : start.readUInt32LE() === 0xfd2fb528 ? 'zstd' : undefined
}
