import type { Revision } from '../../domain/release.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { Alarms, AlarmState } from '../../ports/alarms.js'
import type { LoadBalancing } from '../../ports/auto-scaling.js'
import type { Clock } from '../../ports/clock.js'
import type { Ecs, EcsTaskDefinition } from '../../ports/ecs.js'
import type { LogSource } from '../../ports/log-source.js'
import type { ServiceBounds } from '../../ports/service-bounds.js'
import type { Driver, ListedRollout } from '../driver.js'
import { releaseTags } from '../release-tags.js'
import { chainsOf, forwardOf, isReturn, listedChain, outcomeOfChain, type Chain } from './chains.js'
import { continuePaused } from './continue.js'
import { ecsControls } from './controls.js'
import { goesBack, isActive } from './deployments.js'
import { estimateServices } from './estimate.js'
import { explainServices } from './explain.js'
import { factsOf, revisionFacts } from './facts.js'
import { EcsMover } from './move.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf, partsOf, revisionOf } from './parts.js'
import { preflightServices } from './preflight.js'
import { proveService } from './prove.js'
import { EcsRecords, type Listed } from './records.js'
import { conflict, startServices } from './start.js'
import { statusOf } from './status.js'
import { isWaiting } from './standing.js'
import { surveyTasks } from './survey.js'
import { targetGroupsOf } from './targets.js'
import { findDefinition, makeDefinition, releaseOf } from './task-definitions.js'
import { EcsWatch } from './watch.js'

export interface EcsPorts {
  readonly ecs: Ecs
  readonly loadBalancing: LoadBalancing
  /** Made when it is first needed. */
  readonly bounds: () => Promise<ServiceBounds>
  readonly alarms: Alarms
  readonly logs: LogSource
  readonly clock: Clock
}

