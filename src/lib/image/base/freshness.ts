import type { Registry } from '../../ports/registry.js'
import type { ImageConfig, ImageManifest } from '../image-config.js'

/** The label in which a base image carries its fingerprint; every image on it inherits it. */
export const fingerprintLabel = 'rampart.base.fingerprint'

/** Whether the base in the registry is the one that the sources describe; `unlabelled` when it does not say. */
export type BaseFreshness = 'fresh' | 'stale' | 'unlabelled' | 'missing'

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'))

/** Compares the fingerprint that the base in the registry carries with the one of its sources. */
export async function baseFreshness(
  registry: Registry,
  repository: string,
  tag: string,
  fingerprint: string,
): Promise<BaseFreshness> {
  const manifest = await registry.getManifest(repository, tag)
  if (manifest === undefined) return 'missing'
  const { config } = parse(manifest.bytes) as Partial<ImageManifest>
  // An index of several platforms has no configuration of its own.
  if (config === undefined) return 'unlabelled'
  const image = parse(await registry.getBlob(repository, config)) as ImageConfig
  const label = image.config?.Labels?.[fingerprintLabel]
  if (label === undefined) return 'unlabelled'
  return label === fingerprint ? 'fresh' : 'stale'
}
