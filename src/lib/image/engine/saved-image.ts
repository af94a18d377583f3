import { createHash, type Hash } from 'node:crypto'
import { closeSync, createReadStream, openSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../../domain/digest.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Descriptor } from '../../ports/registry.js'
import type { ImageConfig } from '../image-config.js'
import { compress, layerMediaTypes, type Compression } from '../layer/compress.js'
import { digestOf } from '../publish/digest.js'
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
  /** A layer that need not be made, because the registry has it; asked once for each. */
  readonly known: (diffId: Digest) => Promise<Descriptor | undefined>
  readonly signal?: AbortSignal
}

interface Spooled {
  readonly file: string
  /** Of the file as it was in the archive. */
  readonly digest: Digest
  readonly size: number
}

// What an engine says of an image is small; layers of that size are held as well as spooled ones are.
const held = 4 * 1024 * 1024
const pieceSize = 4 * 1024 * 1024

/**
 * Takes the layers out of what `docker save` gives, as it streams by, and compresses those that are not known. One layer
 * at a time is on the disk without compression; memory stays bounded. Reads the archives of old engines and of new ones.
 */
export async function unpackSaved(saved: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<SavedImage> {
  // Of its own, because several images are unpacked at once.
  const directory = await mkdtemp(join(options.directory, 'image-'))
  const { small, spooled, links } = await spool(saved, directory, options.signal)
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
  for (const [at, path] of image.Layers.entries()) {
    options.signal?.throwIfAborted()
    const diffId = rootfs.diff_ids[at]
    if (diffId === undefined) throw broken('it has more layers than its configuration')
    const file =
      spooled.get(follow(path)) ?? (await writeSmall(small.get(follow(path)), join(directory, `layer-${at}`)))
    const layer = made.get(diffId) ?? (await makeLayer(diffId, file, options))
    made.set(diffId, layer)
    layers.push(layer)
  }
  return { config, layers }
}

/** A layer so small that it was held in memory, as a file like all others. */
async function writeSmall(bytes: Buffer | undefined, file: string): Promise<Spooled | undefined> {
  if (bytes === undefined) return undefined
  await writeFile(file, bytes, { mode: 0o600, flag: 'wx' })
  return { file, digest: digestOf(bytes), size: bytes.length }
}

async function makeLayer(diffId: Digest, file: Spooled | undefined, options: UnpackOptions): Promise<EngineLayer> {
  const known = await options.known(diffId)
  if (known === undefined) {
    if (file === undefined) throw broken(`it lacks the layer ${diffId}`)
    return packLayer(file, diffId, options)
  }
  if (file !== undefined) rmSync(file.file, { force: true })
  return { diffId, descriptor: known, open: undefined }
}

function broken(why: string): RampartError {
  return new RampartError('preflight', `The archive that the Docker engine gave of the image is broken: ${why}.`, {
    next: ['run the command again', 'look at the engine: docker info'],
  })
}

/** Everything small of the archive in memory, everything large in files of the directory. */
async function spool(saved: AsyncIterable<Uint8Array>, directory: string, signal: AbortSignal | undefined) {
  const small = new Map<string, Buffer>()
  const spooled = new Map<string, Spooled>()
  const links = new Map<string, string>()
  let writing: { readonly file: string; readonly handle: number; readonly hashing: Hash } | undefined
  let count = 0
  const write = (bytes: Uint8Array): void => {
    writing?.hashing.update(bytes)
    const handle = writing?.handle
    if (handle !== undefined) for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
  }
  const begin = (): typeof write => {
    const file = join(directory, `saved-${count++}`)
    writing = { file, handle: openSync(file, 'wx', 0o600), hashing: createHash('sha256') }
    return write
  }
  const finish = (header: TarHeader): void => {
    if (writing === undefined) return
    closeSync(writing.handle)
    const digest: Digest = `sha256:${writing.hashing.digest('hex')}`
    spooled.set(header.path, { file: writing.file, digest, size: header.size })
    writing = undefined
  }
  try {
    for await (const { header, content } of readTar(
      saved,
      ({ type, size }) => type === '0' && size <= held,
      ({ type }) => (type === '0' ? begin() : undefined),
    )) {
      signal?.throwIfAborted()
      if (header.type === '2') links.set(header.path, resolveLink(header))
      if (header.type === '1') links.set(header.path, header.linkTarget)
      if (content !== undefined) small.set(header.path, Buffer.from(content))
      finish(header)
    }
  } finally {
    if (writing !== undefined) closeSync(writing.handle)
  }
  return { small, spooled, links }
}

/** Old engines save a layer that an image has twice as a link to the first: `../<id>/layer.tar`. */
function resolveLink({ path, linkTarget }: TarHeader): string {
  return new URL(linkTarget, `file:///${path}`).pathname.slice(1)
}

/** Compresses a layer in independent pieces; one that the engine keeps compressed stays as it is. */
async function packLayer(
  { file, digest, size }: Spooled,
  diffId: Digest,
  { compression, signal }: UnpackOptions,
): Promise<EngineLayer> {
  const input = await open(file, 'r')
  try {
    const magic = Buffer.alloc(4)
    await input.read(magic, 0, 4, 0)
    const already = magic.readUInt16BE() === 0x1f8b ? 'gzip' : magic.readUInt32LE() === 0xfd2fb528 ? 'zstd' : undefined
    if (already !== undefined) {
      const descriptor = { mediaType: layerMediaTypes[already], digest, size }
      return { diffId, descriptor, open: () => createReadStream(file, { highWaterMark: pieceSize }) }
    }
    if (digest !== diffId) throw broken(`the layer ${diffId} has another content than its name says`)
    const packed = `${file}.blob`
    const output = await open(packed, 'wx', 0o600)
    const hashing = createHash('sha256')
    let bytes = 0
    try {
      const room = Buffer.alloc(pieceSize)
      for (;;) {
        signal?.throwIfAborted()
        const { bytesRead } = await input.read(room, 0, pieceSize)
        if (bytesRead === 0) break
        const piece = await compress(room.subarray(0, bytesRead), compression)
        hashing.update(piece)
        bytes += piece.length
        await output.writeFile(piece)
      }
    } finally {
      await output.close()
    }
    rmSync(file, { force: true })
    const descriptor: Descriptor = {
      mediaType: layerMediaTypes[compression],
      digest: `sha256:${hashing.digest('hex')}`,
      size: bytes,
    }
    return { diffId, descriptor, open: () => createReadStream(packed, { highWaterMark: pieceSize }) }
  } finally {
    await input.close()
  }
}
