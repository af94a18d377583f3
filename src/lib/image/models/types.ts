import type { Digest } from '../../domain/digest.js'
import type { ModelHub } from '../../ports/model-hub.js'
import type { BlobSource, Descriptor, Registry } from '../../ports/registry.js'
import type { BaseFacts } from '../base/base-facts.js'
import type { Memory } from '../publish/remember.js'
import type { Owner } from '../layer/users.js'

/** A model that rampart puts into a base. */
export interface WantedModel {
  readonly id: string
  /** The full commit. */
  readonly revision: string
  /** The branch by whose name the application asks for it: it is written into `refs/`; none when left out. */
  readonly ref?: string
  /** Patterns of the files that are needed; the usual ones for inference when left out. */
  readonly files?: readonly string[]
}

/** Where the models go in the image. */
export interface ModelPlace {
  /** The hub's cache, an absolute path, e.g. `/opt/models/hub`; see `hubCacheOf`. */
  readonly root: string
  /** Whom the files belong to: the user that the application runs as. */
  readonly owner: Owner
  /** What is known of the image below, so that directories that it has keep their owner and mode. */
  readonly base?: BaseFacts
}

export interface ModelLayersRequest {
  readonly models: readonly WantedModel[]
  readonly place: ModelPlace
  /** Whether layers may be zstd, where weights shrink by it; all are plain tars otherwise. */
  readonly zstd: boolean
  /**
   * Layers of earlier bases, as their manifests list them. One that carries the same model in the same place is used
   * again: nothing of it need be on this machine.
   */
  readonly earlier?: readonly Descriptor[]
}

/** Bytes received of a model's files so far, those of earlier runs included. */
export interface ModelProgress {
  readonly id: string
  readonly received: number
  readonly total: number
}

/** What model layers need of the world. */
export interface ModelPorts {
  readonly hub: ModelHub
  /** The directory that keeps downloaded files between runs; made when it is needed. */
  readonly store: string
  readonly memory: Memory
  readonly onProgress?: (progress: ModelProgress) => void
  readonly signal?: AbortSignal
}

/** A model as one layer of an image. */
export interface ModelLayer {
  readonly model: WantedModel
  /** Bytes of the model's files, and how many they are. */
  readonly bytes: number
  readonly files: number
  /** With annotations by which a later base finds it again. */
  readonly descriptor: Descriptor
  readonly diffId: Digest
  /** True when it follows from what is remembered or from an earlier base; nothing was downloaded or hashed. */
  readonly known: boolean
  /** The blob as it is stored; what is not on this machine is downloaded first. */
  blob(): Promise<BlobSource>
  /** The uncompressed tar, whose digest is `diffId`, e.g. for a Docker engine; downloaded first where need be. */
  tar(): Promise<BlobSource>
}

/** What sending a layer took: `mounted` came from another repository of the same registry. */
export interface SentLayer {
  readonly layer: ModelLayer
  readonly how: 'present' | 'mounted' | 'uploaded'
  readonly uploadedBytes: number
}

export interface PushModelsOptions {
  readonly registry: Registry
  /** Without a registry host. */
  readonly repository: string
  /** Other repositories of that registry that may have the layer, e.g. those of other services' bases. */
  readonly mountFrom?: readonly string[]
  readonly onProgress?: (digest: Digest, sent: number, total: number) => void
  readonly signal?: AbortSignal
}
