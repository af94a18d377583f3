import type { Digest } from '../../domain/digest.js'
import { mediaTypes } from '../../domain/media-types.js'
import type { Manifest, Registry } from '../../ports/registry.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'
import { fingerprintLabel, labelsOf, proofOf } from './labels.js'

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
 * The proved base of that fingerprint, when the registry has it: under the fingerprint's own tag, or under the first of
 * `tags` when that says it is. The tags that do not name it are then set to it. Two requests and one for each tag, when
 * nothing has to be set.
 */
export async function reuseBase(
  registry: Registry,
  repository: string,
  fingerprint: string,
  tags: readonly string[],
): Promise<{ readonly digest: Digest; readonly moved: readonly string[] } | undefined> {
  const own = fingerprintTag(fingerprint)
  const [named, ...others] = await Promise.all([
    registry.getManifest(repository, own),
    ...tags.map((tag) => registry.headManifest(repository, tag)),
  ])
  const found = named ?? (await findLabelled(registry, repository, tags[0], fingerprint))
  if (found === undefined) return undefined
  const { digest, mediaType } = found.descriptor
  const moved = [...(named === undefined ? [own] : []), ...tags.filter((_, index) => others[index]?.digest !== digest)]
  await Promise.all(moved.map((tag) => registry.putManifest(repository, tag, mediaType, found.bytes)))
  return { digest, moved }
}

/** What a tag names, when its labels say that it is the base of that fingerprint and how it was proved. */
async function findLabelled(
  registry: Registry,
  repository: string,
  tag: string | undefined,
  fingerprint: string,
): Promise<Manifest | undefined> {
  const found = tag === undefined ? undefined : await registry.getManifest(repository, tag)
  if (found === undefined) return undefined
  const stored = await readStored(registry, repository, found)
  const labels = stored === undefined ? {} : labelsOf(stored.config)
  return labels[fingerprintLabel] === fingerprint && proofOf(labels) !== null ? found : undefined
}
