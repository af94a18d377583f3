import { formatImageRef, type ImageRef } from '../../domain/image-ref.js'
import type { RehearsedService } from '../setup.js'
import { behaviourOfRelease } from './container-plan.js'
import { runContainer, traffic, type Container } from './container.js'
import { findImage, pullImage } from './pull.js'
import { isTroubled } from './serving.js'
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
    const image = findImage(world, reference)
    const service = world.setup.services.find(({ repository }) => repository === reference.repository)
    // A release with a fault in it has the fault in its first service that changed; the others are as good as before.
    const troubled = image !== undefined && isTroubled(world, service, image, instance.changedService)
    const behaviour = troubled ? behaviourOfRelease(world) : 'fine'
    if (image === undefined || behaviour === 'missing') {
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
    at = pullImage(world, { image, reference, present }, at, say)
    runContainer(world, containerOn(instance, { reference, service, image, behaviour, troubled }), at)
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
      const image = findImage(world, reference)
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

function containerOn(
  instance: Instance,
  what: Pick<Container, 'service' | 'image' | 'behaviour' | 'troubled'> & { readonly reference: ImageRef },
): Container {
  const { reference, ...container } = what
  const name = container.service?.name ?? reference.repository
  return { ...onInstance(instance, name), ...container, name, restarts: true }
}

const onInstance = (instance: Instance, name: string) => ({
  host: instance,
  network: instance.privateAddress.split('.').slice(0, 3).join('.'),
  stream: `${instance.id}/${name}`,
  isAlive: (): boolean => instance.state === 'running',
  isServing: (): boolean => instance.lifecycle === 'InService',
})

/** Writes the lines of ordinary traffic of a service for as long as its machine serves it. */
export function instanceTraffic(world: WorldState, instance: Instance, service: RehearsedService): void {
  traffic(world, { ...onInstance(instance, service.name), service })
}
