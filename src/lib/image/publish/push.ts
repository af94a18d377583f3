import { mediaTypes } from '../../domain/media-types.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Descriptor } from '../../ports/registry.js'
import { digestOf } from './digest.js'
import { keep } from './keep.js'
import type { AppImageRequest, AppLayer, Build, FreshImage, PublishPorts } from './types.js'

/** What sending took. */
export interface Sent {
  readonly uploadedLayerBytes: number
  readonly unchanged: boolean
}

/** Uploads what the registry lacks: configuration and layers at once, the manifest last, then the other tags. */
export async function pushImage(build: Build, request: AppImageRequest, ports: PublishPorts): Promise<Sent> {
  const { content } = build
  if (content.kind === 'known') return nameImage(build, request, ports, Buffer.from(content.image.manifest))
  // Where the layer may well be there, so may the whole image; both are asked for at once.
  if (content.layer !== undefined) void build.proofs.hasBlob(content.layer.descriptor.digest)
  if (!isLikelyNew(content, build) && (await build.proofs.hasImage(build.digest))) {
    return nameImage(build, request, ports, content.manifest)
  }
  const { repository } = request
  const config = { digest: digestOf(content.config), size: content.config.length, open: () => [content.config] }
  const [, layer, ...base] = await Promise.all([
    ports.registry.putBlob(repository, config, undefined, ports.signal),
    content.layer === undefined ? Promise.resolve(0) : putLayer(content.layer, content, build, request, ports),
    ...content.baseLayers.map((one) => putBaseLayer(one, content, build, request, ports)),
  ])
  const uploadedLayerBytes = base.reduce((sum, bytes) => sum + bytes, layer)
  const references = build.tags.length === 0 ? [build.digest] : build.tags
  // What is remembered is believed only while the registry says that the image is there; so it may be written now.
  await Promise.all([putManifest(references, request, ports, content.manifest), keep(build, ports)])
  return { uploadedLayerBytes, unchanged: false }
}

/**
 * True for a layer that this machine, which has published here and knows what it made, never made before: it is as good
 * as certainly not in the registry.
 */
function isLikelyNew({ layer }: FreshImage, { remembered }: Build): boolean {
  return layer?.made === false && remembered.images.length > 0
}

/** Gives an image that the registry has the tags that do not name it yet. */
async function nameImage(build: Build, request: AppImageRequest, ports: PublishPorts, manifest: Uint8Array) {
  const { digest, tags, proofs } = build
  const now = await Promise.all(tags.map((tag) => proofs.tag(tag)))
  const wrong = tags.filter((_, index) => now[index] !== digest)
  await Promise.all([putManifest(wrong, request, ports, manifest), keep(build, ports)])
  return { uploadedLayerBytes: 0, unchanged: wrong.length === 0 }
}

/** Sends the app layer unless the registry has it. Gives the bytes sent. */
async function putLayer(
  layer: AppLayer,
  content: FreshImage,
  build: Build,
  request: AppImageRequest,
  ports: PublishPorts,
): Promise<number> {
  const { registry, emit, signal } = ports
  const { digest, size } = layer.descriptor
  const send = async (stop?: AbortSignal): Promise<void> => {
    const packed = await layer.pack()
    const source = { digest, size, open: () => packed.chunks() }
    const { service, repository } = request
    await registry.putBlob(
      repository,
      source,
      (sent) => emit({ type: 'layer.progress', service, digest, sent, total: size }),
      stop ?? signal,
    )
  }
  const there = build.proofs.hasBlob(digest)
  if (!isLikelyNew(content, build)) {
    if (await there) return 0
    await send()
    return size
  }
  // Sent without waiting for the answer, and stopped should it be yes.
  const stop = new AbortController()
  there.then(
    (yes) => yes && stop.abort(),
    () => undefined,
  )
  try {
    await send(signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]))
  } catch (error) {
    if (stop.signal.aborted) return 0
    throw error
  }
  return size
}

/** Has a layer of the base in the image's repository: it is there, is mounted, or is copied. Gives the bytes sent. */
async function putBaseLayer(
  layer: Descriptor,
  { base }: FreshImage,
  build: Build,
  request: AppImageRequest,
  ports: PublishPorts,
): Promise<number> {
  const { registry, emit, signal } = ports
  const { service, repository } = request
  const { digest, size } = layer
  const here = base.registry === registry
  if ((here && base.repository === repository) || (await build.proofs.hasBlob(digest))) return 0
  if (here && (await registry.mountBlob(repository, digest, base.repository))) return 0
  emit({ type: 'image.step', service, step: 'base layer', detail: `copying ${digest} of ${size} bytes` })
  // From one registry into the other as it comes; nothing of it is kept here.
  async function* open(): AsyncIterable<Uint8Array> {
    const stream = await base.registry.openBlob(base.repository, layer)
    if (stream === undefined) {
      throw new RampartError('preflight', `${base.registry.host} has no bytes of ${digest}, a layer of ${base.name}`, {
        next: ['push the base image again'],
      })
    }
    yield* stream
  }
  const progress = (sent: number): void => emit({ type: 'layer.progress', service, digest, sent, total: size })
  await registry.putBlob(repository, { digest, size, open }, progress, signal)
  return size
}

/** Stores the manifest: the first reference makes the image, and the others only name it. */
async function putManifest(
  references: readonly string[],
  { repository, service }: AppImageRequest,
  { registry, emit }: PublishPorts,
  manifest: Uint8Array,
): Promise<void> {
  const [first, ...others] = references
  if (first === undefined) return
  const put = (reference: string): Promise<void> =>
    registry.putManifest(repository, reference, mediaTypes.ociManifest, manifest)
  await put(first)
  await Promise.all(others.map((reference) => put(reference)))
  emit({ type: 'image.step', service, step: 'manifest', detail: references.join(', ') })
}
