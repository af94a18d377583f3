import type { CatalogImage } from '../image-catalog.js'
import type { ImageRef } from '../../domain/image-ref.js'
import { formatImageRef } from '../../domain/image-ref.js'
import { shortDigest } from '../../domain/digest.js'
import type { RehearsedService } from '../setup.js'
import { accessLine, runsOnNode } from './access-line.js'
import { planContainer, type Behaviour } from './container-plan.js'
import { setAnswer } from './load-balancer.js'
import { neededModels } from './models.js'
import type { Instance, WorldState } from './state.js'
import { imagesInUserData } from './user-data.js'

/** Puts on the agenda all that a machine does from `running` on: boot, user data, pulls, containers, their logs. */
export function bootMachine(world: WorldState, instance: Instance, userData: string): void {
  const { switches, random } = world
  const say = (at: number, text: string): void => log(world, instance, 'cloud-init', at, text)
  const address = instance.privateAddress.replaceAll('.', '-')
  let at = world.now + switches.bootSeconds * 1000 * random.between(0.9, 1.15)
  say(
    at - 9000,
    `ip-${address} cloud-init: Cloud-init v. 24.4.1 running 'init' at ${stamp(at - 9000)}. Up 8.92 seconds.`,
  )
  say(
    at - 1500,
    `ip-${address} cloud-init: Cloud-init v. 24.4.1 running 'modules:final' at ${stamp(at - 1500)}. Up 19.40 seconds.`,
  )
  const references = imagesInUserData(userData, world.registryHost)
  if (references.length > 0) {
    say(at, `+ docker login --username AWS --password-stdin ${world.registryHost}`)
    at += 1200
    say(at, 'Login Succeeded')
  }
  const present = new Set<string>(switches.machineImageCarriesBase ? baseLayers(world) : [])
  for (const reference of references) {
    say(at, `+ docker run --detach ${formatImageRef(reference)}`)
    const image = world.images.find(reference.repository, reference.digest ?? reference.tag ?? 'latest')
    if (image === undefined) {
      at += 600
      say(
        at,
        `docker: Error response from daemon: manifest for ${formatImageRef(reference)} not found: manifest unknown`,
      )
      say(
        at,
        'cc_scripts_user.py[WARNING]: Failed to run module scripts-user (scripts in /var/lib/cloud/instance/scripts)',
      )
      return
    }
    at = pull(world, image, reference, present, at, say)
    startContainer(world, instance, reference, image, at)
    at += 700
  }
  const seconds = ((at - world.now) / 1000).toFixed(2)
  say(
    at,
    `ip-${address} cloud-init: Cloud-init v. 24.4.1 finished at ${stamp(at)}. Datasource DataSourceEc2Local. Up ${seconds} seconds`,
  )
}

const stamp = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000')

function log(world: WorldState, instance: Instance, stream: string, at: number, text: string): void {
  const write = (): void => {
    if (instance.state === 'running') world.logs.append(`${instance.id}/${stream}`, world.now, text)
  }
  world.agenda.add(at, write, { quiet: true })
}

/** The first service, in the set-up's order, for which a machine with that user data runs an image of a new release. */
export function changedService(world: WorldState, userData: string): string | undefined {
  const references = imagesInUserData(userData, world.registryHost)
  return world.setup.services.find(({ repository }) =>
    references.some((reference) => {
      if (reference.repository !== repository) return false
      const image = world.images.find(repository, reference.digest ?? reference.tag ?? 'latest')
      return image === undefined || !world.previous.has(image.digest)
    }),
  )?.name
}

function baseLayers(world: WorldState): readonly string[] {
  return world.setup.services.flatMap(({ base }) => {
    const image = base === undefined ? undefined : world.images.find(base.repository, base.tag)
    return image?.layers.map(({ digest }) => digest) ?? []
  })
}

