import type { Revision } from '../../domain/release.js'
import type { Target } from '../../domain/target.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { AlarmState } from '../../ports/alarms.js'
import type { AutoScalingGroup, InstanceRefresh, TargetHealthDescription } from '../../ports/auto-scaling.js'
import type { Driver, Observation, RolloutHandle, Testimony } from '../driver.js'
import { ActivityLog } from './activity-log.js'
import { explain, type Complaint, type ExplainPorts } from './explain.js'
import { FailedStarts } from './failed-starts.js'
import type { AsgRolloutOptions } from './options.js'
import { outcomeOf } from './refresh-status.js'
import { launchedBy, targetsOf } from './targets.js'

/** What is asked of AWS can lag behind what AWS has just answered; so long a new refresh may not be listed yet. */
const listingLag = 60_000

/** Looks at the refreshes of one group, and remembers what later looks no longer show. */
export class RefreshWatch implements Pick<Driver, 'observe' | 'explain' | 'guards'> {
  readonly #name: string
  readonly #options: AsgRolloutOptions
  readonly #ports: ExplainPorts & { readonly clock: { now(): number } }
  readonly #logGroup: string | undefined
  readonly #failedStarts = new FailedStarts()
  readonly #activities: ActivityLog
  /** The instances and their lifecycles when the activities were last read. */
  #readFor: string | undefined
  readonly #complaints = new Map<string, Complaint>()
  readonly #loud = new Map<string, AlarmState>()
  #refresh: InstanceRefresh | undefined
  #protectedIds: readonly string[] = []

  constructor(
    name: string,
    options: AsgRolloutOptions,
    ports: ExplainPorts & { readonly clock: { now(): number } },
    logGroup: string | undefined,
  ) {
    this.#name = name
    this.#options = options
    this.#ports = ports
    this.#logGroup = logGroup
    this.#activities = new ActivityLog(name, ports.autoScaling)
  }

  /** Two calls, one for each target group, and one more when instances have come, moved on, or are missing. */
  async observe(handle: RolloutHandle, revision: Revision): Promise<Observation> {
    // The refresh first: what is seen of the targets is then never older than the status.
    const refresh = await this.#lookUp(handle)
    const group = await this.#ports.autoScaling.describeGroup(this.#name)
    if (group === undefined) throw new RampartError('unknown', `There is no Auto Scaling group ${this.#name} any more.`)
    const outcome = outcomeOf(refresh.status)
    const direction = refresh.status.startsWith('Rollback') ? 'back' : 'forward'
    const forward = direction === 'forward' && outcome === undefined
    // One that replaces instances of the same version too has only those for new that it launched.
    const replacesAll = refresh.preferences.skipMatching === false
    const isOfBefore = (id: string): boolean => replacesAll && this.#activities.launch(id) === undefined
    const [healths] = await Promise.all([
      this.#ports.loadBalancing.describeTargetHealth(group.targetGroupArns),
      this.#readActivities(group, handle, { revision, forward, isOfBefore }),
    ])
    const targets = targetsOf(group, healths, revision, (id) => this.#activities.launch(id), isOfBefore)
    const unhealthy = new Set(group.instances.filter((one) => one.healthStatus === 'Unhealthy').map((one) => one.id))
    this.#remember(refresh, targets, healths)
    this.#protectedIds = group.instances.filter((one) => one.protectedFromScaleIn).map((one) => one.id)
    const reason = outcome === undefined ? refresh.statusReason : (refresh.rollbackReason ?? refresh.statusReason)
    const checkpoint = this.#options.checkpointPercentages.findLast((one) => one <= refresh.percentageComplete)
    return {
      status: refresh.status,
      direction,
      percentage: refresh.percentageComplete,
      remaining: refresh.instancesToUpdate,
      targets,
      failedStarts: forward
        ? this.#failedStarts.look(targets, unhealthy, this.#activities.all())
        : this.#failedStarts.seen(),
      ...(forward && checkpoint !== undefined && { checkpoint }),
      ...(outcome !== undefined && { outcome }),
      ...(reason !== undefined && { reason }),
    }
  }

  /** The states of alarms; those that are loud are remembered, because a rollback may quieten them. */
  async guards(names: readonly string[]): Promise<readonly AlarmState[]> {
    const states = await this.#ports.alarms.describeAlarms(names)
    for (const alarm of states) if (alarm.state === 'ALARM') this.#loud.set(alarm.name, alarm)
    return names.flatMap((name) => states.filter((alarm) => alarm.name === name))
  }

  async explain(
    { startedAt }: RolloutHandle,
    _revision: Revision,
    last: Observation,
    testimony?: Testimony,
  ): ReturnType<Driver['explain']> {
    return explain(
      {
        group: this.#name,
        refresh: this.#refresh,
        targets: last.targets,
        failedStarts: last.failedStarts,
        startedAt,
        // Those with which the refresh began: it may be another's.
        alarms: [...new Set([...(this.#refresh?.preferences.alarms ?? []), ...this.#options.alarms])],
        loads: testimony?.loads ?? new Map(),
        restarts: testimony?.restarts ?? new Map(),
        loud: this.#loud,
        protectedIds: this.#protectedIds,
        logGroup: this.#logGroup,
        complaints: this.#complaints,
      },
      this.#ports,
    )
  }

  async #lookUp({ id, startedAt }: RolloutHandle): Promise<InstanceRefresh> {
    const refresh = await this.#ports.autoScaling.describeInstanceRefresh(this.#name, id)
    if (refresh !== undefined) return refresh
    const passing = this.#ports.clock.now() - startedAt < listingLag
    throw new RampartError(
      passing ? 'unreachable' : 'unknown',
      `AWS does not list instance refresh ${id} of ${this.#name}`,
      { passing },
    )
  }

  /** While new instances are missing, each look asks: launches that fail leave no instance. Later only what moves. */
  async #readActivities(
    group: AutoScalingGroup,
    { startedAt }: RolloutHandle,
    {
      revision,
      forward,
      isOfBefore,
    }: { readonly revision: Revision; readonly forward: boolean; readonly isOfBefore: (id: string) => boolean },
  ): Promise<void> {
    const fresh = group.instances.filter(
      (one) => launchedBy(one, revision) && !isOfBefore(one.id) && !one.lifecycleState.startsWith('Terminat'),
    )
    const missing = forward && fresh.length < group.desiredCapacity
    const untimed = group.instances.some(({ id, lifecycleState }) => {
      const launch = this.#activities.launch(id)
      return launch !== undefined && lifecycleState === 'InService' && launch.inServiceAt === undefined
    })
    const now = group.instances.map(({ id, lifecycleState }) => `${id} ${lifecycleState}`).join(' ')
    if (!missing && !untimed && now === this.#readFor) return
    await this.#activities.read(startedAt)
    this.#readFor = now
  }

  #remember(refresh: InstanceRefresh, targets: readonly Target[], healths: readonly TargetHealthDescription[]): void {
    this.#refresh = refresh
    for (const { id, health, reason, isNew } of targets) {
      if (health === 'healthy') this.#complaints.delete(id)
      if (!isNew || health !== 'unhealthy' || reason === undefined) continue
      const by = healths.find((one) => one.targetId === id && one.state.startsWith('unhealthy'))
      this.#complaints.set(id, { reason, ...(by !== undefined && { targetGroupArn: by.targetGroupArn }) })
    }
  }
}
