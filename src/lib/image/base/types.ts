import type { Digest } from '../../domain/digest.js'
import type { Emit } from '../../events/event.js'
import type { DockerEngine, EngineCredentials } from '../../ports/docker-engine.js'
import type { Registry } from '../../ports/registry.js'
import type { Compression } from '../layer/layer.js'
import type { ModelLayer, ModelPorts } from '../models/types.js'
import type { Memory } from '../publish/remember.js'
import type { FingerprintParts } from './fingerprint.js'
import type { ExpectedModel } from './judge.js'
import type { Runtime } from './prove.js'

/** A model of a base: rampart brings it in a layer of its own, or a step of the Dockerfile does. */
export interface BaseModel extends ExpectedModel {
  readonly provide: 'dockerfile' | 'rampart'
  readonly ref?: string
}

/** A base to build, prove and push. Paths are absolute unless they say otherwise. */
export interface BaseImageRequest {
  readonly service: string
  readonly context: string
  readonly dockerfile: string
  /** The Dockerfile's name in messages. */
  readonly dockerfileName: string
  /** Every file that it copies, relative to the context; nothing else is sent to the engine. */
  readonly inputs: readonly string[]
  readonly parts: FingerprintParts
  readonly fingerprint: string
  readonly models: readonly BaseModel[]
  /** Without a registry host. */
  readonly repository: string
  /** Tags beside that of the fingerprint; the first is the one that FROM finds. */
  readonly tags: readonly string[]
  readonly compression: Compression
  readonly runtime: Runtime
  /** The project's own commands for the proof. */
  readonly commands: readonly string[]
  /** Other repositories of the registry that may have the same layers. */
  readonly mountFrom: readonly string[]
}

/** What a base needs of the world. */
export interface BasePorts {
  readonly registry: Registry
  readonly engine: DockerEngine
  readonly memory: Memory
  readonly models: ModelPorts
  /** A directory for blobs, which the caller removes when all is done. */
  readonly scratch: () => Promise<string>
  /** The registry's login, for an engine that pushes itself. */
  readonly credentials: () => Promise<EngineCredentials | undefined>
  readonly emit: Emit
  readonly signal?: AbortSignal
}

/** A base that the engine has. */
export interface BuiltBase {
  /** As the Dockerfile made it, under a name of its own in the engine. */
  readonly name: string
  readonly id: Digest
  /** The image with rampart's models in it: what is to be proved. */
  readonly proving: string
  readonly layers: readonly ModelLayer[]
  /** Gives up what was only made for the proof. */
  release(): Promise<void>
}

/** A base in its registry. */
export interface PushedBase {
  readonly digest: Digest
  /** `host/repository@digest`. */
  readonly reference: string
  readonly tags: readonly string[]
  /** Bytes of all layers as they are stored. */
  readonly bytes: number
  readonly uploadedBytes: number
}
