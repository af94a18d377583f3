import type { Digest } from '../domain/digest.js'
import type { RehearsedService } from './setup.js'
import type { SeedImage, Seeder } from './registry/seed.js'

type SeedLayer = SeedImage['layers'][number]

const phantom = (name: string, size: number, createdBy: string): SeedLayer => ({ phantom: { name, size }, createdBy })

/**
 * An operating system, its Python packages or Node modules, and a layer for each model: sizes without content. It does
 * not say when it was made: it has the same digest everywhere, and is not older at the end of the year.
 */
function baseImage(service: RehearsedService): Omit<SeedImage, 'repository'> {
  const { base, port } = service
  const user = 'app'
  if (base === undefined) {
    return {
      layers: [
        phantom('debian-12-slim', 28_200_000, 'rehearsal: operating system'),
        phantom(`${service.repository} runtime`, 96_000_000, 'rehearsal: runtime and dependencies'),
      ],
      labels: {},
      config: { User: user, WorkingDir: '/app', ExposedPorts: { [`${port}/tcp`]: {} } },
    }
  }
  return {
    layers: [
      phantom('debian-12-slim', 28_200_000, 'rehearsal: operating system'),
      phantom('python-3.12', 22_400_000, 'rehearsal: Python'),
      phantom(`${base.repository} dependencies`, 700_000_000, 'rehearsal: Python packages'),
      ...base.models.map(({ id, revision, bytes }) =>
        phantom(`model ${id}@${revision}`, bytes, `rehearsal: model ${id} at revision ${revision}`),
      ),
    ],
    labels: base.labels,
    config: {
      User: user,
      WorkingDir: '/app',
      Env: [
        'PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin',
        'PYTHONUNBUFFERED=1',
        'HF_HOME=/opt/models',
      ],
    },
  }
}

/** Stores a service's base image under its tag, pushed at that time. The size is of its layers. */
export function storeBase(
  registry: Seeder,
  service: RehearsedService,
  pushedAt: number,
): { readonly digest: Digest; readonly bytes: number } {
  const image = baseImage(service)
  const { repository = service.repository, tag = 'latest' } = service.base ?? {}
  const { digest } = registry.storeImage({ ...image, repository, tag, pushedAt })
  const bytes = image.layers.reduce((all, layer) => all + ('phantom' in layer ? layer.phantom.size : 0), 0)
  return { digest, bytes }
}

/**
 * Stores each service's base image, under its tag, and the app image on it that serves when the rehearsal begins.
 * The layers are phantoms: they have digests and sizes, and no content. Answers with the app images by repository.
 */
export function seedImages(
  registry: Seeder,
  services: readonly RehearsedService[],
  now: number,
): Record<string, Digest> {
  const digests: Record<string, Digest> = {}
  for (const service of services) {
    const image = baseImage(service)
    if (service.base !== undefined) storeBase(registry, service, now - 30 * 86_400_000)
    const app = phantom(`${service.repository} app, before the rehearsal`, 1_900_000, 'rehearsal: app')
    const { digest } = registry.storeImage({
      ...image,
      repository: service.repository,
      tag: 'latest',
      layers: [...image.layers, app],
      config: { ...image.config, ExposedPorts: { [`${service.port}/tcp`]: {} } },
      pushedAt: now - 9 * 86_400_000,
    })
    digests[service.repository] = digest
  }
  return digests
}
