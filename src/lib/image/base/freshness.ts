import type { Registry } from '../../ports/registry.js'
import { readStored } from './find.js'
import { fingerprintLabel, labelsOf } from './labels.js'

/** Whether the base in the registry is the one that the sources describe; `unlabelled` when it does not say. */
export type BaseFreshness = 'fresh' | 'stale' | 'unlabelled' | 'missing'

/** Compares the fingerprint that the base in the registry carries with the one of its sources. */
export async function baseFreshness(
  registry: Registry,
  repository: string,
  tag: string,
  fingerprint: string,
): Promise<BaseFreshness> {
  const found = await registry.getManifest(repository, tag)
  if (found === undefined) return 'missing'
  const stored = await readStored(registry, repository, found)
  const label = stored === undefined ? undefined : labelsOf(stored.config)[fingerprintLabel]
  if (label === undefined) return 'unlabelled'
  return label === fingerprint ? 'fresh' : 'stale'
}
