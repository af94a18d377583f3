import { isDigest, type Digest } from '../../domain/digest.js'
import { mediaTypes } from '../../domain/media-types.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Descriptor, Registry } from '../../ports/registry.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'
import { platformOf } from '../publish/base.js'

/** A layer whose bytes can be asked for. */
export interface SourceLayer {
  readonly descriptor: Descriptor
  /** The blob as it is stored; undefined when nobody has its bytes. */
  open(): Promise<AsyncIterable<Uint8Array> | undefined>
}

/** One image of one platform, wherever it is. */
export interface ImageSource {
  /** As people name it. */
  readonly name: string
  readonly digest: Digest
  readonly config: ImageConfig
  /** The lowest first. */
  readonly layers: readonly SourceLayer[]
}

export interface ImageRequest {
  readonly registry: Registry
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
  /** For messages. */
  readonly name: string
  /** `os/architecture`; of an index with one image only, that one is taken. */
  readonly platform: string
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'))

/** Finds an image in a registry and reads its configuration; undefined when it is not there. */
export async function openImage(request: ImageRequest): Promise<ImageSource | undefined> {
  const { registry, repository, reference, name, platform } = request
  const found = await registry.getManifest(repository, reference)
  if (found === undefined) return undefined
  const { mediaType } = found.descriptor
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList) {
    const { manifests } = parse(found.bytes) as { readonly manifests: readonly Descriptor[] }
    const images = manifests.filter((one) => platformOf(one) !== 'unknown/unknown')
    const chosen = images.find((one) => platformOf(one) === platform) ?? (images.length === 1 ? images[0] : undefined)
    if (chosen !== undefined) return openImage({ ...request, reference: chosen.digest })
    throw new RampartError('usage', `${name} has no ${platform}.`, {
      next: [`use --platform with one of ${images.map(platformOf).join(', ')}`],
    })
  }
  const manifest = parse(found.bytes) as ImageManifest
  if (!Array.isArray(manifest.layers) || !isDigest(manifest.config.digest)) {
    throw new RampartError('usage', `${name} is not a container image.`, { next: ['name an image with layers'] })
  }
  const config = parse(await registry.getBlob(repository, manifest.config)) as ImageConfig
  return {
    name,
    digest: found.descriptor.digest,
    config,
    layers: manifest.layers.map((descriptor) => ({
      descriptor,
      open: () => registry.openBlob(repository, descriptor),
    })),
  }
}
