import { formatBytes } from '../../domain/format-bytes.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { AppliedRecipe } from '../layer/apply.js'
import { layerKey, packLayer, type PackedLayer, type PackOptions } from '../layer/layer.js'
import type { AppImageRequest, AppLayer, PublishPorts } from './types.js'
import type { RememberedHashes } from './remember-files.js'
import type { ImageMemory } from './remember.js'

/** What a layer depends on besides its entries. */
export interface LayerContext {
  readonly hashes: RememberedHashes
  readonly mtime: number
  readonly remembered: ImageMemory
}

/** The layer, packed now unless an equal one was made before. */
export async function makeLayer(
  applied: AppliedRecipe,
  request: AppImageRequest,
  ports: PublishPorts,
  { hashes, mtime, remembered }: LayerContext,
): Promise<AppLayer | undefined> {
  if (applied.entries.length === 0) return undefined
  const { signal } = ports
  const options: PackOptions = {
    compression: request.compression,
    mtime,
    cache: ports.groups,
    hashes,
    ...(signal !== undefined && { signal }),
  }
  const keyOf = (): string | undefined => {
    const key = layerKey(applied.entries, options)
    // Another version of a compressor may give other bytes for the same content.
    return key === undefined ? undefined : `${key} ${process.versions.zlib} ${process.versions['zstd'] ?? ''}`
  }
  const before = keyOf()
  const made = before === undefined ? undefined : remembered.layers.find(({ key }) => key === before)
  if (made !== undefined) {
    const { digest, size, mediaType, diffId } = made
    const pack = async (): Promise<PackedLayer> => {
      const packed = await packLayer(applied.entries, options)
      if (packed.digest === digest) return packed
      throw new RampartError('preflight', 'files of the build context changed while the image was built', {
        next: ['run the command again'],
      })
    }
    return { descriptor: { mediaType, digest, size }, diffId, key: before, made: true, groups: undefined, pack }
  }
  const packed = await packLayer(applied.entries, options)
  const { digest, size, mediaType, diffId, groups } = packed
  return {
    descriptor: { mediaType, digest, size },
    diffId,
    key: keyOf(),
    made: false,
    groups,
    pack: () => Promise.resolve(packed),
  }
}

/** A layer in a few words. */
export function describeLayer(layer: AppLayer | undefined): string {
  if (layer === undefined) return 'none: the Dockerfile changes the configuration only'
  const { descriptor, groups } = layer
  const how = groups === undefined ? 'as before' : `${groups.compressed} of ${groups.total} groups compressed`
  return `${descriptor.size} bytes, ${how}`
}

/**
 * What is wrong with a layer over its budget: the instruction that brought most of it, and its largest files. Undefined
 * when it is within.
 */
function overBudget(
  { budget, service }: AppImageRequest,
  size: number,
  applied?: AppliedRecipe,
): RampartError | undefined {
  if (budget === undefined || size <= budget) return undefined
  const files = (applied?.entries ?? []).flatMap((entry) => (entry.kind === 'file' ? [entry] : []))
  const largest = files.sort((a, b) => b.identity.size - a.identity.size).slice(0, 5)
  const heaviest = applied?.heaviest()
  const place = heaviest?.step.place
  const brought = heaviest === undefined ? '' : `, most of it by ${heaviest.step.text}`
  return new RampartError(
    'preflight',
    `The app layer of ${service} has ${formatBytes(size)}, more than its budget of ${formatBytes(budget)}${brought}.`,
    {
      ...(place !== undefined && { place }),
      problems: largest.map(({ path, identity }) => ({ message: `/${path} has ${formatBytes(identity.size)}` })),
      next: [
        'leave large files out in .dockerignore, move models into the base image, or raise the budget',
        'see what is in it: rampart app inspect',
        'push it all the same: --allow-over-budget',
      ],
    },
  )
}

/** Throws for a layer over its budget, before anything is pushed; where that is allowed, it is a warning. */
export function checkBudget(
  request: AppImageRequest,
  ports: PublishPorts,
  size: number,
  applied?: AppliedRecipe,
): void {
  const over = overBudget(request, size, applied)
  if (over === undefined) return
  if (request.allowOverBudget !== true) throw over
  ports.emit({ type: 'warning', message: over.message })
}
