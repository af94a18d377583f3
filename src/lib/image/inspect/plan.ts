import { formatPlace, RampartError } from '../../errors/rampart-error.js'
import type { Registry } from '../../ports/registry.js'
import type { ImageConfig } from '../image-config.js'
import { buildImage } from '../publish/build.js'
import type { AppImageRequest, PublishPorts } from '../publish/types.js'
import type { InspectRequest } from './inspect.js'
import { openImage, type ImageSource, type SourceLayer } from './source.js'

/** The image that a deploy would push now, to be looked at; nothing is sent anywhere, and no budget is held against it. */
export async function planImage(
  request: AppImageRequest,
  ports: PublishPorts,
): Promise<{ readonly image: ImageSource; readonly heaviest: InspectRequest['heaviest'] }> {
  const { budget: _, ...unjudged } = request
  // Opened uploads are a promise to push.
  const registry: Registry = { ...ports.registry, prepareUploads: () => undefined }
  const build = await buildImage(unjudged, { ...ports, registry })
  const { repository, platform } = request
  const name = `${registry.host}/${repository}`
  const { content, digest } = build
  if (content.kind === 'known') {
    const image = await openImage({ registry, repository, reference: digest, name, platform })
    if (image !== undefined) return { image, heaviest: undefined }
    throw new RampartError('unreachable', `${name}@${digest} was in the registry a moment ago and is not any more.`, {
      next: ['run the command again'],
      passing: true,
    })
  }
  const { base, baseLayers, layer } = content
  const below = baseLayers.map((descriptor): SourceLayer => ({
    descriptor,
    open: () => base.registry.openBlob(base.repository, descriptor),
  }))
  const own =
    layer === undefined ? [] : [{ descriptor: layer.descriptor, open: async () => (await layer.pack()).chunks() }]
  return {
    image: {
      name,
      digest,
      config: JSON.parse(Buffer.from(content.config).toString('utf8')) as ImageConfig,
      layers: [...below, ...own],
    },
    heaviest:
      build.heaviest === undefined
        ? undefined
        : { instruction: build.heaviest.step.text, place: formatPlace(build.heaviest.step.place) },
  }
}
