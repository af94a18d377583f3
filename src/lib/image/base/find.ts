import type { Digest } from '../../domain/digest.js'
import { mediaTypes } from '../../domain/media-types.js'
import type { Manifest, Registry } from '../../ports/registry.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'

/** A base as its registry has it. */
export interface StoredBase {
  readonly digest: Digest
  readonly manifest: ImageManifest
  readonly config: ImageConfig
}

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'))

/** The tag under which a base of that fingerprint is kept. */
export function fingerprintTag(fingerprint: string): string {
  return `base-${fingerprint}`
}

/** Reads the manifest and configuration of a tag or digest; undefined when there is none, or an index of several platforms. */
export async function findStored(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<StoredBase | undefined> {
  const found = await registry.getManifest(repository, reference)
  return found === undefined ? undefined : readStored(registry, repository, found)
}

async function readStored(registry: Registry, repository: string, found: Manifest): Promise<StoredBase | undefined> {
  const { digest, mediaType } = found.descriptor
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList) return undefined
  const manifest = parse(found.bytes) as ImageManifest
  const config = parse(await registry.getBlob(repository, manifest.config)) as ImageConfig
  return { digest, manifest, config }
}

/**
 * The base of that fingerprint, when the registry has it; the tags that do not name it are then set to it. Two requests
 * and one for each tag.
 */
export async function reuseBase(
  registry: Registry,
  repository: string,
  fingerprint: string,
  tags: readonly string[],
): Promise<{ readonly digest: Digest; readonly moved: readonly string[] } | undefined> {
  const [found, ...named] = await Promise.all([
    registry.getManifest(repository, fingerprintTag(fingerprint)),
    ...tags.map((tag) => registry.headManifest(repository, tag)),
  ])
  if (found === undefined) return undefined
  const { digest, mediaType } = found.descriptor
  const moved = tags.filter((_, index) => named[index]?.digest !== digest)
  await Promise.all(moved.map((tag) => registry.putManifest(repository, tag, mediaType, found.bytes)))
  return { digest, moved }
}
