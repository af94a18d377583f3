import type { Digest } from '../../domain/digest.js'
import type { BaseStatus, PartChange } from '../../domain/base-status.js'
import type { Registry } from '../../ports/registry.js'
import type { ImageManifest } from '../image-config.js'
import { historyOfLayers, instructionText } from '../inspect/instructions.js'
import { redact } from '../inspect/secret-rules.js'
import { findStored, fingerprintTag, type StoredBase } from './find.js'
import type { FingerprintParts } from './fingerprint.js'
import { ageOf, freshnessOf, type WantedBase } from './freshness.js'
import { changesSinceProof } from './proved-for.js'
import { changesSince, fingerprintLabel, labelsOf, modelsOf, proofOf } from './labels.js'

export interface BaseStatusRequest {
  readonly service: string
  readonly repository: string
  readonly tag: string
  readonly parts: FingerprintParts
  readonly wanted: WantedBase
  /** Images of the app, to see whether they stand on this base. `reference` is a tag or digest. */
  readonly app: readonly { readonly name: string; readonly repository: string; readonly reference: string }[]
  /** Images of releases that are on record with the base that they stand on. */
  readonly released: readonly { readonly name: string; readonly digest: Digest; readonly base: Digest }[]
}

/** Asks the registry what a base is and what stands on it. `now`: milliseconds since 1970. */
export async function baseStatus(request: BaseStatusRequest, registry: Registry, now: number): Promise<BaseStatus> {
  const { service, repository, tag, wanted } = request
  const { fingerprint, maxAge } = wanted
  const [stored, named, uses] = await Promise.all([
    findStored(registry, repository, tag),
    registry.headManifest(repository, fingerprintTag(fingerprint)),
    Promise.all(request.app.map((image) => baseOf(image, registry))),
  ])
  const known = {
    service,
    image: `${registry.host}/${repository}:${tag}`,
    built: named !== undefined,
    maxAge: maxAge ?? null,
  }
  if (stored === undefined) {
    const nothing = { digest: null, changes: null, createdAt: null, age: null, bytes: null, proof: null }
    const empty = { layers: [], models: [], usedBy: [], notUsedBy: [] }
    return { ...known, ...nothing, ...empty, state: 'missing', fingerprint: { wanted: fingerprint, found: null } }
  }
  const labels = labelsOf(stored.config)
  const age = ageOf(stored.config, now)
  const images = uses.filter((use) => use !== undefined)
  const seen = new Set(images.map(({ name }) => name))
  const all = [...images, ...request.released.filter(({ name }) => !seen.has(name))]
  const stands = (use: (typeof images)[number]): boolean => use.base === stored.digest
  return {
    ...known,
    digest: stored.digest,
    state: freshnessOf(stored.config, wanted, now),
    fingerprint: { wanted: fingerprint, found: labels[fingerprintLabel] ?? null },
    changes: changesOf(labels, request),
    createdAt: age === null ? null : new Date(stored.config.created ?? '').toISOString(),
    age,
    bytes: stored.manifest.layers.reduce((sum, { size }) => sum + size, 0),
    layers: layersOf(stored),
    models: modelsOf(labels),
    proof: proofOf(labels),
    usedBy: all.filter(stands).map(({ name, digest }) => ({ name, digest })),
    notUsedBy: images.filter((use) => !stands(use)).map(({ name, digest }) => ({ name, digest })),
  }
}

/** Null when the base does not say what it was made of. */
function changesOf(
  labels: Readonly<Record<string, string>>,
  { parts, wanted }: BaseStatusRequest,
): readonly PartChange[] | null {
  const made = changesSince(labels, parts)
  return made === undefined ? null : [...made, ...changesSinceProof(proofOf(labels), wanted.scope)]
}

function layersOf({ manifest, config }: StoredBase): BaseStatus['layers'] {
  const history = historyOfLayers(config.history, manifest.layers.length)
  return manifest.layers.map(({ digest, size }, at) => {
    const made = history[at]?.created_by
    return { digest, bytes: size, instruction: made === undefined ? null : redact(instructionText(made)) }
  })
}

/** The base that an image of the app says it stands on; undefined for an image that is not there or does not say. */
async function baseOf({ name, repository, reference }: BaseStatusRequest['app'][number], registry: Registry) {
  const found = await registry.getManifest(repository, reference)
  if (found === undefined) return undefined
  const { annotations } = JSON.parse(Buffer.from(found.bytes).toString('utf8')) as ImageManifest
  const base = annotations?.['org.opencontainers.image.base.digest']
  return base === undefined ? undefined : { name, digest: found.descriptor.digest, base }
}
