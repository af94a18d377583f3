import { RampartError } from '../../errors/rampart-error.js'
import type { Revision } from '../../domain/release.js'
import type {
  AutoScalingGroup,
  InstanceRefresh,
  LaunchTemplates,
  LaunchTemplateVersion,
} from '../../ports/auto-scaling.js'
import type { Clock } from '../../ports/clock.js'
import type { Driver, Observation, RolloutHandle } from '../driver.js'
import { explain, type ExplainPorts } from './explain.js'
import { FailedStarts } from './failed-starts.js'
import type { AsgRolloutOptions } from './options.js'
import { preflightGroup } from './preflight.js'
import { proveGroup } from './prove.js'
import { isActive, outcomeOf } from './refresh-status.js'
import { createRevision, findRevision } from './revision.js'
import { statusOf } from './status.js'
import { targetsOf } from './targets.js'

export interface AsgPorts extends ExplainPorts {
  readonly launchTemplates: LaunchTemplates
  readonly clock: Clock
}

/** The active refresh of a group, if there is one. */
export async function activeRefresh(
  ports: Pick<AsgPorts, 'autoScaling'>,
  group: string,
): Promise<InstanceRefresh | undefined> {
  const refreshes = await ports.autoScaling.describeInstanceRefreshes(group)
  return refreshes.find((refresh) => isActive(refresh.status))
}

/** True when the refresh moves the group to this revision. */
export function movesTo(refresh: InstanceRefresh, revision: Revision): boolean {
  return refresh.launchTemplate?.id === revision.name && refresh.launchTemplate.version === revision.number
}

/** The conflict with a rollout that somebody else has under way. */
export function conflict(group: string, refresh: InstanceRefresh): RampartError {
  const since = refresh.startTime === undefined ? '' : ` since ${new Date(refresh.startTime).toISOString()}`
  const version = refresh.launchTemplate?.version
  return new RampartError(
    'conflict',
    `Another instance refresh of ${group} is ${refresh.status}${since}${version === undefined ? '' : `, to version ${version}`} (${refresh.id}).`,
    {
      next: [
        'run the same command again when it has ended',
        `aws autoscaling describe-instance-refreshes --auto-scaling-group-name ${group}`,
      ],
    },
  )
}

