import { labelsOf, modelsOf, proofOf } from '../image/base/labels.js'
import type { ImageSource } from '../image/inspect/source.js'
import type { Figures } from '../plan/assumptions.js'
import type { PlannedService, SizeName } from '../plan/strategies.js'

/** A service as the configuration describes it. */
export interface DescribedService {
  readonly name: string
  readonly models: readonly { readonly id: string; readonly revision: string }[]
}

type Supposed = Pick<Figures, 'dependencyBytes' | 'modelBytes' | 'appBytes'>

const size = ({ layers }: ImageSource): number => layers.reduce((all, { descriptor }) => all + descriptor.size, 0)

/**
 * What a service ships: read from its base image and the app image on it where they are there, supposed otherwise. A
 * model counts as proved when the base says that it was.
 */
export function describeService(
  service: DescribedService,
  found: { readonly base: ImageSource | undefined; readonly app: ImageSource | undefined },
  supposed: Supposed,
): { readonly planned: PlannedService; readonly measured: boolean } {
  const { base, app } = found
  if (base === undefined) return withoutBase(service, app, supposed)
  const labels = labelsOf(base.config)
  const labelled = modelsOf(labels)
  const isProved = proofOf(labels) !== null
  const models = service.models.map(({ id }) => {
    const own = labelled.find((model) => model.id === id)
    return { id, bytes: own?.bytes ?? supposed.modelBytes.value, isProved: own !== undefined && isProved }
  })
  const inBase = models.filter(({ isProved: carried }) => carried).reduce((all, { bytes }) => all + bytes, 0)
  const known = new Set(base.layers.map(({ descriptor }) => descriptor.digest))
  const lacksSize = service.models.some(({ id }) => labelled.find((model) => model.id === id)?.bytes === undefined)
  const own = app?.layers.filter(({ descriptor }) => !known.has(descriptor.digest)) ?? []
  return {
    planned: {
      name: service.name,
      // A label tells the bytes of the files; compressed they may be fewer than that.
      dependencyBytes: Math.max(0, size(base) - inBase),
      appBytes:
        app === undefined ? supposed.appBytes.value : own.reduce((all, { descriptor }) => all + descriptor.size, 0),
      models,
      supposed: [...names('modelBytes', lacksSize), ...names('appBytes', app === undefined)],
    },
    measured: true,
  }
}

const names = (name: SizeName, isSupposed: boolean): readonly SizeName[] => (isSupposed ? [name] : [])

/** An image on no base of ours: its topmost layer counts as the code. */
function withoutBase(
  { name, models }: DescribedService,
  app: ImageSource | undefined,
  { dependencyBytes, modelBytes, appBytes }: Supposed,
): ReturnType<typeof describeService> {
  const supposed = models.map(({ id }) => ({ id, bytes: modelBytes.value, isProved: true }))
  if (app === undefined) {
    const sizes = { dependencyBytes: dependencyBytes.value, appBytes: appBytes.value }
    const lacking = ['dependencyBytes', ...names('modelBytes', models.length > 0), 'appBytes'] as const
    return { planned: { name, ...sizes, models: supposed, supposed: lacking }, measured: false }
  }
  const top = app.layers.at(-1)?.descriptor.size ?? 0
  return {
    planned: { name, dependencyBytes: size(app) - top, appBytes: top, models: [], supposed: [] },
    measured: true,
  }
}
