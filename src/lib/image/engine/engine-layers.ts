import type { Digest } from '../../domain/digest.js'
import type { Emit } from '../../events/event.js'
import type { DockerEngine } from '../../ports/docker-engine.js'
import type { Descriptor, Registry } from '../../ports/registry.js'
import type { ImageConfig } from '../image-config.js'
import { compressorNames, type Compression } from '../layer/compress.js'
import { asOciLayer } from '../publish/base.js'
import type { Memory } from '../publish/remember.js'
import { unpackSaved, type EngineLayer, type SavedImage } from './saved-image.js'

/** Layers that lie in a repository of the registry already, by what they hold. */
export interface StoredLayers {
  readonly repository: string
  readonly byDiffId: ReadonlyMap<string, Descriptor>
}

/** Where layers of an engine are to go, and how. */
export interface EngineLayersRequest {
  readonly service: string
  /** Without a registry host. */
  readonly repository: string
  readonly compression: Compression
  /** From 1, the fastest, to 9, for gzip. */
  readonly gzipLevel?: number
  readonly stored: StoredLayers | undefined
  /** Other repositories of the registry that may have the same layers. They are asked while layers are taken. */
  readonly mountFrom?: readonly string[]
}

export interface EngineLayersPorts {
  readonly engine: DockerEngine
  readonly registry: Registry
  readonly memory: Memory
  /** A directory for blobs, which the caller removes when all is done. */
  readonly scratch: () => Promise<string>
  readonly emit: Emit
  readonly signal?: AbortSignal
}

/** The way of an image's layers out of a Docker engine and into a registry; nothing is made or sent twice. */
export interface EngineLayers {
  /**
   * Takes the image out of the engine. Layers that the registry has are not made; of the others each is compressed while
   * it streams by and, with `sendAtOnce`, sent while the next one is compressed.
   */
  take(image: string, options?: { readonly sendAtOnce?: boolean }): Promise<SavedImage>
  /** Has the layers in the repository, two at a time as the client has it. Gives the bytes sent. */
  send(layers: readonly EngineLayer[]): Promise<number>
}

/** Nothing is asked of engine or registry before it is used. */
export function createEngineLayers(request: EngineLayersRequest, ports: EngineLayersPorts): EngineLayers {
  const { engine, signal } = ports
  const known = once((diffId: Digest) => knownLayer(diffId, request, ports))
  const send = once(
    (layer: EngineLayer) => sendLayer(layer, known, request, ports),
    ({ diffId }) => diffId,
  )
  return {
    take: async (image, { sendAtOnce = false } = {}) => {
      const own = new Set(sendAtOnce ? (await engine.inspect(image))?.diffIds : [])
      return unpackSaved(engine.save(image, signal), {
        directory: await ports.scratch(),
        compression: request.compression,
        known,
        // Who waits for all of them in the end sees what failed.
        onLayer: (layer) => {
          if (own.has(layer.diffId)) send(layer).catch(() => undefined)
        },
        ...(request.gzipLevel !== undefined && { gzipLevel: request.gzipLevel }),
        ...(signal !== undefined && { signal }),
      })
    },
    send: async (layers) => {
      const unique = new Map(layers.map((layer) => [layer.diffId, layer]))
      const sent = await Promise.all(Array.from(unique.values(), (layer) => send(layer)))
      return sent.reduce((sum, bytes) => sum + bytes, 0)
    },
  }
}

/** The layers of an image that a registry has, as an OCI manifest names them, by what they hold. */
export function layersByDiffId(config: ImageConfig, layers: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  return new Map(
    layers.flatMap((descriptor, at) => {
      const diffId = config.rootfs.diff_ids[at]
      return diffId === undefined ? [] : [[diffId, asOciLayer(descriptor)] as const]
    }),
  )
}

/** What names a layer's blob: its content, and all that compression depends on. */
const memoryKey = ({ compression, gzipLevel = 0 }: EngineLayersRequest, diffId: string): string =>
  JSON.stringify(['engine-layer', 2, compressorNames[compression], gzipLevel, diffId])

/** A layer that the registry has: one of the stored, or one that was sent before. */
async function knownLayer(
  diffId: Digest,
  request: EngineLayersRequest,
  { memory, registry }: EngineLayersPorts,
): Promise<Descriptor | undefined> {
  const { stored, repository, mountFrom = [] } = request
  const found = stored?.byDiffId.get(diffId)
  if (found !== undefined) return found
  const kept = await memory.get(memoryKey(request, diffId))
  if (kept === undefined) return undefined
  const descriptor = JSON.parse(Buffer.from(kept).toString('utf8')) as Descriptor
  if (await registry.hasBlob(repository, descriptor.digest)) return descriptor
  for (const from of mountFrom) {
    if (from !== repository && (await registry.mountBlob(repository, descriptor.digest, from))) return descriptor
  }
  return undefined
}

/** Has one layer in the repository. Gives the bytes sent. */
async function sendLayer(
  { open, descriptor, diffId }: EngineLayer,
  known: (diffId: Digest) => Promise<Descriptor | undefined>,
  request: EngineLayersRequest,
  { registry, memory, emit, signal }: EngineLayersPorts,
): Promise<number> {
  const { repository, service, stored } = request
  const { digest, size } = descriptor
  const isKnown = (await known(diffId)) !== undefined
  const away = stored !== undefined && stored.repository !== repository && stored.byDiffId.has(diffId)
  if (isKnown && !away) return 0
  const progress = (sent: number): void => emit({ type: 'layer.progress', service, digest, sent, total: size })
  const put = async (blob: NonNullable<EngineLayer['open']>): Promise<number> => {
    await registry.putBlob(repository, { digest, size, open: blob }, progress, signal)
    return size
  }
  const there = await registry.hasBlob(repository, digest)
  if (away) {
    if (there || (await registry.mountBlob(repository, digest, stored.repository))) return 0
    return put(async function* () {
      const stream = await registry.openBlob(stored.repository, descriptor)
      if (stream !== undefined) yield* stream
    })
  }
  if (open === undefined) return 0
  const sent = there ? 0 : await put(open)
  await memory.put(memoryKey(request, diffId), Buffer.from(JSON.stringify(descriptor)))
  return sent
}

/** The same answer to the same question. */
function once<A, R>(work: (argument: A) => Promise<R>, keyOf: (argument: A) => unknown = (argument) => argument) {
  const answers = new Map<unknown, Promise<R>>()
  return (argument: A): Promise<R> => {
    const key = keyOf(argument)
    const answer = answers.get(key) ?? work(argument)
    answers.set(key, answer)
    return answer
  }
}
