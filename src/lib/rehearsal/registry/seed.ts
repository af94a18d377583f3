import { createHash } from 'node:crypto'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Digest } from '../../domain/digest.js'
import { mediaTypes } from './manifest.js'
import { digestOf, pushManifest } from './push-manifest.js'
import type { Repository } from './repositories.js'
import type { RegistryStore } from './store.js'

/** A layer to seed: its bytes, or its size under a name from which its digest follows. */
type SeedLayer =
  | { readonly bytes: Uint8Array; readonly createdBy?: string }
  | { readonly phantom: { readonly name: string; readonly size: number }; readonly createdBy?: string }

/** An image to seed. The same image has the same digest, always and everywhere. */
export interface SeedImage {
  readonly repository: string
  readonly tag?: string
  readonly layers: readonly SeedLayer[]
  readonly labels?: Readonly<Record<string, string>>
  /** The `config` of an OCI image configuration: User, ExposedPorts, Env, Cmd, … */
  readonly config?: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970; part of the image's content. 0 if absent. */
  readonly created?: number
  /** When it counts as pushed; the clock's time if absent. */
  readonly pushedAt?: number
}

/** How a rehearsal's registry is filled without a wire; repositories are made as needed, immutable tags do not stop it. */
export interface Seeder {
  /** Makes a blob exist by its descriptor: HEAD, mounts and manifests see it, its bytes can not be had. */
  declareBlob(repository: string, blob: { readonly digest: Digest; readonly size: number }): void
  /** Stores an OCI image for linux/amd64 and answers with the digests of the image and of its layers. */
  storeImage(image: SeedImage): { readonly digest: Digest; readonly layers: readonly Digest[] }
}

interface StoredLayer {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly diffId: Digest
}

const layerType = 'application/vnd.oci.image.layer.v1.tar'

/** The digest of a phantom layer: nothing has it, and the same name and size always give it. */
function phantomDigest(name: string, size: number): Digest {
  return `sha256:${createHash('sha256').update(`rampart simulated layer\n${size}\n${name}\n`).digest('hex')}`
}

/** A seeder for that store. */
export function createSeeder(store: RegistryStore): Seeder {
  const repositoryOf = (name: string): Repository =>
    store.repositories.find(name) ?? store.repositories.create(name, { createdAt: store.now() })

  function storeLayer(repository: Repository, layer: SeedLayer): StoredLayer {
    if ('phantom' in layer) {
      const { name, size } = layer.phantom
      const digest = phantomDigest(name, size)
      store.blobs.declare(digest, size)
      repository.blobs.add(digest)
      return { mediaType: `${layerType}+gzip`, digest, size, diffId: phantomDigest(`${name} unpacked`, size) }
    }
    const { suffix, plain } = unpack(layer.bytes)
    const digest = store.blobs.put(layer.bytes)
    repository.blobs.add(digest)
    return { mediaType: layerType + suffix, digest, size: layer.bytes.byteLength, diffId: digestOf(plain) }
  }

  return {
    declareBlob: (repository, { digest, size }) => {
      store.blobs.declare(digest, size)
      repositoryOf(repository).blobs.add(digest)
    },
    storeImage: (image) => {
      const repository = repositoryOf(image.repository)
      const layers = image.layers.map((layer) => storeLayer(repository, layer))
      const config = json(imageConfig(image, layers))
      const configDigest = store.blobs.put(config)
      repository.blobs.add(configDigest)
      const bytes = json({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.ociConfig, digest: configDigest, size: config.byteLength },
        layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
      })
      const now = image.pushedAt ?? store.now()
      const { digest } = pushManifest(repository, store.blobs, { bytes, mediaType: mediaTypes.ociManifest, now })
      if (image.tag !== undefined) repository.tags.set(image.tag, digest)
      return { digest, layers: layers.map((layer) => layer.digest) }
    },
  }
}

function imageConfig(
  { layers: seeds, labels, config, created = 0 }: SeedImage,
  layers: readonly StoredLayer[],
): unknown {
  const time = new Date(created).toISOString()
  return {
    created: time,
    architecture: 'amd64',
    os: 'linux',
    config: { ...config, ...(labels && { Labels: labels }) },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: seeds.map(({ createdBy = 'rehearsal seed' }) => ({ created: time, created_by: createdBy })),
  }
}

/** A layer is compressed by what its first bytes say. */
function unpack(bytes: Uint8Array): { readonly suffix: '' | '+gzip' | '+zstd'; readonly plain: Uint8Array } {
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('hex')
  if (magic.startsWith('1f8b')) return { suffix: '+gzip', plain: gunzipSync(bytes) }
  if (magic === '28b52ffd') return { suffix: '+zstd', plain: zstdDecompressSync(bytes) }
  return { suffix: '', plain: bytes }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
