import type { TaskStopCode } from '@aws-sdk/client-ecs'
import { formatImageRef, parseImageRef, type ImageRef } from '../../../domain/image-ref.js'
import type { CatalogImage } from '../../image-catalog.js'
import { behaviourOfRelease, type Behaviour } from '../container-plan.js'
import { fillCache, modelsToFill } from '../cache-fill.js'
import { runContainer } from '../container.js'
import { registerTargets } from '../load-balancer.js'
import { findImage, pullImage } from '../pull.js'
import { isTroubled } from '../serving.js'
import type { WorldState } from '../state.js'
import { memoryMebibytes } from './fargate.js'
import type { EcsTask, TaskContainer } from './state.js'
import { secretsProblem } from './task-secrets.js'
import { endContainer, targetGroupsOf } from './task-state.js'

const second = 1000
/** What an image of somebody else's is, of which this cloud's registry knows nothing. */
const foreign: CatalogImage = { digest: `sha256:${'f'.repeat(64)}`, layers: [], labels: {}, user: '', exposedPorts: [] }

type Stop = (reason: string, stopCode: TaskStopCode) => void

/**
 * Puts on the agenda how a task comes up: PROVISIONING, PENDING while it pulls (Fargate keeps no layers), ACTIVATING
 * while its containers start and its address is registered, RUNNING.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export function startTask(world: WorldState, task: EcsTask, stop: Stop): void {
  const { switches, random } = world
  const isWanted = (): boolean => task.desired === 'RUNNING'
  world.agenda.add(world.now + switches.taskProvisioningSeconds * second * random.between(0.8, 1.3), () => {
    if (!isWanted()) return
    // The agent has them before it pulls anything.
    const problem = secretsProblem(world, task)
    if (problem !== undefined) {
      stop(problem, 'TaskFailedToStart')
      return
    }
    task.status = 'PENDING'
    task.pullStartedAt = world.now
    const pulled = pullAll(world, task)
    world.agenda.add(pulled.at, () => {
      if (!isWanted()) return
      if (pulled.problem !== undefined) {
        stop(pulled.problem, 'TaskFailedToStart')
        return
      }
      task.pullStoppedAt = world.now
      task.status = 'ACTIVATING'
      registerTargets(world, task, targetGroupsOf(world, task))
      for (const pull of pulled.images) start(world, task, pull, stop)
      world.agenda.add(world.now + switches.taskActivatingSeconds * second * random.between(0.9, 1.2), () => {
        if (!isWanted()) return
        task.status = 'RUNNING'
        task.startedAt = world.now
      })
    })
  })
}

interface Pull {
  readonly container: TaskContainer
  readonly image: CatalogImage
  readonly behaviour: Behaviour
  readonly troubled: boolean
}

interface Pulled {
  readonly at: number
  readonly problem?: string
  readonly images: readonly Pull[]
}

function pullAll(world: WorldState, task: EcsTask): Pulled {
  const present = new Set<string>()
  const images: Pull[] = []
  let at = world.now
  for (const container of task.containers) {
    const reference = pinned(task, container)
    const isOurs = reference?.registry === world.registryHost
    const image = reference !== undefined && isOurs ? findImage(world, reference) : foreign
    const troubled = image !== undefined && hasTrouble(world, task, reference, image)
    const behaviour = troubled ? behaviourOfRelease(world) : 'fine'
    if (image === undefined || behaviour === 'missing') {
      const problem = cannotPull(container.image)
      container.reason = problem
      return { at: at + 1.4 * second, problem, images: [] }
    }
    if (reference !== undefined) at = pullImage(world, { image, reference, present }, at, () => undefined)
    images.push({ container, image, behaviour, troubled })
  }
  return { at, images }
}

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
const cannotPull = (image: string): string =>
  `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`

/** The image by the digest that the revision's first task found for the tag, unless the container wants it otherwise. */
function pinned(task: EcsTask, { name, image }: TaskContainer): ImageRef | undefined {
  const reference = parseImageRef(image)
  const definition = task.definition.definition.containerDefinitions?.find((each) => each.name === name)
  const digest = task.revision?.images.get(name)?.imageDigest
  if (reference === undefined || digest === undefined || definition?.versionConsistency === 'disabled') return reference
  return parseImageRef(
    formatImageRef({ registry: reference.registry, repository: reference.repository }) + `@${digest}`,
  )
}