// Layers come down one after another at the full rate, and are unpacked in order while the next ones come down.
function pull(
  world: WorldState,
  image: CatalogImage,
  reference: ImageRef,
  present: Set<string>,
  from: number,
  say: (at: number, text: string) => void,
): number {
  const { downloadBytesPerSecond, unpackBytesPerSecond } = world.switches
  say(from + 300, `${reference.digest ?? reference.tag}: Pulling from ${reference.repository}`)
  let downloaded = from + 300
  let unpacked = downloaded
  for (const { digest, size } of image.layers) {
    if (present.has(digest)) {
      say(unpacked, `${shortDigest(digest)}: Already exists`)
      continue
    }
    present.add(digest)
    downloaded += (size / downloadBytesPerSecond) * 1000
    unpacked = Math.max(unpacked, downloaded) + (size / unpackBytesPerSecond) * 1000
    say(unpacked, `${shortDigest(digest)}: Pull complete`)
  }
  const end = unpacked + 200
  say(end, `Digest: ${image.digest}`)
  say(end, `Status: Downloaded newer image for ${formatImageRef(reference)}`)
  return end
}

function startContainer(
  world: WorldState,
  instance: Instance,
  reference: ImageRef,
  image: CatalogImage,
  from: number,
): void {
  const { switches, setup } = world
  const service = setup.services.find(({ repository }) => repository === reference.repository)
  const isNew = !world.previous.has(image.digest)
  const port = service?.port ?? Number.parseInt(image.exposedPorts[0] ?? '80', 10)
  const steps = planContainer({
    service: service?.name ?? reference.repository,
    port,
    livePath: service?.livePath ?? '/',
    readyPath: service?.readyPath ?? '/',
    models: neededModels(service, image),
    behaviour: isNew ? behaviourOf(world, instance, service) : 'fine',
    modelLoadBytesPerSecond: switches.modelLoadBytesPerSecond / (isNew ? switches.modelLoadFactor : 1),
    modelDownloadBytesPerSecond: switches.modelDownloadBytesPerSecond,
    balancerNetwork: instance.privateAddress.split('.').slice(0, 3).join('.'),
  })
  const pace = world.random.between(0.95, 1.1)
  for (const step of steps) {
    const at = from + step.after * 1000 * pace
    if (step.kind === 'line') log(world, instance, service?.name ?? reference.repository, at, step.text)
    else world.agenda.add(at, () => instance.state === 'running' && setAnswer(world, instance, port, step.answer))
  }
  const end = from + (steps.at(-1)?.after ?? 0) * 1000 * pace
  if (service !== undefined) world.agenda.add(end, () => traffic(world, instance, service), { quiet: true })
}

// A release with a fault in it has the fault in its first service that changed; the others are as good as before.
function behaviourOf(world: WorldState, instance: Instance, service: RehearsedService | undefined): Behaviour {
  const { newImages, flakyRate } = world.switches
  if (newImages === 'fine' || service === undefined) return 'fine'
  if (instance.changedService !== service.name) return 'fine'
  if (newImages === 'flaky') return world.random.next() < flakyRate ? 'never-ready' : 'fine'
  return newImages
}

/** Writes the lines of ordinary traffic of a service for as long as its machine serves it. */
export function traffic(world: WorldState, instance: Instance, service: RehearsedService): void {
  const seconds = world.switches.trafficSeconds
  if (seconds === 0 || instance.state !== 'running') return
  if (instance.lifecycle === 'InService' && instance.answers.get(service.port) === 200) {
    const network = instance.privateAddress.split('.').slice(0, 3).join('.')
    world.logs.append(
      `${instance.id}/${service.name}`,
      world.now,
      accessLine({
        node: runsOnNode(service, service.base?.models ?? []),
        client: `${network}.41:${Math.floor(world.random.between(32_768, 60_999))}`,
        path: service.livePath,
        status: 200,
      }),
    )
  }
  const next = world.now + seconds * 1000 * world.random.between(0.9, 1.1)
  world.agenda.add(next, () => traffic(world, instance, service), { quiet: true })
}
