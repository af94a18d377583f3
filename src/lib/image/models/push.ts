import { RampartError } from '../../errors/rampart-error.js'
import type { ModelLayer, PushModelsOptions, SentLayer } from './types.js'

/** Has the layers in a repository: present, mounted, or uploaded; the registry's client bounds the uploads at once. */
export async function pushModelLayers(
  layers: readonly ModelLayer[],
  options: PushModelsOptions,
): Promise<readonly SentLayer[]> {
  return Promise.all(layers.map((layer) => pushLayer(layer, options)))
}

async function pushLayer(layer: ModelLayer, options: PushModelsOptions): Promise<SentLayer> {
  const { registry, repository, mountFrom = [], onProgress, signal } = options
  const { digest, size } = layer.descriptor
  if (await registry.hasBlob(repository, digest)) return { layer, how: 'present', uploadedBytes: 0 }
  for (const from of mountFrom) {
    if (from !== repository && (await registry.mountBlob(repository, digest, from))) {
      return { layer, how: 'mounted', uploadedBytes: 0 }
    }
  }
  const blob = await layer.blob()
  if (blob.digest !== digest) {
    throw new RampartError('preflight', `the files of ${layer.model.id} are not those that its layer was made of`, {
      next: ['run the same command again'],
    })
  }
  await registry.putBlob(repository, blob, (sent) => onProgress?.(digest, sent, size), signal)
  return { layer, how: 'uploaded', uploadedBytes: size }
}
