import type { CatalogImage, ImageCatalog } from '../image-catalog.js'
import { imageStatus } from './archive.js'
import { asObject, parseJson, stringRecord } from './manifest.js'
import { findManifest, platformManifest, type Repository, type StoredManifest } from './repositories.js'
import type { RegistryStore } from './store.js'

// A config is a few kilobytes; something that large is none.
const configLimit = 8 * 1024 * 1024

/**
 * The registry's images as the rehearsal's targets pull them: an index is its linux/amd64 image. An image whose config
 * is declared by its size alone has no labels, no user and no ports.
 */
export function createCatalog(store: RegistryStore): ImageCatalog {
  const known = new WeakMap<StoredManifest, CatalogImage>()
  return {
    find: (name, reference) => {
      const repository = store.repositories.find(name)
      const manifest = repository && resolve(repository, reference)
      if (!repository || !manifest || imageStatus(repository, manifest.digest, store.now()) !== 'ACTIVE')
        return undefined
      const before = known.get(manifest)
      if (before) return before
      const image = describe(store, manifest)
      known.set(manifest, image)
      return image
    },
  }
}

function resolve(repository: Repository, reference: string): StoredManifest | undefined {
  const manifest = findManifest(repository, reference)
  return manifest && platformManifest(repository, manifest)
}

function describe(store: RegistryStore, { digest, content }: StoredManifest): CatalogImage {
  const blob = content.config && store.blobs.stat(content.config.digest)
  const readable = content.config && blob?.state === 'held' && blob.size <= configLimit
  const config = asObject((readable ? parseJson(store.blobs.read(content.config.digest)) : undefined)?.['config']) ?? {}
  return {
    digest,
    layers: content.layers.map((layer) => ({ digest: layer.digest, size: layer.size })),
    labels: stringRecord(config['Labels']) ?? {},
    user: typeof config['User'] === 'string' ? config['User'] : '',
    exposedPorts: Object.keys(asObject(config['ExposedPorts']) ?? {}),
  }
}
