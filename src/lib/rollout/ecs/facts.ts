import { isDigest, type Digest } from '../../domain/digest.js'
import type { RevisionFacts, RolloutFacts } from '../../domain/rollout-facts.js'
import type { Revision } from '../../domain/release.js'
import type { TargetGroup } from '../../ports/auto-scaling.js'
import type { EcsDeployment, EcsService, EcsTaskDefinition } from '../../ports/ecs.js'
import { releaseId } from '../../domain/release-id.js'
import type { EcsRolloutOptions } from './options.js'
import { releaseOf, repositoryOf } from './task-definitions.js'

function digestOf(image: string): Digest | undefined {
  const digest = image.slice(image.indexOf('@') + 1)
  return isDigest(digest) ? digest : undefined
}

/** The references of the configured repositories in these task definitions, as they stand there. */
function imagesIn(
  definitions: readonly EcsTaskDefinition[],
  { services }: EcsRolloutOptions,
  registryHost: string,
): readonly string[] {
  const repositories = new Set<string | undefined>(services.map((one) => `${registryHost}/${one.repository}`))
  const images = definitions.flatMap(({ containers }, index) =>
    containers
      .filter(({ name, image }) => name === services[index]?.container || repositories.has(repositoryOf(image)))
      .map(({ image }) => image),
  )
  return [...new Set(images)]
}

/**
 * The release that these task definitions launch together. It follows from their digests: services that a release did
 * not change keep the task definition of an earlier one. Undefined when rampart made none of them.
 */
function releaseOfAll(
  definitions: readonly EcsTaskDefinition[],
  { services }: EcsRolloutOptions,
  registryHost: string,
): string | undefined {
  if (definitions.every((one) => releaseOf(one) === undefined)) return undefined
  const images = services.map(({ service, container, repository }, index) => {
    const own = definitions[index]?.containers.find(({ name, image }) =>
      container === undefined ? repositoryOf(image) === `${registryHost}/${repository}` : name === container,
    )
    return { service, digest: digestOf(own?.image ?? '') }
  })
  const complete = images.flatMap(({ service, digest }) => (digest === undefined ? [] : [{ service, digest }]))
  return complete.length < services.length ? undefined : releaseId(complete)
}

/** A revision and what is known of what it launches. */
export function revisionFacts(
  revision: Revision,
  definitions: readonly EcsTaskDefinition[],
  options: EcsRolloutOptions,
  registryHost: string,
): RevisionFacts {
  const release = releaseOfAll(definitions, options, registryHost)
  return {
    revision,
    ...(release !== undefined && { release }),
    images: imagesIn(definitions, options, registryHost),
  }
}

interface FactSources {
  readonly cluster: string
  readonly services: readonly EcsService[]
  /** Those of the rollout that it is about. */
  readonly deployments: readonly EcsDeployment[]
  readonly targetGroups: readonly TargetGroup[]
  readonly to: RevisionFacts
  readonly from: RevisionFacts | undefined
}

const most = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** What a rollout is about, by the configuration with which its deployments began; without one, what the services have. */
export function factsOf({ cluster, services, deployments, targetGroups, to, from }: FactSources): RolloutFacts {
  const rules = (deployments.length > 0 ? deployments : services).map((one) => one.configuration)
  const minimum = rules.map((one) => one.minimumHealthyPercent).filter((value) => value !== undefined)
  const maximum = most(rules.map((one) => one.maximumPercent))
  const bake = most(rules.map((one) => one.bakeTimeInMinutes))
  const grace = most(services.map((one) => one.healthCheckGracePeriod))
  const interval = most(targetGroups.map((one) => one.healthCheckInterval))
  return {
    kind: 'ecs',
    fleet: cluster,
    desired: services.reduce((sum, one) => sum + one.desiredCount, 0),
    to,
    ...(from !== undefined && from.revision.number !== to.revision.number && { from }),
    ...(minimum.length > 0 && { minHealthyPercentage: Math.min(...minimum) }),
    ...(maximum !== undefined && { maxHealthyPercentage: maximum }),
    ...(grace !== undefined && { gracePeriod: grace * 1000 }),
    ...(interval !== undefined && { healthCheckInterval: interval * 1000 }),
    ...(bake !== undefined && bake > 0 && { bakeTime: bake * 60_000 }),
    checkpointPercentages: [],
    alarms: [...new Set(rules.flatMap((one) => (one.alarms?.enable === true ? one.alarms.names : [])))],
  }
}
