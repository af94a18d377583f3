import { labelsOf, modelsOf, proofOf } from '../image/base/labels.js'
import type { ImageSource } from '../image/inspect/source.js'
import type { PlannedService } from '../plan/strategies.js'

/** A service as the configuration describes it. */
export interface DescribedService {
  readonly name: string
  readonly models: readonly { readonly id: string; readonly revision: string }[]
}

/** What is supposed of a service whose images nobody can see. */
export interface SupposedSizes {
  readonly dependencyBytes: number
  readonly modelBytes: number
  readonly appBytes: number
}

const size = ({ layers }: ImageSource): number => layers.reduce((all, { descriptor }) => all + descriptor.size, 0)

/**
 * What a service ships: read from its base image and the app image on it where they are there, supposed otherwise. A
 * model counts as proved when the base says that it was.
 */
export function plannedService(
  service: DescribedService,
  found: { readonly base: ImageSource | undefined; readonly app: ImageSource | undefined },
  supposed: SupposedSizes,
): { readonly planned: PlannedService; readonly measured: boolean } {
  const { base, app } = found
  if (base === undefined) {
    const models = service.models.map(({ id }) => ({ id, bytes: supposed.modelBytes, isProved: true }))
    const { dependencyBytes, appBytes } = supposed
    return { planned: { name: service.name, dependencyBytes, appBytes, models }, measured: false }
  }
  const labels = labelsOf(base.config)
  const labelled = modelsOf(labels)
  const isProved = proofOf(labels) !== null
  const models = service.models.map(({ id }) => {
    const own = labelled.find((model) => model.id === id)
    return { id, bytes: own?.bytes ?? supposed.modelBytes, isProved: own !== undefined && isProved }
  })
  const inBase = models.filter(({ isProved: carried }) => carried).reduce((all, { bytes }) => all + bytes, 0)
  const known = new Set(base.layers.map(({ descriptor }) => descriptor.digest))
  const own = app?.layers.filter(({ descriptor }) => !known.has(descriptor.digest)) ?? []
  return {
    planned: {
      name: service.name,
      // A label tells the bytes of the files; compressed they may be fewer than that.
      dependencyBytes: Math.max(0, size(base) - inBase),
      appBytes: app === undefined ? supposed.appBytes : own.reduce((all, { descriptor }) => all + descriptor.size, 0),
      models,
    },
    measured: true,
  }
}
