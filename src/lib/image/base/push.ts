import { mediaTypes } from '../../domain/media-types.js'
import { RampartError } from '../../errors/rampart-error.js'
import { createEngineLayers, layersByDiffId, type StoredLayers } from '../engine/engine-layers.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'
import { pushModelLayers } from '../models/push.js'
import { digestOf } from '../publish/digest.js'
import { archiveContext } from './build.js'
import { fingerprintTag, setTags, type StoredBase } from './find.js'
import { proofLabelsOf, sourceLabelsOf } from './labels.js'
import type { BaseProof } from './prove.js'
import type { BaseImageRequest, BasePorts, BuiltBase, PushedBase } from './types.js'

/** How a base gets to its registry: rampart compresses and sends what the engine gives, or the engine does it all. */
export type PushVia = 'rampart' | 'docker'

/** Pushes a proved base and sets its tags: that of its fingerprint, then the others. `before` is the base of now. */
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
  const push = via === 'docker' ? pushByEngine : pushByRampart
  const { digest, bytes, uploadedBytes, manifest } = await push(built, proof, before, request, ports)
  const own = fingerprintTag(request.fingerprint)
  const tags = await setTags(registry, repository, [own, ...request.tags], own, manifest)
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

type Pushed = Pick<PushedBase, 'digest' | 'bytes' | 'uploadedBytes'> & {
  readonly manifest: { readonly mediaType: string; readonly bytes: Uint8Array }
}

async function pushByRampart(
  built: BuiltBase,
  proof: BaseProof,
  before: StoredBase | undefined,
  request: BaseImageRequest,
  ports: BasePorts,
): Promise<Pushed> {
  const { registry, signal, emit } = ports
  const { repository, service, compression, mountFrom } = request
  emit({ type: 'image.step', service, step: 'layers', detail: 'taking them out of the engine' })
  const stored = before === undefined ? undefined : storedLayers(before, repository)
  const ofEngine = createEngineLayers({ service, repository, compression, gzipLevel, stored, mountFrom }, ports)
  const [made, models] = await Promise.all([
    ofEngine.take(built.id, { sendAtOnce: true }),
    pushModelLayers(built.layers, {
      registry,
      repository,
      mountFrom,
      onProgress: (digest, sent, total) => emit({ type: 'layer.progress', service, digest, sent, total }),
      ...(signal !== undefined && { signal }),
    }),
  ])
  const sent = await ofEngine.send(made.layers)
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
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  const uploadedBytes = models.reduce((sum, one) => sum + one.uploadedBytes, sent)
  return {
    digest: digestOf(manifest),
    bytes,
    uploadedBytes,
    manifest: { mediaType: mediaTypes.ociManifest, bytes: manifest },
  }
}

/** The layers of the base that the registry has now. */
function storedLayers({ manifest, config }: StoredBase, repository: string): StoredLayers {
  return { repository, byDiffId: layersByDiffId(config, manifest.layers) }
}

// A base is compressed once and pulled by every new target, but its wheels and libraries gain little from more.
const gzipLevel = 1

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
  request: BaseImageRequest,
  ports: BasePorts,
): Promise<Pushed> {
  const { engine, registry, signal, emit } = ports
  const { repository, service, parts } = request
  // Not the fingerprint's, which may be taken and immutable.
  const [first = 'latest'] = request.tags
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
  const { layers } = JSON.parse(Buffer.from(pushed.bytes).toString('utf8')) as ImageManifest
  const bytes = layers.reduce((sum, { size }) => sum + size, 0)
  return { digest, bytes, uploadedBytes: bytes, manifest: { mediaType, bytes: pushed.bytes } }
}
