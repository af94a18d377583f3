import { createHash } from 'node:crypto'
import type { Digest } from '../../domain/digest.js'
import type { ImaginedRollout, ImaginedService } from '../../domain/imagined-rollout.js'
import type { CatalogImage, ImageCatalog } from '../image-catalog.js'
import type { RehearsedService } from '../setup.js'

const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`

const revision = 'imagined'

/** The image of a service before and after the release: the same but for the layer of the code, so that both exist. */
function imageOf({ name, layers, models }: ImaginedService, when: 'before' | 'after'): CatalogImage {
  const baked = models.filter(({ isPresent }) => isPresent).map(({ id, bytes }) => ({ id, revision, bytes }))
  return {
    digest: digestOf(`${when} ${name}`),
    layers: layers.map(({ name: layer, bytes, ofBase }) => ({
      digest: digestOf(ofBase ? `base ${name} ${layer}` : `${when} ${name} ${layer}`),
      size: bytes,
    })),
    labels: { 'rampart.models': JSON.stringify(baked) },
    user: 'app',
    exposedPorts: [],
  }
}

/** The images of an imagined rollout, by repository and digest, without a registry. */
export interface ImaginedImages {
  readonly catalog: ImageCatalog
  readonly services: readonly RehearsedService[]
  /** By repository. */
  readonly before: Readonly<Record<string, Digest>>
  readonly after: Readonly<Record<string, Digest>>
}

const baseOf = (repository: string): string => `${repository}-base`

/** Makes the images of the services, each in a repository of the service's name. */
export function imagineImages({ services }: Pick<ImaginedRollout, 'services'>): ImaginedImages {
  const images = new Map<string, CatalogImage>()
  const put = (repository: string, reference: string, image: CatalogImage): Digest => {
    images.set(`${repository}@${reference}`, image)
    return image.digest
  }
  const made = services.map((service, index) => {
    const [before, after] = [imageOf(service, 'before'), imageOf(service, 'after')]
    const ofBase = before.layers.filter((_, layer) => service.layers[layer]?.ofBase === true)
    put(baseOf(service.name), 'base', { ...before, digest: digestOf(`base ${service.name}`), layers: ofBase })
    return {
      name: service.name,
      before: put(service.name, before.digest, before),
      after: put(service.name, after.digest, after),
      rehearsed: {
        name: service.name,
        repository: service.name,
        base: {
          repository: baseOf(service.name),
          tag: 'base',
          models: service.models.map(({ id, bytes }) => ({ id, revision, bytes })),
          labels: {},
        },
        livePath: '/live',
        readyPath: '/ready',
        port: 8000 + index,
      },
    }
  })
  return {
    catalog: { find: (repository, reference) => images.get(`${repository}@${reference}`) },
    services: made.map(({ rehearsed }) => rehearsed),
    before: Object.fromEntries(made.map(({ name, before }) => [name, before])),
    after: Object.fromEntries(made.map(({ name, after }) => [name, after])),
  }
}