/** The asg driver: an EC2 Auto Scaling group, moved by instance refresh. */
export function createAsgDriver(
  name: string,
  options: AsgRolloutOptions,
  ports: AsgPorts,
  logGroup: string | undefined,
): Driver {
  const { autoScaling, loadBalancing, launchTemplates } = ports
  const failedStarts = new FailedStarts()
  const reasons = new Map<string, string>()

  async function group(): Promise<AutoScalingGroup> {
    const found = await autoScaling.describeGroup(name)
    if (found === undefined) throw new RampartError('preflight', `There is no Auto Scaling group ${name}.`)
    return found
  }

  async function look(revision: Revision): Promise<{ group: AutoScalingGroup; targets: Observation['targets'] }> {
    const seen = await group()
    const targets = targetsOf(seen, await loadBalancing.describeTargetHealth(seen.targetGroupArns), revision.number)
    for (const target of targets) {
      if (target.health === 'unhealthy' && target.reason !== undefined) reasons.set(target.id, target.reason)
    }
    return { group: seen, targets }
  }

  async function currentVersion(): Promise<LaunchTemplateVersion> {
    const template = (await group()).launchTemplate
    const version =
      template === undefined ? undefined : await launchTemplates.describeVersion(template.id, template.version)
    if (version === undefined) throw new RampartError('preflight', `${name} has no launch template to start from.`)
    return version
  }

  const handle = (refresh: InstanceRefresh, attached: boolean): RolloutHandle => ({
    id: refresh.id,
    startedAt: refresh.startTime ?? ports.clock.now(),
    attached,
  })

  return {
    fleet: name,
    size: async () => (await group()).desiredCapacity,

    async preflight(registryHost, repositories) {
      const seen = await autoScaling.describeGroup(name)
      if (seen === undefined) {
        return [
          {
            name: 'group',
            result: 'fail',
            detail: `there is no Auto Scaling group ${name} in this account and region`,
            remedy: 'aws autoscaling describe-auto-scaling-groups --query AutoScalingGroups[].AutoScalingGroupName',
          },
        ]
      }
      return preflightGroup(seen, options, ports, registryHost, repositories)
    },

    async current() {
      const version = await currentVersion()
      return { name: version.templateId, number: String(version.number) }
    },

    find: async (release) => findRevision(launchTemplates, await currentVersion(), release),

    record: async (release) => createRevision(launchTemplates, await currentVersion(), release),

    async underWay() {
      const running = await activeRefresh(ports, name)
      if (running === undefined) return undefined
      const template = running.launchTemplate
      return {
        conflict: conflict(name, running),
        ...(template !== undefined && { revision: { name: template.id, number: template.version } }),
      }
    },

    async settledOn(revision) {
      const [seen, running] = await Promise.all([group(), activeRefresh(ports, name)])
      return (
        running === undefined &&
        seen.launchTemplate?.id === revision.name &&
        seen.launchTemplate.version === revision.number &&
        seen.instances.every((instance) => instance.launchTemplate?.version === revision.number)
      )
    },

    async status(registryHost, repositories) {
      const seen = await group()
      const [version, refreshes, healths] = await Promise.all([
        currentVersion(),
        autoScaling.describeInstanceRefreshes(name),
        loadBalancing.describeTargetHealth(seen.targetGroupArns),
      ])
      return statusOf(seen, version, refreshes[0], healths, registryHost, repositories)
    },

    async start(revision, { force }) {
      const running = await activeRefresh(ports, name)
      if (running !== undefined) {
        if (movesTo(running, revision)) return handle(running, true)
        throw conflict(name, running)
      }
      const answer = await autoScaling.startInstanceRefresh({
        group: name,
        launchTemplate: { id: revision.name, version: revision.number },
        minHealthyPercentage: options.minHealthyPercentage,
        maxHealthyPercentage: options.maxHealthyPercentage,
        ...(options.warmup !== undefined && { instanceWarmup: options.warmup }),
        skipMatching: !force,
        autoRollback: true,
        checkpointPercentages: options.checkpointPercentages,
        ...(options.checkpointDelay !== undefined && { checkpointDelay: options.checkpointDelay }),
        bakeTime: options.bakeTime,
        alarms: options.alarms,
      })
      if ('id' in answer) {
        const started = await autoScaling.describeInstanceRefresh(name, answer.id)
        return started === undefined
          ? { id: answer.id, startedAt: ports.clock.now(), attached: false }
          : handle(started, false)
      }
      // A dropped connection makes the SDK ask again, and the second answer is then that one is in progress: ours.
      const now = await activeRefresh(ports, name)
      if (now !== undefined && movesTo(now, revision)) return handle(now, true)
      if (now !== undefined) throw conflict(name, now)
      throw new RampartError(
        'preflight',
        `AWS refused the instance refresh: ${answer.refused.message} (${answer.refused.code})`,
      )
    },

    async observe({ id, startedAt }, revision) {
      const refresh = await autoScaling.describeInstanceRefresh(name, id)
      if (refresh === undefined) throw new RampartError('unknown', `Instance refresh ${id} of ${name} is gone.`)
      const { targets } = await look(revision)
      const direction = refresh.status.startsWith('Rollback') ? 'back' : 'forward'
      const outcome = outcomeOf(refresh.status)
      const failed =
        direction === 'forward' && outcome === undefined
          ? failedStarts.look(targets, await autoScaling.describeScalingActivities(name, startedAt))
          : failedStarts.seen()
      const reason = outcome === undefined ? refresh.statusReason : (refresh.rollbackReason ?? refresh.statusReason)
      return {
        status: refresh.status,
        direction,
        percentage: refresh.percentageComplete,
        remaining: refresh.instancesToUpdate,
        targets,
        failedStarts: failed,
        ...(outcome !== undefined && { outcome }),
        ...(reason !== undefined && { reason }),
      }
    },

    async rollBack({ id }) {
      const refused = await autoScaling.rollbackInstanceRefresh(name)
      if (refused === undefined) return
      const refresh = await autoScaling.describeInstanceRefresh(name, id)
      // It went back or ended by itself in the meantime: nothing to ask for any more.
      if (refresh === undefined || refresh.status.startsWith('Rollback') || !isActive(refresh.status)) return
      throw new RampartError('attention', `AWS refused to roll back ${name}: ${refused.message} (${refused.code})`, {
        next: [`aws autoscaling cancel-instance-refresh --auto-scaling-group-name ${name}`],
      })
    },

    async explain({ id, startedAt }, _revision, last) {
      const [refresh, seen] = await Promise.all([autoScaling.describeInstanceRefresh(name, id), group()])
      return explain(
        {
          group: name,
          refresh,
          targets: last.targets,
          failedStarts: last.failedStarts,
          startedAt,
          alarms: options.alarms,
          logGroup,
          targetGroupArns: seen.targetGroupArns,
          reasons,
        },
        ports,
      )
    },

    async prove(revision, release) {
      const seen = await group()
      const healths = await loadBalancing.describeTargetHealth(seen.targetGroupArns)
      return proveGroup(seen, healths, launchTemplates, revision, release)
    },
  }
}
