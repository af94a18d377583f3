import type { Revision } from '../../domain/release.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { EcsDeploymentBrief } from '../../ports/ecs.js'
import type { RolloutHandle, StartOptions } from '../driver.js'
import { deploymentId, isActive } from './deployments.js'
import type { EcsMover, MovePorts } from './move.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf, partsOf } from './parts.js'
import type { EcsRecords, Listed } from './records.js'
import { releaseOf } from './task-definitions.js'

/** The conflict with a deployment that somebody else has under way. */
export function conflict({ cluster, services }: EcsRolloutOptions, { index, part, deployment }: Listed): RampartError {
  const name = services[index]?.name ?? ''
  const { status, createdAt, arn } = deployment
  return new RampartError(
    'conflict',
    `Another deployment of ${name} is ${status} since ${new Date(createdAt).toISOString()}, to ${part} (${deploymentId(arn)}).`,
    {
      next: [
        'run the same command again when it has ended',
        `aws ecs list-service-deployments --cluster ${cluster} --service ${name}`,
      ],
    },
  )
}

interface Start {
  readonly options: EcsRolloutOptions
  readonly ports: MovePorts
  readonly records: EcsRecords
  readonly mover: EcsMover
}

/** The earliest deployment of this very rollout: services before this one that an earlier run moved for the same release. */
async function beginningOf(
  { records }: Start,
  listed: readonly Listed[],
  parts: readonly string[],
  index: number,
): Promise<Listed | undefined> {
  const release = async (part = ''): Promise<string | undefined> => releaseOf(await records.definition(part))
  const own = await release(parts[index])
  if (own === undefined) return undefined
  for (const [before, part] of parts.slice(0, index).entries()) {
    const newest = listed.findLast((one) => one.index === before)
    if (newest?.part !== part || newest.deployment.status !== 'SUCCESSFUL') continue
    // The same release may have been here before: what moved the fleet elsewhere in between has ended that rollout.
    const isOver = listed.some(
      (one) => one.deployment.createdAt > newest.deployment.createdAt && one.part !== parts[one.index],
    )
    // oxlint-disable-next-line no-await-in-loop -- the first that fits ends the search
    if (!isOver && (await release(part)) === own) return newest
  }
  return undefined
}

const handleOf = ({ arn, createdAt }: EcsDeploymentBrief, attached: boolean): RolloutHandle => ({
  id: deploymentId(arn),
  startedAt: createdAt,
  attached,
})

const tries = 8

/** Asks for the first move, and for it again when there is no answer and nothing of it to be seen. */
async function begin(
  { ports, mover, records }: Start,
  name: string,
  index: number,
  part: string,
  since: number,
): Promise<EcsDeploymentBrief> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      const refused = await mover.update(name, part)
      if (refused !== undefined) throw new RampartError('preflight', `${refused}. Nothing was rolled out.`)
      // oxlint-disable-next-line no-await-in-loop
      return await mover.begun(index, part, since)
    } catch (error) {
      if (!(error instanceof RampartError) || !error.passing) throw error
      // oxlint-disable-next-line no-await-in-loop
      await ports.clock.sleep(2000)
      // oxlint-disable-next-line no-await-in-loop
      const listed = await records.deployments(since).catch(() => [])
      const found = listed.findLast((one) => one.index === index && one.part === part)
      if (found !== undefined) return found.deployment
      if (attempt < tries) continue
      throw new RampartError('unknown', `Whether the rollout has started is not known: ${error.message}`, {
        cause: error,
      })
    }
  }
}

/** Begins to move the services to their parts, or takes over where an earlier run has left them. */
export async function startServices(start: Start, revision: Revision, how: StartOptions): Promise<RolloutHandle> {
  const { options, mover, records, ports } = start
  const parts = partsOf(revision)
  const [listed, services] = await Promise.all([records.deployments(), records.services()])
  const active = listed.filter((one) => isActive(one.deployment.status))
  const foreign = active.find((one) => one.part !== parts[one.index])
  if (foreign !== undefined) throw conflict(options, foreign)
  // AWS starts no deployment for a service that has its task definition already, whatever its tasks run.
  const halted = services
    .filter((_, index) => {
      const newest = listed.findLast((one) => one.index === index)
      return newest?.part === parts[index] && newest?.deployment.status === 'STOPPED'
    })
    .map(({ name }) => name)
  const [running] = active
  if (running !== undefined) {
    mover.take(halted, how.back)
    const first = (await beginningOf(start, listed, parts, running.index)) ?? running
    return handleOf(first.deployment, true)
  }
  const forced = how.force ? services.map(({ name }) => name) : halted
  const index = services.findIndex(
    (one, place) => forced.includes(one.name) || partOf(one.taskDefinition) !== parts[place],
  )
  const service = services[index]
  const part = parts[index]
  if (service === undefined || part === undefined) {
    // All are where they should be: only tasks are still on their way out.
    const newest = listed.at(-1)
    return newest === undefined
      ? { id: revision.number, startedAt: ports.clock.now(), attached: true }
      : handleOf(newest.deployment, true)
  }
  how.signal.throwIfAborted()
  mover.take(forced, how.back)
  const before = how.force ? undefined : await beginningOf(start, listed, parts, index)
  // AWS's own time, which need not be ours.
  const since = (listed.findLast((one) => one.index === index)?.deployment.createdAt ?? 0) + 1
  const begun = await begin(start, service.name, index, part, since)
  return before === undefined
    ? handleOf(begun, false)
    : { ...handleOf(before.deployment, true), resumedAt: begun.createdAt }
}
