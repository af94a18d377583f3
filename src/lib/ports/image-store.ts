import type { Digest } from '../domain/digest.js'
import type { StoredImage } from '../domain/stored-image.js'

/** An image that the registry would not give up. */
export interface KeptBack {
  readonly digest: Digest
  readonly why: string
}

/** The images that a registry keeps, tagged or not, as only its owner sees them. Failures are RampartErrors. */
export interface ImageStore {
  /** All that are not archived; undefined when there is no such repository. */
  list(repository: string): Promise<readonly StoredImage[] | undefined>
  /** Deletes images by their digests, for good; gives those that stayed. */
  remove(repository: string, digests: readonly Digest[]): Promise<readonly KeptBack[]>
}
