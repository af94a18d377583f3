import type { Digest } from '../../domain/digest.js'
import { mediaTypes } from '../../domain/media-types.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Descriptor } from '../../ports/registry.js'
import { unpackSaved, type EngineLayer } from '../engine/saved-image.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'
import { compressorNames } from '../layer/compress.js'
import { pushModelLayers } from '../models/push.js'
import { asOciLayer } from '../publish/base.js'
import { digestOf } from '../publish/digest.js'
import { archiveContext } from './build.js'
import { fingerprintTag, type StoredBase } from './find.js'
import { proofLabelsOf, sourceLabelsOf } from './labels.js'
import type { BaseProof } from './prove.js'
import type { BaseImageRequest, BasePorts, BuiltBase, PushedBase } from './types.js'

/** How a base gets to its registry: rampart compresses and sends what the engine gives, or the engine does it all. */
export type PushVia = 'rampart' | 'docker'

/** Pushes a proved base under the tag of its fingerprint, and then under the others. `before` is the base of now. */
export async function pushBase(
  built: BuiltBase,
  proof: BaseProof,
  before: StoredBase | undefined,
  via: PushVia,
  request: BaseImageRequest,
  ports: BasePorts,
): Promise<PushedBase> {
  const { emit, registry } = ports
  const { service, repository } = request
  const tags = [fingerprintTag(request.fingerprint), ...request.tags]
  const push = via === 'docker' ? pushByEngine : pushByRampart
  const { digest, bytes, uploadedBytes } = await push(built, proof, before, tags, request, ports)
  emit({
    type: 'image.pushed',
    service,
    repository,
    digest,
    tags,
    layerBytes: bytes,
    uploadedLayerBytes: uploadedBytes,
    unchanged: false,
  })
  return { digest, bytes, uploadedBytes, tags, reference: `${registry.host}/${repository}@${digest}` }
}

type Pushed = Pick<PushedBase, 'digest' | 'bytes' | 'uploadedBytes'>

async function pushByRampart(
  built: BuiltBase,
  proof: BaseProof,
  before: StoredBase | undefined,
  tags: readonly string[],
  request: BaseImageRequest,
  ports: BasePorts,
): Promise<Pushed> {
  const { engine, registry, signal, emit } = ports
  const { repository, service, compression } = request
  const earlier = layersByDiffId(before)
  emit({ type: 'image.step', service, step: 'layers', detail: 'taking them out of the engine' })
  const known = once((diffId: Digest) => knownLayer(diffId, earlier, request, ports))
  const send = once(
    (layer: EngineLayer) => sendLayer(layer, known, request, ports),
    ({ diffId }) => diffId,
  )
  const own = new Set((await engine.inspect(built.id))?.diffIds)
  const [made, models] = await Promise.all([
    unpackSaved(engine.save(built.id, signal), {
      directory: await ports.scratch(),
      compression,
      gzipLevel,
      known,
      // Sent while the next one is compressed. Who waits for all of them sees what failed.
      onLayer: (layer) => {
        if (own.has(layer.diffId)) send(layer).catch(() => undefined)
      },
      ...(signal !== undefined && { signal }),
    }),
    pushModelLayers(built.layers, {
      registry,
      repository,
      mountFrom: request.mountFrom,
      onProgress: (digest, sent, total) => emit({ type: 'layer.progress', service, digest, sent, total }),
      ...(signal !== undefined && { signal }),
    }),
  ])
  const sent = await Promise.all(
    Array.from(new Map(made.layers.map((layer) => [layer.diffId, layer])).values(), (layer) => send(layer)),
  )
  const config = Buffer.from(JSON.stringify(configOf(made.config, built, proof, request)))
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length }
  await registry.putBlob(repository, { ...descriptor, open: () => [config] }, undefined, signal)
  const layers = [...made.layers, ...built.layers].map((layer) => layer.descriptor)
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor,
      layers,
    } satisfies ImageManifest),
  )
  for (const tag of tags) await registry.putManifest(repository, tag, mediaTypes.ociManifest, manifest)
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  const uploadedBytes = [...sent, ...models.map((one) => one.uploadedBytes)].reduce((sum, size) => sum + size, 0)
  return { digest: digestOf(manifest), bytes, uploadedBytes }
}

/** The layers of the base that the registry has now, by what they hold. */
function layersByDiffId(before: StoredBase | undefined): ReadonlyMap<string, Descriptor> {
  const entries = before?.manifest.layers.flatMap((layer, at) => {
    const diffId = before.config.rootfs.diff_ids[at]
    return diffId === undefined ? [] : [[diffId, asOciLayer(layer)] as const]
  })
  return new Map(entries)
}

