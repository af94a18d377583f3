import { isDigest, type Digest } from '../../domain/digest.js'
import type { SavedHashes } from './remember-files.js'

/** Bytes kept between runs, by name. A failing one must behave as an empty one. */
export interface Memory {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, bytes: Uint8Array): Promise<void>
}

/** A layer that was made before, by the key of its inputs. */
export interface RememberedLayer {
  readonly key: string
  readonly diffId: Digest
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
}

/** An image that was published before: from which inputs, and all that it takes to publish it again. */
export interface RememberedImage {
  /** Names the files, the Dockerfile and how they are packed. */
  readonly contentKey: string
  /** Names all inputs, the base among them. */
  readonly imageKey: string
  /** Names in the memory what was read of the base. */
  readonly baseKey: string
  readonly digest: Digest
  readonly tags: readonly string[]
  /** The manifest, as UTF-8 text. */
  readonly manifest: string
  readonly layerBytes: number
  readonly layers: readonly Digest[]
}

/** What is remembered of one context published to one repository; newest first. It is never trusted on what a registry holds. */
export interface ImageMemory {
  readonly files: SavedHashes
  readonly layers: readonly RememberedLayer[]
  readonly images: readonly RememberedImage[]
}

/** Remembering nothing. */
const emptyMemory: ImageMemory = { files: {}, layers: [], images: [] }

// Going back and forth between a few states of the code is common; a long history is not.
const mostRemembered = 16
const version = 3

/** The name under which an image's memory is kept: the registry, the repository and what it is made from. */
export function memoryKey(host: string, repository: string, context: string, dockerfile: string): string {
  return JSON.stringify(['image', version, host, repository, context, dockerfile])
}

/** Reads what was remembered; nothing when it is absent, damaged, or of another version. */
export async function recall(memory: Memory, key: string): Promise<ImageMemory> {
  const bytes = await memory.get(key)
  if (bytes === undefined) return emptyMemory
  try {
    const kept = JSON.parse(Buffer.from(bytes).toString('utf8')) as ImageMemory & { readonly version: unknown }
    return kept.version === version && kept.images.every(({ digest }) => isDigest(digest)) ? kept : emptyMemory
  } catch {
    return emptyMemory
  }
}

/** Keeps it for {@link recall}. */
export async function remember(memory: Memory, key: string, kept: ImageMemory): Promise<void> {
  await memory.put(key, Buffer.from(JSON.stringify({ version, ...kept })))
}

/** The list with the newest in front, once, and no longer than is worth keeping. */
export function withNewest<T>(list: readonly T[], newest: T, same: (one: T) => boolean): readonly T[] {
  return [newest, ...list.filter((one) => !same(one))].slice(0, mostRemembered)
}
