import type { CatalogImage } from '../image-catalog.js'
import type { RehearsedModel, RehearsedService } from '../setup.js'

const isModel = (value: unknown): value is RehearsedModel =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'revision' in value &&
  typeof value.revision === 'string'

/** The models that the image's own label `rampart.models` says it carries; sizes that it does not give are 0. */
export function modelsInImage(image: CatalogImage): readonly RehearsedModel[] {
  const label = image.labels['rampart.models']
  if (label === undefined) return []
  try {
    const value: unknown = JSON.parse(label)
    return Array.isArray(value) ? value.filter(isModel).map((model) => ({ ...model, bytes: model.bytes || 0 })) : []
  } catch {
    return []
  }
}

/** A model that a service loads when it starts, and whether its image carries it. */
export interface NeededModel extends RehearsedModel {
  readonly baked: boolean
}

/**
 * What a service loads: the models that its set-up names and those that its image carries. `lacking` is of an image
 * whose label names models that are not in it.
 */
export function neededModels(
  service: RehearsedService | undefined,
  image: CatalogImage,
  lacking = false,
): readonly NeededModel[] {
  const baked = modelsInImage(image)
  const named = service?.base?.models ?? []
  const isBaked = (model: RehearsedModel): RehearsedModel | undefined =>
    baked.find((each) => each.id === model.id && each.revision === model.revision)
  return [
    ...named.map((model) => ({
      ...model,
      bytes: isBaked(model)?.bytes || model.bytes,
      baked: !lacking && isBaked(model) !== undefined,
    })),
    ...baked.filter(({ id }) => !named.some((each) => each.id === id)).map((model) => ({ ...model, baked: !lacking })),
  ]
}
