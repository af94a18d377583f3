import type { Digest } from '../../domain/digest.js'
import type { Emit } from '../../events/event.js'
import type { Git, SourceRevision } from '../../ports/git.js'
import type { Descriptor, Registry } from '../../ports/registry.js'
import type { AppliedRecipe } from '../layer/apply.js'
import type { Compression, GroupCache, PackedLayer } from '../layer/layer.js'
import type { BaseRequest, FoundBase } from './base.js'
import type { Proofs } from './proofs.js'
import type { RememberedHashes } from './remember-files.js'
import type { ImageMemory, Memory, RememberedImage } from './remember.js'

/** What to build and where to publish it. Paths are absolute. */
export interface AppImageRequest {
  readonly app: string
  readonly service: string
  readonly context: string
  readonly dockerfile: string
  /** The Dockerfile's name in messages; its path unless given. */
  readonly dockerfileName?: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** Takes the place of what FROM names. */
  readonly base?: string
  /** `os/architecture`, for a base of several platforms. */
  readonly platform: string
  readonly compression: Compression
  /** Without a registry host. */
  readonly repository: string
  /** The tags to set, by what version control knows of the source. */
  readonly tags: (source: SourceRevision | undefined) => readonly string[]
  /** Most bytes of the layer as it is stored. */
  readonly budget?: number
  /** A layer over its budget is a warning instead of a failure. */
  readonly allowOverBudget?: boolean
  /** Seconds since 1970: the creation time of image and files, where somebody wants a certain one. */
  readonly sourceDateEpoch?: number
  readonly labels?: Readonly<Record<string, string>>
}

/** What building and publishing need of the world. */
export interface PublishPorts {
  /** Where the image goes. */
  readonly registry: Registry
  /** Registries of bases elsewhere: by the host of a reference (empty for Docker Hub) and the repository in it. */
  readonly locate?: BaseRequest['locate']
  readonly git: Git
  readonly memory: Memory
  readonly groups: GroupCache
  /** The machine's own time in milliseconds since 1970, because it is compared with the times of files. */
  readonly now: () => number
  readonly emit: Emit
  readonly signal?: AbortSignal
}

/** A layer that the image needs and this machine can make. */
export interface AppLayer {
  readonly descriptor: Descriptor
  readonly diffId: Digest
  /** Names its inputs; undefined when they were not all hashed. */
  readonly key: string | undefined
  /** True when it was made here before, so that the registry is likely to have it. */
  readonly made: boolean
  /** What packing took; undefined when it was not packed. */
  readonly groups: PackedLayer['groups'] | undefined
  pack(): Promise<PackedLayer>
}

/** An image that was made anew. */
export interface FreshImage {
  readonly kind: 'fresh'
  readonly base: FoundBase
  readonly baseLayers: readonly Descriptor[]
  readonly layer: AppLayer | undefined
  readonly config: Uint8Array
  readonly manifest: Uint8Array
}

/** An image that was published before and that the registry still has. */
export interface KnownImage {
  readonly kind: 'known'
  readonly image: RememberedImage
}

/** What building found out, for publishing to go on with. */
export interface Build {
  readonly content: FreshImage | KnownImage
  readonly digest: Digest
  readonly tags: readonly string[]
  readonly layerBytes: number
  readonly source: SourceRevision | undefined
  readonly notes: readonly string[]
  readonly base: { readonly name: string; readonly digest: Digest }
  /** See {@link AppliedRecipe}; undefined when the recipe was not applied. */
  readonly heaviest?: ReturnType<AppliedRecipe['heaviest']>
  readonly proofs: Proofs
  readonly memoryKey: string
  readonly remembered: ImageMemory
  readonly hashes: RememberedHashes
  /** The keys of this image's inputs, as far as they are known by now. */
  keys(): { readonly contentKey: string; readonly imageKey: string } | undefined
}
