import type { Digest } from '../../domain/digest.js'
import type { Inspection } from '../../domain/inspection.js'
import type { ImageConfig } from '../image-config.js'
import { fingerprintLabel } from '../base/labels.js'
import type { ImageSource } from './source.js'

/** An image that may be the base, and who says so. */
export interface BaseCandidate {
  readonly name: string
  readonly by: 'label' | 'configuration' | 'flag'
  /** Undefined when it is not there. */
  open(): Promise<ImageSource | undefined>
}

export type FoundBase = NonNullable<Inspection['base']>

/** Of an image's layers, those of its base: the first candidate of which every layer lies at the bottom of the image. */
export async function findBaseEnd(
  image: ImageSource,
  candidates: readonly BaseCandidate[],
): Promise<{ readonly base: FoundBase | null; readonly notes: readonly string[] }> {
  const notes: string[] = []
  for (const candidate of candidates) {
    const base = await candidate.open()
    const { name, by } = candidate
    if (base === undefined) {
      notes.push(`${name}, which should be the base by the ${by}, is not in its registry`)
      continue
    }
    const layers = base.config.rootfs.diff_ids.length
    if (isPrefix(base.config.rootfs.diff_ids, image.config.rootfs.diff_ids)) {
      return { base: { name, by, digest: base.digest, layers, fingerprint: fingerprintOf(image.config) }, notes: [] }
    }
    notes.push(`the image does not stand on ${name} as it is now`)
  }
  const own = ownLayers(image.config)
  const label = image.config.config?.Labels?.['org.opencontainers.image.base.name']
  if (own === undefined || label === undefined) return { base: null, notes }
  const layers = image.layers.length - own
  const digest = (image.config.config?.Labels?.['org.opencontainers.image.base.digest'] ?? null) as Digest | null
  return { base: { name: label, by: 'label', digest, layers, fingerprint: fingerprintOf(image.config) }, notes }
}

const isPrefix = (below: readonly Digest[], all: readonly Digest[]): boolean =>
  below.length <= all.length && below.every((digest, at) => digest === all[at])

const fingerprintOf = (config: ImageConfig): string | null => config.config?.Labels?.[fingerprintLabel] ?? null

/** How many layers rampart put on top, as the history says; undefined when it made none of them. */
function ownLayers(config: ImageConfig): number | undefined {
  const history = config.history ?? []
  const first = history.findIndex(({ comment }) => comment === 'rampart')
  if (first < 0) return undefined
  return history.slice(first).filter((entry) => entry.empty_layer !== true).length
}