function hasTrouble(world: WorldState, task: EcsTask, reference: ImageRef | undefined, image: CatalogImage): boolean {
  const service = world.setup.services.find(({ repository }) => repository === reference?.repository)
  return task.changedService === service?.name && isTroubled(world, service, image, world.ecs.changedFirst)
}

function start(world: WorldState, task: EcsTask, { container, image, behaviour, troubled }: Pull, stop: Stop): void {
  const reference = parseImageRef(container.image)
  container.status = 'RUNNING'
  container.startedAt = world.now
  container.runtimeId = `${task.taskId}-${world.random.uuid().replaceAll(/\D/g, '').slice(0, 10)}`
  const service = world.setup.services.find(({ repository }) => repository === reference?.repository)
  const end = (code: number): void => {
    endContainer(task, container, code)
    if (container.essential) stop('Essential container in task exited', 'EssentialContainerExited')
  }
  const models = modelsToFill(task, container)
  if (models !== undefined) {
    const { stream, isAlive } = containerHost(world, task, container)
    fillCache(world, task, models, { stream, isAlive, end })
    return
  }
  if (image === foreign) return
  container.digest = image.digest
  task.revision?.images.set(container.name, {
    containerName: container.name,
    image: container.image,
    imageDigest: image.digest,
  })
  const override = task.overrides?.containerOverrides?.find(({ name }) => name === container.name)
  if (override?.command !== undefined) {
    // A one-off command, such as a migration: it does its work and ends well.
    world.agenda.add(world.now + 9 * second, () => container.status === 'RUNNING' && end(0))
    return
  }
  runContainer(
    world,
    {
      ...containerHost(world, task, container),
      service,
      name: service?.name ?? container.name,
      image,
      behaviour,
      troubled,
      restarts: false,
      roomForModels: roomForModels(world, task, container),
      onExit: end,
    },
    world.now,
  )
}

/** The container's place in the world: where its lines go, and whether it runs and serves. */
export function containerHost(world: WorldState, task: EcsTask, container: TaskContainer) {
  return {
    host: task,
    network: task.id.split('.').slice(0, 3).join('.'),
    stream: streamOf(world, task, container),
    isAlive: (): boolean => container.status === 'RUNNING',
    isServing: (): boolean => task.status === 'RUNNING',
  }
}

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
function streamOf({ setup }: WorldState, task: EcsTask, { name }: TaskContainer): string | undefined {
  const definition = task.definition.definition.containerDefinitions?.find((each) => each.name === name)
  const { logDriver, options = {} } = definition?.logConfiguration ?? {}
  const prefix = options['awslogs-stream-prefix']
  if (logDriver !== 'awslogs' || options['awslogs-group'] !== setup.logGroup || prefix === undefined) return undefined
  return `${prefix}/${name}/${task.taskId}`
}

/** What Python and its libraries take before any model. */
const ownBytes = 420_000_000

/** How many bytes of models fit into the container's memory. */
function roomForModels({ switches }: WorldState, { definition }: EcsTask, { name }: TaskContainer): number {
  const { memory, containerDefinitions } = definition.definition
  const own = containerDefinitions?.find((each) => each.name === name)?.memory
  const mebibytes = own ?? (memory === undefined ? Infinity : memoryMebibytes(memory))
  return (mebibytes * 1_048_576 - ownBytes) / switches.modelMemoryFactor
}

/** Percent of its memory that a task holds once its models are loaded; 0 where its memory has no bound. */
export function heldByModels({ setup, switches }: WorldState, { definition, containers }: EcsTask): number {
  const { memory } = definition.definition
  if (memory === undefined) return 0
  const repositories = new Set(containers.map(({ image }) => parseImageRef(image)?.repository))
  const models = setup.services
    .filter(({ repository }) => repositories.has(repository))
    .flatMap(({ base }) => base?.models ?? [])
  const bytes = models.reduce((sum, one) => sum + one.bytes, 0)
  return ((ownBytes + bytes * switches.modelMemoryFactor) / (memoryMebibytes(memory) * 1_048_576)) * 100
}

/** How much memory in MiB a task needs for that many bytes of models, with room to spare. */
export function memoryForModels(bytes: number, factor: number): number {
  return Math.ceil((1.25 * (ownBytes + bytes * factor)) / 1_048_576)
}
