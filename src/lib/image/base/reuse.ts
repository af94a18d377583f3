import type { Digest } from '../../domain/digest.js'
import type { Manifest, Registry } from '../../ports/registry.js'
import { fingerprintTag, readStored, setTags } from './find.js'
import { ageOf, freshnessOf, type WantedBase } from './freshness.js'
import { labelsOf, proofOf } from './labels.js'

/** What the registry has of a fingerprint: a base to use, whose tags were set, or one that is too old or proved for others. */
export type ReusedBase =
  | { readonly kind: 'found'; readonly digest: Digest; readonly moved: readonly string[] }
  | { readonly kind: 'old' | 'unproved'; readonly digest: Digest }

/**
 * The best proved base of that fingerprint, when the registry has one: under the fingerprint's own tag, or under the
 * first of `tags` when that says it is. When it can be used, the tags that do not name it are set to it. Two requests
 * and one for each tag, when nothing has to be set.
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
  const found = await best(registry, repository, candidates, wanted, now)
  if (found === undefined) return undefined
  const { digest, mediaType } = found.manifest.descriptor
  if (found.state !== 'fresh') return { kind: found.state, digest }
  const missing = [
    ...(named?.descriptor.digest === digest ? [] : [own]),
    ...tags.filter((_, index) => others[index]?.digest !== digest),
  ]
  const moved = await setTags(registry, repository, missing, own, { mediaType, bytes: found.manifest.bytes })
  return { kind: 'found', digest, moved }
}

const usable = ['fresh', 'unproved', 'old'] as const

/** Of those that say that they are the base of that fingerprint and how it was proved, one that can be used; the youngest. */
async function best(
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
    const state = usable.find((one) => one === freshness)
    if (proofOf(labelsOf(stored.config)) === null || state === undefined) return []
    return [{ manifest, state, age: ageOf(stored.config, now) ?? Infinity }]
  })
  const order = (await Promise.all(read))
    .flat()
    // Of the same age, when what the engine remembers was proved anew and the fingerprint's tag could not be moved.
    .toSorted((a, b) => usable.indexOf(a.state) - usable.indexOf(b.state) || (a.age < b.age ? -1 : 1))
  return order[0]
}
