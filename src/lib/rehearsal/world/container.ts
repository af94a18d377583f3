import type { CatalogImage } from '../image-catalog.js'
import type { RehearsedService } from '../setup.js'
import { accessLine, runsOnNode } from './access-line.js'
import { planContainer, withRestarts, type Behaviour } from './container-plan.js'
import { setAnswer } from './load-balancer.js'
import { neededModels } from './models.js'
import { startServing } from './serving.js'
import type { Host, WorldState } from './state.js'
import { whispersOf } from './whispers.js'

/** A container that is about to start on an instance or in a task. */
export interface Container {
  readonly host: Host
  /** The set-up's service that it runs; undefined for a container of somebody else's. */
  readonly service: RehearsedService | undefined
  readonly name: string
  readonly image: CatalogImage
  readonly behaviour: Behaviour
  /** Whether what is wrong with the new release is in it. */
  readonly troubled: boolean
  /** The network of the load balancer: the first three numbers of an address. */
  readonly network: string
  /** Of the log; undefined when its lines go nowhere. */
  readonly stream: string | undefined
  /** Whether Docker starts it again when it fails, as on an instance; a task's container is replaced with its task. */
  readonly restarts: boolean
  /** The bytes of models that it can load before its memory is full. */
  readonly roomForModels?: number
  isAlive(): boolean
  /** Whether requests of the load balancer reach it. */
  isServing(): boolean
  /** For good; with its exit code. */
  onExit?(code: number): void
}

/** Puts on the agenda all that a container does from `from` on: its lines, what it answers, its end if it has one. */
export function runContainer(world: WorldState, container: Container, from: number): void {
  const { switches } = world
  const { host, service, image, stream } = container
  const isNew = !world.previous.has(image.digest)
  const models = neededModels(service, image, container.troubled && switches.newModels === 'lacking')
  const port = service?.port ?? Number.parseInt(image.exposedPorts[0] ?? '80', 10)
  const once = planContainer({
    service: container.name,
    port,
    livePath: service?.livePath ?? '/',
    readyPath: service?.readyPath ?? '/',
    models,
    behaviour: container.behaviour,
    crashAfterSeconds: switches.crashAfterSeconds,
    modelLoadBytesPerSecond: switches.modelLoadBytesPerSecond / (isNew ? switches.modelLoadFactor : 1),
    modelDownloadBytesPerSecond: switches.modelDownloadBytesPerSecond,
    balancerNetwork: container.network,
    ...(container.troubled && { whispers: whispersOf(switches) }),
    ...(container.roomForModels !== undefined && { roomForModels: container.roomForModels }),
  })
  const steps = container.restarts ? withRestarts(once) : once
  const serving = service && startServing({ ...container, service }, models, from)
  const pace = world.random.between(0.95, 1.1)
  for (const step of steps) {
    const at = from + step.after * 1000 * pace
    if (step.kind === 'line') {
      if (stream !== undefined) say(world, container, stream, at, step.text)
    } else {
      world.agenda.add(at, () => {
        if (!container.isAlive()) return
        serving?.take(step)
        if (step.kind === 'answer') setAnswer(world, host, port, step.answer)
        else if (step.kind === 'exit') container.onExit?.(step.code)
      })
    }
  }
  const end = from + (steps.at(-1)?.after ?? 0) * 1000 * pace
  if (service !== undefined) world.agenda.add(end, () => traffic(world, { ...container, service }), { quiet: true })
}

function say(world: WorldState, container: Container, stream: string, at: number, text: string): void {
  world.agenda.add(at, () => container.isAlive() && world.logs.append(stream, world.now, text), { quiet: true })
}

/** Writes the lines of ordinary traffic of a service for as long as its container serves. */
export function traffic(
  world: WorldState,
  container: Pick<Container, 'host' | 'network' | 'stream' | 'isAlive' | 'isServing'> & {
    readonly service: RehearsedService
  },
): void {
  const { host, service, stream } = container
  const seconds = world.switches.trafficSeconds
  if (seconds === 0 || stream === undefined || !container.isAlive()) return
  if (container.isServing() && host.answers.get(service.port) === 200) {
    world.logs.append(
      stream,
      world.now,
      accessLine({
        node: runsOnNode(service, service.base?.models ?? []),
        client: `${container.network}.41:${32_768 + world.random.pick(28_231)}`,
        path: service.livePath,
        status: 200,
      }),
    )
  }
  const next = world.now + seconds * 1000 * world.random.between(0.9, 1.1)
  world.agenda.add(next, () => traffic(world, container), { quiet: true })
}
