import { createHash, hash, type Hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { readTar, type TarHeader } from '../layer/tar-reader.js'
import type { SecretSign } from '../../domain/secret-formats.js'
import { largestScanned, secretByContent, secretByPath, secretRulesVersion } from './secret-rules.js'

/** One entry of a layer. */
export interface LayerRow {
  /** No slash at either end. */
  readonly path: string
  /** The archive's type flag: `0` a file, `1` a hard link, `2` a symbolic link, `5` a directory … */
  readonly type: string
  /** Bytes of a file's content, 0 for all else. */
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  /** Of a file's content, in hexadecimal; empty for all else. */
  readonly sha256: string
  /** Where a link leads, as it is written. */
  readonly target: string
}

/** All that one layer holds, without a byte of it. It follows from the layer's digest. */
export interface LayerIndex {
  /** Bytes of the archive. */
  readonly uncompressedBytes: number
  readonly rows: readonly LayerRow[]
  readonly secrets: readonly (SecretSign & { readonly path: string })[]
}

const isSmall = (header: TarHeader): boolean => header.type === '0' && header.size <= largestScanned

/** Reads a layer as it streams by; `tar` has no compression. Throws an Error when it is damaged or cut short. */
export async function indexLayer(tar: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<LayerIndex> {
  const rows: LayerRow[] = []
  const secrets: (SecretSign & { readonly path: string })[] = []
  let uncompressedBytes = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of tar) {
      signal?.throwIfAborted()
      uncompressedBytes += piece.length
      yield piece
    }
  }
  let streamed: Hash | undefined
  const watch = (header: TarHeader): ((piece: Uint8Array) => void) | undefined => {
    if (header.type !== '0') return undefined
    const hashing = createHash('sha256')
    streamed = hashing
    return (piece) => void hashing.update(piece)
  }
  for await (const { header, content } of readTar(counted(), isSmall, watch)) {
    const { path, type, mode, uid, gid, mtime, linkTarget: target } = header
    if (path === '') continue
    const sha256 = type !== '0' ? '' : content !== undefined ? hash('sha256', content) : (streamed?.digest('hex') ?? '')
    rows.push({ path, type, size: type === '0' ? header.size : 0, mode, uid, gid, mtime, sha256, target })
    if (type !== '0' || isWhiteout(path) || header.size === 0) continue
    const found = secretByPath(path) ?? (content === undefined ? undefined : secretByContent(content))
    if (found !== undefined) secrets.push({ ...found, path })
  }
  return { uncompressedBytes, rows, secrets }
}

/** True for an entry that takes a path of the layers below away. */
export function isWhiteout(path: string): boolean {
  return path.startsWith('.wh.') || path.includes('/.wh.')
}

/** Names what is remembered of a layer. */
export function indexKey(digest: string): string {
  return JSON.stringify(['layer-index', 1, secretRulesVersion, digest])
}

const pack = promisify(gzip)
const unpack = promisify(gunzip)

/** The index as bytes to keep. */
export async function encodeIndex(index: LayerIndex): Promise<Uint8Array> {
  const rows = index.rows.map(({ path, type, size, mode, uid, gid, mtime, sha256, target }) => [
    path,
    type,
    size,
    mode,
    uid,
    gid,
    mtime,
    sha256,
    target,
  ])
  return pack(JSON.stringify({ ...index, rows }), { level: 1 })
}

type Row = readonly [string, string, number, number, number, number, number, string, string]

/** The inverse of {@link encodeIndex}; undefined for what it did not make. */
export async function decodeIndex(bytes: Uint8Array): Promise<LayerIndex | undefined> {
  try {
    // The bytes are our own, under a checksum; what is not of this version has another name.
    const kept = JSON.parse((await unpack(bytes)).toString('utf8')) as Omit<LayerIndex, 'rows'> & {
      readonly rows: readonly Row[]
    }
    const rows = kept.rows.map(([path, type, size, mode, uid, gid, mtime, sha256, target]): LayerRow => ({
      path,
      type,
      size,
      mode,
      uid,
      gid,
      mtime,
      sha256,
      target,
    }))
    return { ...kept, rows }
  } catch {
    return undefined
  }
}
