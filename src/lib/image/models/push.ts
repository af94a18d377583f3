import { RampartError } from '../../errors/rampart-error.js'
import type { ModelLayer, PushModelsOptions, SentLayer } from './types.js'

// More gain nothing, and what is packed for sending takes memory.
const parallelUploads = 2

/** Has the layers in a repository: present, mounted, or uploaded, two at a time. In the order of the layers. */
export async function pushModelLayers(
  layers: readonly ModelLayer[],
  options: PushModelsOptions,
): Promise<readonly SentLayer[]> {
  const sent = await Promise.all(layers.map((layer) => withoutBytes(layer, options)))
  const queue = layers.flatMap((layer, index) => (sent[index] === undefined ? [{ layer, index }] : []))
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      sent[next.index] = await upload(next.layer, options)
    }
  }
  await Promise.all(Array.from({ length: parallelUploads }, work))
  return sent.filter((one) => one !== undefined)
}

/** The layer, if the registry has it or can give it without being sent a byte. */
async function withoutBytes(
  layer: ModelLayer,
  { registry, repository, mountFrom = [] }: PushModelsOptions,
): Promise<SentLayer | undefined> {
  const { digest } = layer.descriptor
  if (await registry.hasBlob(repository, digest)) return { layer, how: 'present', uploadedBytes: 0 }
  for (const from of mountFrom) {
    if (from !== repository && (await registry.mountBlob(repository, digest, from))) {
      return { layer, how: 'mounted', uploadedBytes: 0 }
    }
  }
  return undefined
}

async function upload(
  layer: ModelLayer,
  { registry, repository, onProgress, signal }: PushModelsOptions,
): Promise<SentLayer> {
  const { digest, size } = layer.descriptor
  const blob = await layer.blob()
  if (blob.digest !== digest) {
    throw new RampartError('preflight', `the files of ${layer.model.id} are not those that its layer was made of`, {
      next: ['run the same command again'],
    })
  }
  await registry.putBlob(repository, blob, (sent) => onProgress?.(digest, sent, size), signal)
  return { layer, how: 'uploaded', uploadedBytes: size }
}
