import { randomBytes } from 'node:crypto'
import type { Digest } from '../../src/lib/domain/digest.js'
import { mediaTypes } from '../../src/lib/domain/media-types.js'
import type { Descriptor, Registry } from '../../src/lib/ports/registry.js'
import { blobOf, descriptorOf } from './stand-in.js'

const layerType = 'application/vnd.oci.image.layer.v1.tar'

/** Bytes of a layer that no other layer has. */
export const layerBytes = (size: number): Buffer => randomBytes(size)

/** Puts a manifest under its tag, or its digest alone, and gives its descriptor. */
export async function putJson(
  registry: Registry,
  repository: string,
  tag: string | undefined,
  mediaType: string,
  body: object,
): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...body }))
  const descriptor = descriptorOf(bytes, mediaType)
  await registry.putManifest(repository, tag ?? descriptor.digest, mediaType, bytes)
  return descriptor
}

interface ImageParts {
  readonly tag?: string
  readonly layers: readonly Buffer[]
  readonly architecture?: string
}

/** Puts an image of one platform. What a repository has of its layers is not sent again. */
export async function putImage(
  registry: Registry,
  repository: string,
  { tag, layers, architecture = 'amd64' }: ImageParts,
): Promise<Descriptor> {
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map((bytes) => descriptorOf(bytes).digest) },
    }),
  )
  for (const bytes of [config, ...layers]) {
    const blob = blobOf(bytes)
    if (!(await registry.hasBlob(repository, blob.digest))) await registry.putBlob(repository, blob)
  }
  const descriptor = await putJson(registry, repository, tag, mediaTypes.ociManifest, {
    config: descriptorOf(config, mediaTypes.ociConfig),
    layers: layers.map((bytes) => descriptorOf(bytes, layerType)),
  })
  return { ...descriptor, platform: { os: 'linux', architecture } }
}

/** Puts an artifact that refers to a manifest; where the registry does not list it, also in the index that stands for the list. */
export async function putReferrer(
  registry: Registry,
  repository: string,
  subject: Descriptor,
  content: Buffer,
): Promise<Digest> {
  const empty = Buffer.from('{}')
  await registry.putBlob(repository, blobOf(empty))
  await registry.putBlob(repository, blobOf(content))
  const { mediaType, digest, size } = subject
  const artifactType = 'application/vnd.example.statement'
  const referrer = await putJson(registry, repository, undefined, mediaTypes.ociManifest, {
    artifactType,
    config: descriptorOf(empty, 'application/vnd.oci.empty.v1+json'),
    layers: [descriptorOf(content, 'application/vnd.example.statement+json')],
    subject: { mediaType, digest, size },
  })
  const listed = await registry.listReferrers(repository, digest)
  if (listed.by === 'tag') {
    const manifests = [...listed.manifests, { ...referrer, artifactType }]
    await putJson(registry, repository, digest.replace(':', '-'), mediaTypes.ociIndex, { manifests })
  }
  return referrer.digest
}
