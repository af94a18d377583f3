import { RampartError } from '../../errors/rampart-error.js'
import { machinePart } from '../../domain/measured-memory.js'
import type { Revision } from '../../domain/release.js'
import type {
  AutoScalingGroup,
  InstanceRefresh,
  LaunchTemplates,
  LaunchTemplateSpecification,
  LaunchTemplateVersion,
} from '../../ports/auto-scaling.js'
import type { Clock } from '../../ports/clock.js'
import type { Driver } from '../driver.js'
import { ActivityLog } from './activity-log.js'
import { estimateRefresh } from './estimate.js'
import type { ExplainPorts } from './explain.js'
import type { AsgRolloutOptions } from './options.js'
import { factsOf, revisionFacts } from './facts.js'
import { listed, revisionOf } from './listed.js'
import { preflightGroup } from './preflight.js'
import { proveGroup } from './prove.js'
import { isActive, turns } from './refresh-status.js'
import { createRevision, findRevision } from './revision.js'
import { activeRefresh, conflict, movesTo, startRefresh } from './start.js'
import { statusOf } from './status.js'
import { launchedBy, targetsOf } from './targets.js'
import { RefreshWatch } from './watch.js'

export interface AsgPorts extends ExplainPorts {
  readonly launchTemplates: LaunchTemplates
  readonly clock: Clock
}

