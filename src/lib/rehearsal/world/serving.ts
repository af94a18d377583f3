import type { Digest } from '../../domain/digest.js'
import type { RehearsedModel, RehearsedService } from '../setup.js'
import type { CatalogImage } from '../image-catalog.js'
import type { ContainerStep } from './container-plan.js'
import type { NeededModel } from './models.js'
import type { Host, WorldState } from './state.js'

/** What listens on a port of a host: a container of one of the set-up's services. */
export interface Serving {
  readonly service: RehearsedService
  readonly image: Digest
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly models: readonly RehearsedModel[]
  /** Models that are not in the image: it fetches them when it starts. */
  readonly fetched: ReadonlySet<string>
  /** Of the log; undefined when its lines go nowhere. */
  readonly stream: string | undefined
  /** True for the service of a new release in which what is wrong with that release is. */
  readonly troubled: boolean
  /** True once its models are loaded: before that it answers requests with 503. */
  ready: boolean
  /** True once it has answered a request with its models. */
  asked: boolean
}

/** Whether what is wrong with new releases is in this container; `faulty` names the service that has it. */
export function isTroubled(
  world: Pick<WorldState, 'previous' | 'switches'>,
  service: RehearsedService | undefined,
  image: CatalogImage,
  faulty: string | undefined,
): boolean {
  const name = world.switches.faultyService ?? faulty
  return service !== undefined && service.name === name && !world.previous.has(image.digest)
}

interface Starting extends Pick<Serving, 'service' | 'stream' | 'troubled'> {
  readonly host: Host
  readonly image: CatalogImage
}

/** What a container of a service will listen with: it follows the steps of the container's life. */
export function startServing(
  { host, service, image, stream, troubled }: Starting,
  models: readonly NeededModel[],
  startedAt: number,
): { take(step: ContainerStep): void } {
  const serving: Serving = {
    service,
    image: image.digest,
    startedAt,
    models,
    fetched: new Set(models.flatMap(({ id, baked }) => (baked ? [] : [id]))),
    stream,
    troubled,
    ready: false,
    asked: false,
  }
  return {
    take(step) {
      if (step.kind === 'ready') serving.ready = true
      if (step.kind === 'answer' || step.kind === 'exit') serving.ready = false
      if (step.kind === 'exit' || (step.kind === 'answer' && step.answer === 'refused')) {
        host.serving.delete(service.port)
      } else if (step.kind === 'answer') host.serving.set(service.port, serving)
    },
  }
}

/** Says of a host that it has long been serving, with the image that served when the rehearsal began. */
export function serveSince(host: Host, serving: Pick<Serving, 'service' | 'image' | 'startedAt' | 'stream'>): void {
  host.answers.set(serving.service.port, 200)
  host.serving.set(serving.service.port, {
    ...serving,
    models: serving.service.base?.models ?? [],
    fetched: new Set(),
    troubled: false,
    ready: true,
    asked: true,
  })
}
