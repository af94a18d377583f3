import type { Revision } from '../../domain/release.js'
import type { RevisionFacts, RolloutFacts } from '../../domain/rollout-facts.js'
import type {
  AutoScalingGroup,
  InstanceRefresh,
  LaunchTemplates,
  LaunchTemplateVersion,
  TargetGroup,
} from '../../ports/auto-scaling.js'
import { releaseTags } from '../release-tags.js'
import { outcomeOf } from './refresh-status.js'
import { releaseOf } from './revision.js'
import { decodeUserData, findReferences } from './user-data.js'

/** What a fact sheet is made from. */
export interface FactSources {
  readonly group: AutoScalingGroup
  readonly targetGroups: readonly TargetGroup[]
  /** The refresh that it is about; undefined for a group at rest. */
  readonly refresh: InstanceRefresh | undefined
  /** What the group is moved to, or has. */
  readonly revision: Revision
  readonly templates: LaunchTemplates
  readonly registryHost: string
  readonly repositories: readonly string[]
}

const milliseconds = (seconds: number): number => 1000 * seconds

/** A launch template's version and what its user data names. */
export function revisionFacts(
  version: LaunchTemplateVersion,
  { registryHost, repositories }: Pick<FactSources, 'registryHost' | 'repositories'>,
): RevisionFacts {
  const { text } = decodeUserData(version.userData ?? '')
  const release = releaseOf(version)
  return {
    revision: { name: version.templateId, number: String(version.number) },
    ...(release !== undefined && { release }),
    images: repositories.flatMap((repository) => [...new Set(findReferences(text, registryHost, repository))]),
  }
}

/**
 * What the group comes from: its own version, which AWS leaves where it is until a refresh has succeeded; after that,
 * the version from which the new one was made, if that one says so.
 */
function sourceOf({ group, refresh }: FactSources, to: LaunchTemplateVersion | undefined): Revision | undefined {
  const own = group.launchTemplate
  if (refresh === undefined) return undefined
  if (outcomeOf(refresh.status) !== 'succeeded') return own && { name: own.id, number: own.version }
  const source = to?.instanceTags[releaseTags.source]
  return to === undefined || source === undefined ? undefined : { name: to.templateId, number: source }
}

/** What a refresh is about, by the preferences with which it began; without one, what the group has. */
export async function factsOf(sources: FactSources): Promise<RolloutFacts> {
  const { group, refresh, revision, templates, targetGroups } = sources
  const to = await templates.describeVersion(revision.name, revision.number)
  const source = sourceOf(sources, to)
  const from = source && (await templates.describeVersion(source.name, source.number))
  const moves = from !== undefined && (from.templateId !== to?.templateId || from.number !== to.number)
  const { minHealthyPercentage, maxHealthyPercentage, instanceWarmup, bakeTime, checkpointPercentages, alarms } =
    refresh?.preferences ?? { checkpointPercentages: [], alarms: [] }
  const warmup = instanceWarmup ?? group.defaultInstanceWarmup ?? group.healthCheckGracePeriod
  const interval = Math.max(0, ...targetGroups.map(({ healthCheckInterval }) => healthCheckInterval))
  return {
    kind: 'asg',
    fleet: group.name,
    desired: group.desiredCapacity,
    ...(to !== undefined && { to: revisionFacts(to, sources) }),
    ...(moves && { from: revisionFacts(from, sources) }),
    ...(minHealthyPercentage !== undefined && { minHealthyPercentage }),
    ...(maxHealthyPercentage !== undefined && { maxHealthyPercentage }),
    warmup: milliseconds(warmup),
    gracePeriod: milliseconds(group.healthCheckGracePeriod),
    ...(interval > 0 && { healthCheckInterval: milliseconds(interval) }),
    ...(bakeTime !== undefined && bakeTime > 0 && { bakeTime: milliseconds(bakeTime) }),
    checkpointPercentages,
    alarms,
  }
}