/** The asg driver: an EC2 Auto Scaling group, moved by instance refresh. */
export function createAsgDriver(
  name: string,
  options: AsgRolloutOptions,
  ports: AsgPorts,
  logGroup: string | undefined,
): Driver {
  const { autoScaling, loadBalancing, launchTemplates } = ports
  const watch = new RefreshWatch(name, options, ports, logGroup)
  /** What the group had when the release's revision was found or made for it. */
  let basis: LaunchTemplateSpecification | undefined

  async function group(): Promise<AutoScalingGroup> {
    const found = await autoScaling.describeGroup(name)
    if (found === undefined) throw new RampartError('preflight', `There is no Auto Scaling group ${name}.`)
    return found
  }

  /** The launch template as the group has it, which may say `$Latest`, and the version that this is now. */
  async function current(): Promise<{
    readonly version: LaunchTemplateVersion
    readonly of: LaunchTemplateSpecification
  }> {
    const { launchTemplate } = await group()
    const version = launchTemplate && (await launchTemplates.describeVersion(launchTemplate.id, launchTemplate.version))
    if (launchTemplate === undefined || version === undefined) {
      throw new RampartError('preflight', `${name} has no launch template to start from.`)
    }
    return { version, of: launchTemplate }
  }

  /** A refresh that says nothing of what it moves to is asked about rarely enough for one more call. */
  async function own(refreshes: readonly InstanceRefresh[]): Promise<Revision> {
    if (refreshes.every(({ launchTemplate }) => launchTemplate !== undefined)) return { name: '', number: '' }
    const { version } = await current()
    return { name: version.templateId, number: String(version.number) }
  }

  async function newBasis(): Promise<LaunchTemplateVersion> {
    const { version, of } = await current()
    basis = of
    return version
  }

  /** Between the recording and the start somebody may have given the group another version; going on would undo that. */
  async function requireBasis(revision: Revision): Promise<void> {
    const seen = await group()
    const now = seen.launchTemplate
    if (basis === undefined || launchedBy(seen, revision)) return
    if (now?.id === basis.id && now.version === basis.version) return
    throw new RampartError(
      'conflict',
      `${name} was moved from version ${basis.version} to ${now?.version ?? 'no launch template'} while the release was recorded; nothing was rolled out.`,
      { next: ['run the same command again: the release is then made from the new version'] },
    )
  }

  return {
    fleet: name,

    async plan() {
      const seen = await group()
      return { targets: seen.desiredCapacity, estimate: estimateRefresh(seen, options) }
    },

    async preflight(registryHost, repositories) {
      const seen = await autoScaling.describeGroup(name)
      if (seen === undefined) {
        return [
          {
            name: 'group',
            result: 'fail',
            detail: `there is no Auto Scaling group ${name} in this account and region`,
            remedy: "aws autoscaling describe-auto-scaling-groups --query 'AutoScalingGroups[].AutoScalingGroupName'",
          },
        ]
      }
      return preflightGroup(seen, options, ports, registryHost, repositories)
    },

    async current() {
      const { version } = await current()
      return { name: version.templateId, number: String(version.number) }
    },

    find: async (release) => findRevision(launchTemplates, await newBasis(), release),

    record: async (release) => createRevision(launchTemplates, await newBasis(), release),

    async underWay() {
      const running = await activeRefresh(autoScaling, name)
      if (running === undefined) return undefined
      const template = running.launchTemplate
      return {
        conflict: conflict(name, running),
        ...(template !== undefined && { revision: { name: template.id, number: template.version } }),
      }
    },

    async settledOn(revision) {
      const [seen, running] = await Promise.all([group(), activeRefresh(autoScaling, name)])
      return (
        running === undefined &&
        launchedBy(seen, revision) &&
        seen.instances.every((instance) => launchedBy(instance, revision))
      )
    },

    async status(registryHost, repositories) {
      const seen = await group()
      const [{ version }, refreshes, healths] = await Promise.all([
        current(),
        autoScaling.describeInstanceRefreshes(name),
        loadBalancing.describeTargetHealth(seen.targetGroupArns),
      ])
      return statusOf(seen, version, refreshes[0], healths, registryHost, repositories)
    },

    async start(revision, how) {
      await requireBasis(revision)
      return startRefresh(ports, name, revision, options, how)
    },

    observe: (handle, revision) => watch.observe(handle, revision),

    goesOn: ({ id }) => `instance refresh ${id} of ${name}`,

    explain: (handle, revision, last, testimony) => watch.explain(handle, revision, last, testimony),

    async rollBack({ id }) {
      const refused = await autoScaling.rollbackInstanceRefresh(name)
      if (refused === undefined) return undefined
      const refresh = await autoScaling.describeInstanceRefresh(name, id)
      // It turned, was cancelled or ended by itself in the meantime: nothing to ask for any more.
      const { status } = refresh ?? { status: 'Cancelled' }
      if (turns(status) || !isActive(status)) return undefined
      return new RampartError('attention', `AWS refused to roll back ${name}: ${refused.message} (${refused.code})`, {
        next: [`aws autoscaling cancel-instance-refresh --auto-scaling-group-name ${name}`],
      })
    },

    async cancel({ id }) {
      const refused = await autoScaling.cancelInstanceRefresh(name)
      if (refused === undefined) return undefined
      const refresh = await autoScaling.describeInstanceRefresh(name, id)
      // It ended by itself in the meantime, or is being cancelled already.
      if (refresh === undefined || refresh.status === 'Cancelling' || !isActive(refresh.status)) return undefined
      return new RampartError('attention', `AWS refused to cancel on ${name}: ${refused.message} (${refused.code})`, {
        next: [`aws autoscaling describe-instance-refreshes --auto-scaling-group-name ${name}`],
      })
    },

    async isMovingTo(revision) {
      const running = await activeRefresh(autoScaling, name)
      return running !== undefined && movesTo(running, revision) && !turns(running.status)
    },

    async rooms(since) {
      const [{ version }, before] = await Promise.all([
        current(),
        launchTemplates.describeVersion(since.name, since.number),
      ])
      const [type, old] = [version.instanceType, before?.instanceType]
      if (type === undefined || old === undefined || type === old) return new Map()
      const sizes = await launchTemplates.memoryOf([type, old])
      const [now, then] = [sizes.get(type), sizes.get(old)]
      // What a machine tells of itself is somewhat less than what it is sold with: the one is to the other as before.
      return new Map(now === undefined || then === undefined ? [] : [[machinePart, { now, before: then }]])
    },

    async stored(revision, registryHost, repositories) {
      const version = await launchTemplates.describeVersion(revision.name, revision.number)
      if (version !== undefined) return { ...revisionFacts(version, { registryHost, repositories }), secrets: [] }
      return { revision, images: [], secrets: [], gone: `version ${revision.number} of ${revision.name} was deleted` }
    },

    async sizes() {
      const seen = await group()
      const { desiredCapacity: desired, minSize: min, maxSize: max, launchTemplate } = seen
      const revision = { name: launchTemplate?.id ?? '', number: launchTemplate?.version ?? '' }
      const healths = await loadBalancing.describeTargetHealth(seen.targetGroupArns)
      return [{ name, desired, bounds: { min, max }, targets: targetsOf(seen, healths, revision) }]
    },

    async resize(part, desired, bounds) {
      const refused = await autoScaling.resizeGroup(part, desired, bounds)
      return (
        refused && new RampartError('preflight', `AWS refused to scale ${part}: ${refused.message} (${refused.code}).`)
      )
    },

    async latest(id) {
      const refreshes = await autoScaling.describeInstanceRefreshes(name)
      // AWS lists the one that is under way first, whatever began last.
      const found = id === undefined ? refreshes[0] : refreshes.find((refresh) => refresh.id === id)
      return found === undefined ? undefined : listed(found, await own([found]))
    },

    async history(before) {
      const refreshes = (await autoScaling.describeInstanceRefreshes(name)).filter(
        ({ id, startTime }) => before === undefined || (id !== before.id && (startTime ?? 0) < before.startedAt),
      )
      const otherwise = await own(refreshes)
      return refreshes.map((refresh) => listed(refresh, otherwise))
    },

    async facts(rollout, registryHost, repositories) {
      const seen = await group()
      const [refresh, targetGroups, revision] = await Promise.all([
        rollout && autoScaling.describeInstanceRefresh(name, rollout.handle.id),
        loadBalancing.describeTargetGroups(seen.targetGroupArns),
        rollout?.revision ??
          current().then(({ version }) => revisionOf({ id: version.templateId, version: String(version.number) })),
      ])
      return factsOf({
        group: seen,
        targetGroups,
        refresh,
        revision,
        templates: launchTemplates,
        registryHost,
        repositories,
      })
    },

    async launches(since) {
      const activities = new ActivityLog(name, autoScaling)
      await activities.read(since)
      return activities.launches()
    },

    async targets(revision) {
      const seen = await group()
      return targetsOf(seen, await loadBalancing.describeTargetHealth(seen.targetGroupArns), revision)
    },

    guards: (names) => watch.guards(names),

    // The CloudWatch agent and Docker's awslogs driver let people name streams; the instance id is in them by habit.
    targetOf: (stream) => /\bi-[0-9a-f]{8,17}\b/.exec(stream)?.[0],

    addresses: async (targets) => launchTemplates.describeAddresses(targets),

    async prove(revision, release) {
      const seen = await group()
      const healths = await loadBalancing.describeTargetHealth(seen.targetGroupArns)
      return proveGroup(seen, healths, launchTemplates, revision, release)
    },
  }
}
