import type { Digest } from '../../domain/digest.js'
import { mediaTypes } from '../../domain/media-types.js'
import { isFixedTag, type Manifest, type Registry } from '../../ports/registry.js'
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

/** Reads the configuration that a manifest names; undefined for an index of several platforms, which has none of its own. */
export async function readStored(
  registry: Registry,
  repository: string,
  found: Manifest,
): Promise<StoredBase | undefined> {
  const { digest, mediaType } = found.descriptor
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList) return undefined
  const manifest = parse(found.bytes) as ImageManifest
  const config = parse(await registry.getBlob(repository, manifest.config)) as ImageConfig
  return { digest, manifest, config }
}

/**
 * Sets tags to a manifest, one after the other, and gives those that it has now. The fingerprint's tag (`own`) may stay
 * where it is: where tags are immutable it names the first base of that fingerprint for ever, and one that was built
 * again is found by the others.
 */
export async function setTags(
  registry: Registry,
  repository: string,
  tags: readonly string[],
  own: string,
  { mediaType, bytes }: { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<readonly string[]> {
  const set: string[] = []
  for (const tag of tags) {
    try {
      await registry.putManifest(repository, tag, mediaType, bytes)
      set.push(tag)
    } catch (error) {
      if (tag !== own || !isFixedTag(error)) throw error
    }
  }
  return set
}