/** The ecs driver: the services of a cluster, moved one after the other by their own deployments. */
export function createEcsDriver(options: EcsRolloutOptions, ports: EcsPorts, logGroup: string | undefined): Driver {
  const { ecs, loadBalancing, alarms } = ports
  const { cluster } = options
  const records = new EcsRecords(ecs, options)
  const loud = new Map<string, AlarmState>()
  const mover = new EcsMover(options, ports, records)
  const watch = new EcsWatch(options, ports, records, mover)
  /** What each service had when the release's revision was found or made for it. */
  let basis: readonly string[] | undefined

  async function definitions(parts: readonly string[]): Promise<readonly EcsTaskDefinition[]> {
    return Promise.all(parts.map(async (part) => records.definition(part)))
  }

  /** What every service is on now. */
  async function currentParts(): Promise<readonly string[]> {
    return (await records.services()).map((one) => partOf(one.taskDefinition))
  }

  async function newBasis(): Promise<readonly EcsTaskDefinition[]> {
    const parts = await currentParts()
    basis = parts
    return definitions(parts)
  }

  /** Between the recording and the start somebody may have moved a service; going on would undo that. */
  async function requireBasis(revision: Revision): Promise<void> {
    const now = await currentParts()
    const wanted = partsOf(revision)
    const moved = now.findIndex((part, index) => basis !== undefined && part !== basis[index] && part !== wanted[index])
    if (moved < 0) return
    throw new RampartError(
      'conflict',
      `${options.services[moved]?.name ?? ''} was moved from ${basis?.[moved] ?? ''} to ${now[moved] ?? ''} while the release was recorded; nothing was rolled out.`,
      { next: ['run the same command again: the release is then made from the new task definition'] },
    )
  }

  /**
   * What a chain will move its later services to: the task definition that was registered for the same release and is
   * newer than what the service has. The service's own where there is none.
   */
  async function expected(chain: Chain, parts: readonly string[]): Promise<readonly string[]> {
    const last = chain.at(-1) ?? chain[0]
    const release = releaseOf(await records.definition(last.part))
    return Promise.all(
      parts.map(async (part, index) => {
        if (release === undefined || index <= last.index) return part
        const current = await records.definition(part)
        const [newest] = await ecs.listTaskDefinitions(current.family, current.revision)
        const made = newest === undefined ? undefined : await records.definition(newest)
        const fits = made && releaseOf(made) === release && made.tags[releaseTags.source] === partOf(current.arn)
        return fits === true ? partOf(made?.arn ?? '') : part
      }),
    )
  }

  /** The chain as it is to be watched: one that stands between two services still runs. */
  async function listedLast(chain: Chain, listed: readonly Listed[]): Promise<ListedRollout> {
    // One look for both: what somebody moves between two looks would pass for a service that waits.
    const current = await currentParts()
    const parts = await expected(chain, current)
    const rollout = listedChain(cluster, chain, parts)
    const moved = new Set(forwardOf(chain).map((one) => one.index))
    const waits = parts.some((part, index) => !moved.has(index) && part !== current[index])
    if (rollout.outcome !== 'succeeded' || !waits || listed.at(-1) !== chain.at(-1)) return rollout
    const { outcome: _outcome, endedAt: _endedAt, ...running } = rollout
    return { ...running, status: 'PENDING' }
  }

  /**
   * What the services are on; while a rollout is under way what it found them on, also those that it has moved already
   * and those that are on their way back.
   */
  async function fromOf(listed: readonly Listed[]): Promise<Revision> {
    const chain = chainsOf(listed).at(-1)
    const runs = chain !== undefined && (await listedLast(chain, listed)).outcome === undefined
    const active = listed.filter((one) => isActive(one.deployment.status))
    const moved = [...(runs ? forwardOf(chain) : []), ...active]
    const [parts, deployments] = await Promise.all([
      currentParts(),
      ecs.describeServiceDeployments([...new Set(moved.map((one) => one.deployment.arn))]),
    ])
    const sources = await records.partsOf(deployments.flatMap((one) => one.sourceRevisionArns))
    return revisionOf(
      cluster,
      parts.map((part, index) => {
        const arn = moved.find((one) => one.index === index)?.deployment.arn
        const source = deployments.find((one) => one.arn === arn)?.sourceRevisionArns[0]
        return (source !== undefined && sources.get(source)) || part
      }),
    )
  }

  return {
    fleet: cluster,

    async plan() {
      const services = await records.services()
      return {
        targets: services.reduce((sum, one) => sum + one.desiredCount, 0),
        estimate: estimateServices(services, options.change),
      }
    },

    preflight: async (registryHost) => preflightServices(options, ports, registryHost),

    current: async () => fromOf(await records.deployments()),

    async find(release) {
      const current = await newBasis()
      const found = await Promise.all(
        options.services.map(async (one, index) => {
          const definition = current[index]
          return definition && findDefinition(ecs, definition, one, release)
        }),
      )
      const parts = found.flatMap((one) => (one === undefined ? [] : [partOf(one.arn)]))
      return parts.length < found.length ? undefined : revisionOf(cluster, parts)
    },

    async record(release) {
      const current = await newBasis()
      const parts: string[] = []
      for (const [index, one] of options.services.entries()) {
        const definition = current[index]
        if (definition === undefined) throw new RampartError('preflight', `${one.name} has no task definition.`)
        // oxlint-disable-next-line no-await-in-loop -- what a crash leaves behind is then a beginning of the list
        const found = await findDefinition(ecs, definition, one, release)
        // oxlint-disable-next-line no-await-in-loop
        parts.push(partOf((found ?? (await makeDefinition(ports, definition, one, release))).arn))
      }
      return revisionOf(cluster, parts)
    },

    async underWay() {
      const listed = await records.deployments()
      const active = listed.find((one) => isActive(one.deployment.status))
      const chain = chainsOf(listed).findLast((one) => outcomeOfChain(one) === undefined)
      if (active === undefined || chain === undefined) return undefined
      return { conflict: conflict(options, active), revision: (await listedLast(chain, listed)).revision }
    },

    async settledOn(revision) {
      const parts = partsOf(revision)
      const [services, listed] = await Promise.all([records.services(), records.deployments()])
      if (listed.some((one) => isActive(one.deployment.status))) return false
      if (services.some((one, index) => partOf(one.taskDefinition) !== parts[index])) return false
      const seen = await Promise.all(
        services.map(async (one, index) => surveyTasks(ports, cluster, one, parts[index] ?? '')),
      )
      return seen.every(({ targets }) => targets.every((target) => target.isNew || target.health === 'draining'))
    },

    async status(registryHost) {
      const [services, listed] = await Promise.all([records.services(), records.deployments()])
      const chain = chainsOf(listed).at(-1)
      const goal = chain === undefined ? undefined : await listedLast(chain, listed)
      const now = await fromOf(listed)
      const parts = goal !== undefined && goal.outcome === undefined ? partsOf(goal.revision) : partsOf(now)
      const seen = await Promise.all(
        services.map(async (one, index) => surveyTasks(ports, cluster, one, parts[index] ?? '')),
      )
      return statusOf(
        revisionFacts(now, await definitions(partsOf(now)), options, registryHost),
        services,
        seen.flatMap(({ targets }) => targets),
        goal,
      )
    },

    async start(revision, how) {
      await requireBasis(revision)
      return startServices({ options, ports, records, mover }, revision, how)
    },

    observe: (handle, revision) => watch.observe(handle, revision),

    goesOn({ id }) {
      const { last } = watch
      const waiting = last?.services.filter(isWaiting).map(({ service }) => service.name) ?? []
      const rest = waiting.length === 0 ? '' : `; ${waiting.join(', ')} will not be moved until somebody comes back`
      return `service deployment ${id} of ${cluster}${rest}`
    },

    async explain(handle, _revision, { failedStarts }, testimony) {
      const { last, failedStarts: starts } = watch
      if (last === undefined) return undefined
      const { startedAt } = handle
      return explainServices({
        options,
        records,
        alarms,
        logs: ports.logs,
        last,
        starts,
        failedStarts,
        startedAt,
        loads: testimony?.loads ?? new Map(),
        loud,
        logGroup,
      })
    },

    async rollBack({ startedAt }) {
      const listed = await records.deployments(startedAt)
      const active = listed.find((one) => isActive(one.deployment.status) && !goesBack(one.deployment.status))
      // One that takes its service back already would, rolled back, bring the failed release again.
      if (active === undefined || isReturn(listed, active)) {
        mover.turn()
        return undefined
      }
      const refused = await ecs.rollBackServiceDeployment(active.deployment.arn)
      const [now] = await ecs.describeServiceDeployments([active.deployment.arn])
      // It turned or ended by itself in the meantime: nothing to ask for any more.
      if (refused === undefined || now === undefined || goesBack(now.status) || !isActive(now.status)) {
        mover.turn()
        return undefined
      }
      const { name = '' } = options.services[active.index] ?? {}
      return new RampartError('attention', `AWS refused to roll back ${name}: ${refused.message} (${refused.code})`, {
        next: [`aws ecs list-service-deployments --cluster ${cluster} --service ${name}`],
      })
    },

    ...ecsControls(options, ports, records),

    continuePaused: async () => continuePaused(ecs, records),

    async latest(id) {
      const listed = await records.deployments()
      const chains = chainsOf(listed)
      const chain = id === undefined ? chains.at(-1) : chains.find(([first]) => first.deployment.arn.endsWith(`/${id}`))
      return chain && listedLast(chain, listed)
    },

    async history(before) {
      const chains = chainsOf(await records.deployments())
      const parts = await currentParts()
      return chains
        .filter(([first]) => before === undefined || first.deployment.createdAt < before.startedAt)
        .map((chain) => listedChain(cluster, chain, parts))
        .toReversed()
    },

    async facts(rollout, registryHost) {
      const services = await records.services()
      const listed = await records.deployments(rollout?.handle.startedAt)
      const parts = rollout === undefined ? await currentParts() : partsOf(rollout.revision)
      const own = rollout === undefined ? [] : listed.filter((one) => one.part === parts[one.index])
      const [deployments, targetGroups] = await Promise.all([
        ecs.describeServiceDeployments(own.map((one) => one.deployment.arn)),
        loadBalancing.describeTargetGroups(services.flatMap(targetGroupsOf)),
      ])
      const sources = await records.partsOf(deployments.flatMap((one) => one.sourceRevisionArns))
      const from = await Promise.all(
        parts.map(async (part, index) => {
          const arn = own.find((one) => one.index === index)?.deployment.arn
          const source = deployments.find((one) => one.arn === arn)?.sourceRevisionArns[0]
          if (source !== undefined) return sources.get(source) ?? part
          // Not begun: it comes from what it is on.
          return rollout === undefined ? part : partOf(services[index]?.taskDefinition ?? part)
        }),
      )
      const factsFor = async (all: readonly string[]) =>
        revisionFacts(revisionOf(cluster, all), await definitions(all), options, registryHost)
      const [to, comesFrom] = await Promise.all([factsFor(parts), factsFor(from)])
      return factsOf({ cluster, services, deployments, targetGroups, to, from: rollout && comesFrom })
    },

    // A stopped task is forgotten after about an hour: what is still there is the newest revision's.
    async launches(since) {
      const services = await records.services()
      const tasks = await Promise.all(services.map(async ({ name }) => ecs.describeTasks(cluster, name, 'RUNNING')))
      return tasks
        .flat()
        .flatMap(({ id, createdAt, startedAt }) =>
          createdAt === undefined || startedAt === undefined || createdAt < since
            ? []
            : [{ target: id, launchedAt: createdAt, inServiceAt: startedAt }],
        )
        .toSorted((a, b) => a.launchedAt - b.launchedAt)
    },

    async targets(revision) {
      const parts = partsOf(revision)
      const services = await records.services()
      const seen = await Promise.all(
        services.map(async (one, index) => surveyTasks(ports, cluster, one, parts[index] ?? '')),
      )
      return seen.flatMap(({ targets }) => targets)
    },

    async guards(names) {
      const seen = await alarms.describeAlarms(names)
      // Remembered, because going back may quieten them.
      for (const alarm of seen) if (alarm.state === 'ALARM') loud.set(alarm.name, alarm)
      const states = new Map(seen.map((alarm) => [alarm.name, alarm.state]))
      return names.flatMap((name) => {
        const state = states.get(name)
        return state === undefined ? [] : [{ name, state }]
      })
    },

    async rooms() {
      const all = await definitions(await currentParts())
      return new Map(
        options.services.flatMap(({ service }, index) => {
          const now = all[index]?.memory?.limit
          return now === undefined ? [] : [[service, { now }] as const]
        }),
      )
    },

    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html: prefix/container/task.
    targetOf: (stream) => /(?:^|\/)([0-9a-f]{32})$/.exec(stream)?.[1],

    async addresses(targets) {
      const wanted = new Set(targets)
      const services = await records.services()
      const tasks = await Promise.all(services.map(async ({ name }) => ecs.describeTasks(cluster, name, 'RUNNING')))
      return new Map(
        tasks.flatMap((own, index) => {
          const service = options.services[index]?.service
          return own.flatMap(({ id, address: host }) =>
            host === undefined || !wanted.has(id)
              ? []
              : [[id, { host, ...(service !== undefined && { service }) }] as const],
          )
        }),
      )
    },

    async prove(revision, release) {
      const parts = partsOf(revision)
      const [services, all] = await Promise.all([records.services(), definitions(parts)])
      const proofs = await Promise.all(
        services.map(async (service, index) => {
          const definition = all[index]
          const one = options.services[index]
          if (definition === undefined || one === undefined) return []
          const { tasks, targets } = await surveyTasks(ports, cluster, service, parts[index] ?? '')
          return proveService({ options: one, service, definition, tasks, targets }, release)
        }),
      )
      return proofs.flat()
    },
  }
}