// A base is compressed once and pulled by every new target, but its wheels and libraries gain little from more.
const gzipLevel = 1

const memoryKey = ({ compression }: BaseImageRequest, diffId: string): string =>
  JSON.stringify(['base-layer', 1, compressorNames[compression], gzipLevel, diffId])

/** A layer that the registry has, in the base of now or from another push. */
async function knownLayer(
  diffId: Digest,
  earlier: ReadonlyMap<string, Descriptor>,
  request: BaseImageRequest,
  { memory, registry }: BasePorts,
): Promise<Descriptor | undefined> {
  const found = earlier.get(diffId)
  if (found !== undefined) return found
  const kept = await memory.get(memoryKey(request, diffId))
  if (kept === undefined) return undefined
  const descriptor = JSON.parse(Buffer.from(kept).toString('utf8')) as Descriptor
  const { repository, mountFrom } = request
  if (await registry.hasBlob(repository, descriptor.digest)) return descriptor
  for (const from of mountFrom) {
    if (await registry.mountBlob(repository, descriptor.digest, from)) return descriptor
  }
  return undefined
}

/** Sends a layer unless the registry has it. Gives the bytes sent. */
async function sendLayer(
  { open, descriptor, diffId }: EngineLayer,
  known: (diffId: Digest) => Promise<Descriptor | undefined>,
  request: BaseImageRequest,
  { registry, memory, emit, signal }: BasePorts,
): Promise<number> {
  if (open === undefined || (await known(diffId)) !== undefined) return 0
  const { repository, service } = request
  const { digest, size } = descriptor
  const there = await registry.hasBlob(repository, digest)
  if (!there) {
    const progress = (sent: number): void => emit({ type: 'layer.progress', service, digest, sent, total: size })
    await registry.putBlob(repository, { digest, size, open }, progress, signal)
  }
  await memory.put(memoryKey(request, diffId), Buffer.from(JSON.stringify(descriptor)))
  return there ? 0 : size
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

/** The engine's configuration with the models' layers and what the labels say; what only the engine needs is left out. */
function configOf(
  bytes: Uint8Array,
  { layers }: BuiltBase,
  proof: BaseProof,
  { fingerprint, parts }: BaseImageRequest,
): ImageConfig {
  const made = JSON.parse(Buffer.from(bytes).toString('utf8')) as ImageConfig
  const { architecture, os, variant, created, author, config, rootfs, history } = made
  const labels = { ...config?.Labels, ...sourceLabelsOf(fingerprint, parts), ...proofLabelsOf(proof) }
  const added = layers.map(({ model }) => ({
    ...(created !== undefined && { created }),
    created_by: `rampart model ${model.id}@${model.revision}`,
  }))
  return {
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    ...(created !== undefined && { created }),
    ...(author !== undefined && { author }),
    config: { ...config, Labels: labels },
    rootfs: { type: 'layers', diff_ids: [...rootfs.diff_ids, ...layers.map(({ diffId }) => diffId)] },
    history: [...(history ?? []), ...added],
  }
}

async function pushByEngine(
  built: BuiltBase,
  proof: BaseProof,
  _before: StoredBase | undefined,
  tags: readonly string[],
  request: BaseImageRequest,
  ports: BasePorts,
): Promise<Pushed> {
  const { engine, registry, signal, emit } = ports
  const { repository, service, parts } = request
  const [first = '', ...others] = tags
  const reference = `${registry.host}/${repository}:${first}`
  // Only a build gives an image of the engine further labels.
  await engine.build(
    {
      context: archiveContext(`FROM ${built.proving}\n`, []),
      dockerfile: 'Dockerfile',
      args: {},
      labels: { ...sourceLabelsOf(request.fingerprint, parts), ...proofLabelsOf(proof) },
      platform: parts.platform,
      tags: [reference],
    },
    () => undefined,
    signal,
  )
  const said = new Set<string>()
  const onLine = (line: string): void => {
    const words = line.replace(/^(\w{12}) .*/, '$1')
    if (said.has(words)) return
    said.add(words)
    emit({ type: 'image.step', service, step: 'docker push', detail: line })
  }
  try {
    await engine.push(reference, await ports.credentials(), onLine, signal)
  } finally {
    await engine.remove(reference)
  }
  const pushed = await registry.getManifest(repository, first)
  if (pushed === undefined) {
    throw new RampartError('unreachable', `${registry.host} does not have what the Docker engine pushed to it`)
  }
  const { digest, mediaType } = pushed.descriptor
  for (const tag of others) await registry.putManifest(repository, tag, mediaType, pushed.bytes)
  const { layers } = JSON.parse(Buffer.from(pushed.bytes).toString('utf8')) as ImageManifest
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  return { digest, bytes, uploadedBytes: bytes }
}
