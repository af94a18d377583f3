import type { Digest } from '../../domain/digest.js'
import type { Manifest, Registry } from '../../ports/registry.js'
import { fingerprintTag, readStored, setTags } from './find.js'
import { ageOf, freshnessOf, type WantedBase } from './freshness.js'
import { labelsOf, proofOf } from './labels.js'

/** What the registry has of a fingerprint: a base to use, whose tags were set, or one that is too old. */
export type ReusedBase =
  | { readonly kind: 'found'; readonly digest: Digest; readonly moved: readonly string[] }
  | { readonly kind: 'old'; readonly digest: Digest }

/**
 * The newest proved base of that fingerprint, when the registry has one: under the fingerprint's own tag, or under the
 * first of `tags` when that says it is. Unless it is too old the tags that do not name it are then set to it. Two
 * requests and one for each tag, when nothing has to be set and any age will do.
 */
export async function reuseBase(
  registry: Registry,
  repository: string,
  wanted: WantedBase,
  tags: readonly string[],
  now: number,
): Promise<ReusedBase | undefined> {
  const own = fingerprintTag(wanted.fingerprint)
  const [named, ...others] = await Promise.all([
    registry.getManifest(repository, own),
    ...tags.map((tag) => registry.headManifest(repository, tag)),
  ])
  const [first] = others
  // Where tags are immutable a base that was built again has the first tag alone.
  const candidates = [
    ...(named === undefined ? [] : [named]),
    ...(first === undefined || first.digest === named?.descriptor.digest ? [] : [first.digest]),
  ]
  if (candidates.length === 0) return undefined
  const found =
    candidates.length === 1 && named !== undefined && wanted.maxAge === undefined
      ? { manifest: named, freshness: 'fresh' }
      : await newest(registry, repository, candidates, wanted, now)
  if (found === undefined) return undefined
  const { digest, mediaType } = found.manifest.descriptor
  if (found.freshness === 'old') return { kind: 'old', digest }
  const missing = [
    ...(named?.descriptor.digest === digest ? [] : [own]),
    ...tags.filter((_, index) => others[index]?.digest !== digest),
  ]
  const moved = await setTags(registry, repository, missing, own, { mediaType, bytes: found.manifest.bytes })
  return { kind: 'found', digest, moved }
}

/** The youngest of those that say that they are the base of that fingerprint and how it was proved. */
async function newest(
  registry: Registry,
  repository: string,
  candidates: readonly (Manifest | Digest)[],
  wanted: WantedBase,
  now: number,
) {
  const read = candidates.map(async (candidate) => {
    const manifest = typeof candidate === 'string' ? await registry.getManifest(repository, candidate) : candidate
    const stored = manifest === undefined ? undefined : await readStored(registry, repository, manifest)
    if (manifest === undefined || stored === undefined) return []
    const freshness = freshnessOf(stored.config, wanted, now)
    if (proofOf(labelsOf(stored.config)) === null || (freshness !== 'fresh' && freshness !== 'old')) return []
    return [{ manifest, freshness, age: ageOf(stored.config, now) }]
  })
  const proved = (await Promise.all(read)).flat()
  return proved.toSorted((a, b) => (a.age ?? Infinity) - (b.age ?? Infinity))[0]
}
