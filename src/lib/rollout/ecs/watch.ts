import type { Revision } from '../../domain/release.js'
import type { Clock } from '../../ports/clock.js'
import type { Driver, Observation, RolloutHandle } from '../driver.js'
import { EcsFailedStarts } from './failed-starts.js'
import type { EcsMover } from './move.js'
import type { EcsRolloutOptions } from './options.js'
import { partsOf } from './parts.js'
import type { EcsRecords } from './records.js'
import { reasonOf, statusOf } from './say.js'
import { standingOf, type Standing } from './standing.js'
import { survey, type ServiceSurvey, type SurveyPorts } from './survey.js'

/** So long a service may stay between two steps of who moves the rollout before a watcher calls it left. */
const patience = 3 * 60_000

/** What was last seen of a rollout, for those who explain it. */
export interface LastLook {
  readonly services: readonly ServiceSurvey[]
  readonly standing: Standing
}

/** Looks at one rollout over all its services; moves it on when it is this process's to move. */
export class EcsWatch implements Pick<Driver, 'observe'> {
  readonly #options: EcsRolloutOptions
  readonly #ports: SurveyPorts & { readonly clock: Clock }
  readonly #records: EcsRecords
  readonly #mover: EcsMover
  readonly failedStarts = new EcsFailedStarts()
  last: LastLook | undefined

  constructor(
    options: EcsRolloutOptions,
    ports: SurveyPorts & { readonly clock: Clock },
    records: EcsRecords,
    mover: EcsMover,
  ) {
    this.#options = options
    this.#ports = ports
    this.#records = records
    this.#mover = mover
  }

  async observe(handle: RolloutHandle, revision: Revision): Promise<Observation> {
    const seen = await survey(this.#ports, this.#records, this.#options, partsOf(revision), handle.startedAt)
    const intention = this.#mover.intention()
    const services = seen.map((one) =>
      one.forward === undefined && intention.awaits(one)
        ? { ...one, targets: one.targets.map((target) => ({ ...target, isNew: false })) }
        : one,
    )
    const standing = await this.#settle(standingOf(services, intention), services)
    this.last = { services, standing }
    const direction = directionOf(standing)
    const failedStarts = this.failedStarts.look(services, handle.startedAt, direction === 'forward')
    const reason = this.#mover.refusal ?? reasonOf(standing, services)
    const outcome = standing.kind === 'ended' ? standing.outcome : undefined
    return {
      status: statusOf(standing),
      direction,
      ...progressOf(services, outcome === 'succeeded'),
      targets: services.flatMap(({ targets }) => targets),
      failedStarts,
      ...(outcome !== undefined && { outcome }),
      ...(reason !== undefined && { reason }),
    }
  }

  /** Takes the next step, if it is ours to take; a watcher waits a while for whoever does. */
  async #settle(standing: Standing, services: readonly ServiceSurvey[]): Promise<Standing> {
    if (standing.kind !== 'next' && standing.kind !== 'return') return standing
    if (this.#mover.moves) {
      await this.#mover.step(standing)
      return standing
    }
    const newest = services.flatMap(({ forward, back }) => [forward?.finishedAt ?? 0, back?.finishedAt ?? 0])
    if (this.#ports.clock.now() - Math.max(...newest) < patience) return standing
    const outcome = standing.kind === 'next' ? 'cancelled' : 'failed'
    return { kind: 'ended', outcome, leading: standing.leading }
  }
}

function directionOf(standing: Standing): Observation['direction'] {
  if (standing.kind === 'moving') return standing.direction
  if (standing.kind === 'return') return 'back'
  return standing.kind === 'ended' && standing.outcome === 'rolled-back' ? 'back' : 'forward'
}

/** Percent of all wanted tasks that are new and serve, and how many are still to be begun. */
function progressOf(services: readonly ServiceSurvey[], done: boolean): Pick<Observation, 'percentage' | 'remaining'> {
  let [wanted, serving, begun] = [0, 0, 0]
  for (const { service, targets } of services) {
    const fresh = targets.filter(({ isNew, health }) => isNew && health !== 'draining')
    const well = fresh.filter(
      ({ lifecycle, health }) => lifecycle === 'RUNNING' && (health === 'healthy' || health === 'none'),
    )
    wanted += service.desiredCount
    serving += Math.min(service.desiredCount, well.length)
    begun += Math.min(service.desiredCount, fresh.length)
  }
  if (done || wanted === 0) return { percentage: 100, remaining: 0 }
  return { percentage: Math.floor((100 * serving) / wanted), remaining: wanted - begun }
}
