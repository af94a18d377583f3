import type { Digest } from '../domain/digest.js'
import type { FileIdentity } from './context.js'

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

export type Compression = 'gzip' | 'zstd'

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
  /** The blob; the same bytes each time. Large files are compressed anew from disk rather than held. */
  readonly chunks: () => AsyncIterable<Uint8Array>
  /** How many of the layer's groups had to be compressed, and how many there are. */
  readonly groups: { readonly compressed: number; readonly total: number }
}

/** Makes the layer: sorted entries, fixed times, independent compressed groups. Rejects when a file changes meanwhile. */
export declare function packLayer(entries: readonly LayerEntry[], options: PackOptions): Promise<PackedLayer>

/**
 * A key that names the layer's bytes without reading a file: equal keys mean equal layers. Undefined when a file's hash
 * is not remembered; after {@link packLayer} with the same `hashes` it is.
 */
export declare function layerKey(entries: readonly LayerEntry[], options: PackOptions): string | undefined
