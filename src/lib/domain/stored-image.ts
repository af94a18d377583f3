import type { Digest } from './digest.js'

/** An image as a registry keeps it, or an index of images, or what refers to one. */
export interface StoredImage {
  readonly digest: Digest
  readonly tags: readonly string[]
  /** Milliseconds since 1970. */
  readonly pushedAt: number
  /** All that it takes up, its configuration included; of an index, nothing. */
  readonly blobs: readonly { readonly digest: Digest; readonly bytes: number }[]
  /** What an index lists. */
  readonly children: readonly Digest[]
  /** What it is about, e.g. of a signature. */
  readonly subject?: Digest
  /** The base that it says that it stands on. */
  readonly base?: Digest
}
