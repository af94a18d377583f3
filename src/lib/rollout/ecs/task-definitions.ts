import { formatImageRef, parseImageRef } from '../../domain/image-ref.js'
import type { Release } from '../../domain/release.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Clock } from '../../ports/clock.js'
import type { Ecs, EcsTaskDefinition } from '../../ports/ecs.js'
import { releaseTags } from '../release-tags.js'
import type { EcsServiceOptions } from './options.js'
import { partOf } from './parts.js'

/** The name of an image without tag and digest. */
export function repositoryOf(image: string): string | undefined {
  const ref = parseImageRef(image)
  return ref && formatImageRef({ registry: ref.registry, repository: ref.repository })
}

/**
 * What each container is to run: every one whose repository is released, and the one that is named for the service,
 * whatever it runs now.
 */
export function imagesOf(
  definition: EcsTaskDefinition,
  { service, container: named }: EcsServiceOptions,
  release: Release,
): ReadonlyMap<string, string> {
  return new Map(
    definition.containers.flatMap(({ name, image }) => {
      const repository = repositoryOf(image)
      const found =
        name === named
          ? release.images.find((one) => one.service === service)
          : release.images.find((one) => one.repository === repository)
      return found === undefined ? [] : [[name, `${found.repository}@${found.digest}`] as const]
    }),
  )
}

/** The release that a task definition says it was made for; undefined for one that rampart did not make. */
export function releaseOf(definition: EcsTaskDefinition): string | undefined {
  return definition.tags[releaseTags.release]
}

/** True when tasks of it run exactly the release's digests. */
function launches(definition: EcsTaskDefinition, options: EcsServiceOptions, release: Release): boolean {
  const images = imagesOf(definition, options, release)
  return (
    images.size > 0 &&
    definition.containers.every(({ name, image }) => images.get(name) === undefined || images.get(name) === image)
  )
}

/** Revisions that are looked at to find one again; older ones were made for other releases. */
const lookBack = 20

/**
 * The task definition that launches the release and starts from the service's current one: that one itself when it
 * launches the release already, or one that an earlier run made from it.
 */
export async function findDefinition(
  ecs: Ecs,
  current: EcsTaskDefinition,
  options: EcsServiceOptions,
  release: Release,
): Promise<EcsTaskDefinition | undefined> {
  if (launches(current, options, release)) return current
  const newer = await ecs.listTaskDefinitions(current.family, current.revision)
  for (const arn of newer.slice(0, lookBack)) {
    // oxlint-disable-next-line no-await-in-loop -- the newest is nearly always the one
    const one = await ecs.describeTaskDefinition(arn)
    if (
      one !== undefined &&
      releaseOf(one) === release.id &&
      one.tags[releaseTags.environment] === release.environment &&
      one.tags[releaseTags.source] === partOf(current.arn) &&
      launches(one, options, release)
    ) {
      return one
    }
  }
  return undefined
}

const tries = 5
const pause = 2000

/**
 * Registers the task definition that launches the release. AWS takes no token for it: after a request without an answer
 * the revision is looked for before another one is made.
 */
export async function makeDefinition(
  { ecs, clock }: { readonly ecs: Ecs; readonly clock: Clock },
  current: EcsTaskDefinition,
  options: EcsServiceOptions,
  release: Release,
): Promise<EcsTaskDefinition> {
  const request = {
    source: current,
    images: imagesOf(current, options, release),
    tags: {
      ...current.tags,
      [releaseTags.release]: release.id,
      [releaseTags.app]: release.app,
      [releaseTags.environment]: release.environment,
      [releaseTags.source]: partOf(current.arn),
    },
  }
  if (request.images.size === 0) {
    throw new RampartError(
      'preflight',
      `No container of ${partOf(current.arn)} runs ${options.repository}; nothing was rolled out.`,
      { next: [`name the container in rampart.yml, under target.services.${options.service}.container`] },
    )
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      return await ecs.registerTaskDefinition(request)
    } catch (error) {
      if (!(error instanceof RampartError) || !error.passing || attempt >= tries) throw error
      // oxlint-disable-next-line no-await-in-loop
      await clock.sleep(pause * attempt)
      // oxlint-disable-next-line no-await-in-loop
      const made = await findDefinition(ecs, current, options, release)
      if (made !== undefined) return made
    }
  }
}
