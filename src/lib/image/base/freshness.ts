import type { BaseState } from '../../domain/base-status.js'
import type { Registry } from '../../ports/registry.js'
import type { ImageConfig } from '../image-config.js'
import { readStored } from './find.js'
import { fingerprintLabel, labelsOf, proofOf } from './labels.js'
import { changesSinceProof, type ProofScope } from './proved-for.js'

/**
 * What a base has to be to be used: of these sources, proved for these applications, and not older than `maxAge`
 * milliseconds, if that is limited.
 */
export interface WantedBase {
  readonly fingerprint: string
  readonly scope: ProofScope
  readonly maxAge?: number
}

/**
 * How long ago the image was made, in milliseconds; null when it does not say. `now`: milliseconds since 1970. Builders
 * that give the same image for the same sources write the beginning of 1970, or of the calendar, which says nothing.
 */
export function ageOf({ created }: ImageConfig, now: number): number | null {
  const at = Date.parse(created ?? '')
  return at > 0 ? Math.max(0, now - at) : null
}

/** Compares what an image says of itself with what is wanted. */
export function freshnessOf(config: ImageConfig, { fingerprint, scope, maxAge }: WantedBase, now: number): BaseState {
  const labels = labelsOf(config)
  const found = labels[fingerprintLabel]
  if (found === undefined) return 'unlabelled'
  if (found !== fingerprint) return 'stale'
  const age = ageOf(config, now)
  if (maxAge !== undefined && age !== null && age > maxAge) return 'old'
  return changesSinceProof(proofOf(labels), scope).length > 0 ? 'unproved' : 'fresh'
}

/** Whether the base in the registry is the one that the sources describe, proved for its applications, and young enough. */
export async function baseFreshness(
  registry: Registry,
  repository: string,
  tag: string,
  wanted: WantedBase,
  now: number,
): Promise<BaseState> {
  const found = await registry.getManifest(repository, tag)
  if (found === undefined) return 'missing'
  const stored = await readStored(registry, repository, found)
  return stored === undefined ? 'unlabelled' : freshnessOf(stored.config, wanted, now)
}
