import type { Build, PublishPorts } from './types.js'
import { remember, withNewest, type RememberedImage } from './remember.js'

/** Writes down what this run learnt. */
export async function keep(build: Build, { memory }: PublishPorts): Promise<void> {
  const { content, remembered, hashes, digest, tags, layerBytes } = build
  const keys = build.keys()
  if (keys === undefined) return
  const { contentKey, imageKey } = keys
  const image: RememberedImage =
    content.kind === 'known'
      ? { ...content.image, tags }
      : {
          contentKey,
          imageKey,
          baseKey: content.base.key,
          digest,
          tags,
          layerBytes,
          manifest: Buffer.from(content.manifest).toString('utf8'),
          layers: [...content.baseLayers, ...(content.layer === undefined ? [] : [content.layer.descriptor])].map(
            (one) => one.digest,
          ),
        }
  const images = withNewest(remembered.images, image, (one) => one.imageKey === imageKey)
  const files = hashes.save()
  const unchanged =
    content.kind === 'known' &&
    images[0]?.imageKey === remembered.images[0]?.imageKey &&
    Object.entries(files).every(([file, row]) => row === remembered.files[file])
  if (unchanged) return
  const layer = content.kind === 'fresh' ? content.layer : undefined
  const layers =
    layer?.key === undefined
      ? remembered.layers
      : withNewest(
          remembered.layers,
          { key: layer.key, diffId: layer.diffId, ...layer.descriptor },
          (one) => one.key === layer.key,
        )
  await remember(memory, build.memoryKey, { files, layers, images })
}
