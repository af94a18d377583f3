import type { Ecs, EcsTaskDefinition } from '../../ports/ecs.js'
import { fieldsOf, type Archive, type ArchivedRevision, type RevisionField } from '../archive.js'
import { releaseTags } from '../release-tags.js'
import { revisionFacts } from './facts.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf, partsOf, revisionOf } from './parts.js'
import { imagesOf, releaseOf } from './task-definitions.js'

interface Options {
  readonly rollout: EcsRolloutOptions
  readonly app: string
  readonly environment: string
  readonly registryHost: string
}

/** What AWS itself adds when a task definition is registered: it differs each time, or follows from the rest. */
const ofRegistration: ReadonlySet<string> = new Set([
  'compatibilities',
  'deleteRequestedAt',
  'deregisteredAt',
  'registeredAt',
  'registeredBy',
  'requiresAttributes',
  'revision',
  'status',
  'taskDefinitionArn',
])

/** The archive of services of a cluster: the active revisions of their task definitions. */
export function createEcsArchive({ rollout, app, environment, registryHost }: Options, ecs: Ecs): Archive {
  const { cluster, services } = rollout
  const isOurs = ({ tags }: EcsTaskDefinition): boolean =>
    tags[releaseTags.app] === app && tags[releaseTags.environment] === environment

  async function definitions(family: string, limit: number): Promise<readonly EcsTaskDefinition[]> {
    const arns = (await ecs.listTaskDefinitions(family, 0)).slice(0, limit)
    const found = await Promise.all(arns.map(async (arn) => ecs.describeTaskDefinition(partOf(arn))))
    return found.filter((one) => one !== undefined)
  }

  return {
    async list(limit) {
      const current = await ecs.describeServices(
        cluster,
        services.map(({ name }) => name),
      )
      const all = await Promise.all(
        current.map(async ({ taskDefinition }) => definitions(partOf(taskDefinition).replace(/:\d+$/, ''), limit)),
      )
      // A release may have left a service as it was: what that was made for is an earlier one.
      const releases = [...new Set(all.flat().filter(isOurs).map(releaseOf))].filter((one) => one !== undefined)
      return releases
        .flatMap((release): readonly ArchivedRevision[] => {
          const first = Math.min(...all.map((of) => registeredAt(of.find((one) => releaseOf(one) === release))))
          const parts = all.flatMap((of) => {
            const own = of.find((one) => releaseOf(one) === release)
            const before = own ?? of.find((one) => registeredAt(one) <= first)
            return before === undefined ? [] : [before]
          })
          if (parts.length < services.length) return []
          const revision = revisionOf(
            cluster,
            parts.map((one) => partOf(one.arn)),
          )
          return [
            { ...revisionFacts(revision, parts, rollout, registryHost), ...(first < Infinity && { createdAt: first }) },
          ]
        })
        .toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))
        .slice(0, limit)
    },

    async fields(revision) {
      const found = await Promise.all(partsOf(revision).map(async (part) => ecs.describeTaskDefinition(part)))
      const there = found.filter((one) => one !== undefined)
      if (there.length < found.length) return undefined
      return there.flatMap(({ whole }, index) => definitionFields(whole, services[index]?.service ?? String(index)))
    },

    async foresee(from, release) {
      const planned = await Promise.all(
        partsOf(from).map(async (part, index) => {
          const [source, own] = [await ecs.describeTaskDefinition(part), services[index]]
          if (source === undefined || own === undefined) return undefined
          const images = imagesOf(source, own, release)
          return definitionFields(ecs.foreseeTaskDefinition({ source, images, tags: source.tags }), own.service)
        }),
      )
      const there = planned.filter((one) => one !== undefined)
      return there.length < planned.length ? undefined : there.flat()
    },
  }
}

function definitionFields(whole: EcsTaskDefinition['whole'], service: string): readonly RevisionField[] {
  const rest = Object.entries(whole).filter(([key]) => !ofRegistration.has(key))
  return fieldsOf(Object.fromEntries(rest), service)
}

/** Milliseconds since 1970, from what AWS answered. */
function registeredAt(definition: EcsTaskDefinition | undefined): number {
  const { registeredAt: at } = (definition?.whole ?? {}) as { readonly registeredAt?: Date }
  return at?.getTime() ?? Infinity
}
