import type { Digest } from './digest.js'

/** What a copy has to do for one image: everything, its tags alone, what refers to it, or nothing. */
export type MigrationAction = 'copy' | 'tag' | 'referrers' | 'none'

/** One image of a migration. Sizes are bytes. */
export interface MigratedImage {
  /** `host/repository` it comes from and goes to. */
  readonly source: string
  readonly target: string
  /** Under which it goes there; none for an image that was asked for by its digest. */
  readonly tags: readonly string[]
  /** Those that pointed to another image before. */
  readonly movedTags: readonly string[]
  readonly digest: Digest
  /** How many images of single platforms it stands for: 1 unless it is an index. */
  readonly platforms: number
  /** Signatures, attestations and the like that belong to it. */
  readonly referrers: number
  /** All that it is made of, what refers to it included, each part once. */
  readonly bytes: number
  readonly action: MigrationAction
  readonly result: 'planned' | 'done' | 'failed'
  readonly error: string | null
}

/** Parts of images: how many, and how many bytes. */
export interface BlobCount {
  readonly count: number
  readonly bytes: number
}

/** What `registry migrate --json` says beside the run: a stable shape. New fields may come, none goes. */
export interface Migration {
  readonly dryRun: boolean
  readonly images: readonly MigratedImage[]
  readonly blobs: {
    /** Each part once in each repository that it goes to. */
    readonly total: BlobCount
    /** The target had them. */
    readonly there: BlobCount
    /** Sent over the network. */
    readonly copied: BlobCount
    /** Taken over from another repository of the target. */
    readonly mounted: BlobCount
  }
}
