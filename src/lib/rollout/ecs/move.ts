import { RampartError } from '../../errors/rampart-error.js'
import type { Clock } from '../../ports/clock.js'
import type { Ecs, EcsDeploymentBrief, EcsDeploymentChange } from '../../ports/ecs.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf } from './parts.js'
import type { EcsRecords } from './records.js'
import type { Intention, Standing } from './standing.js'
import type { ServiceSurvey } from './survey.js'

export interface MovePorts {
  readonly ecs: Ecs
  readonly clock: Clock
}

/** What was asked of AWS can lag behind; so long a deployment that was asked for may not be listed yet. */
const listingLag = 60_000

/** What served before needs no traffic by degrees, and no bake. */
function atOnce(change: EcsDeploymentChange): EcsDeploymentChange {
  const { bakeTimeInMinutes: bake, strategy, ...others } = change
  const isByDegrees = strategy?.kind === 'CANARY' || strategy?.kind === 'LINEAR'
  return {
    ...others,
    ...(bake !== undefined && { bakeTimeInMinutes: 0 }),
    ...(strategy !== undefined && { strategy: isByDegrees ? { kind: 'BLUE_GREEN' } : strategy }),
  }
}

/** Moves one service after the other, and takes them back when one fails. Each step looks first, so that it can be repeated. */
export class EcsMover {
  readonly #options: EcsRolloutOptions
  readonly #ports: MovePorts
  readonly #records: EcsRecords
  /** When each service was last asked to move, by its name. */
  readonly #asked = new Map<string, number>()
  /** Services that are to be replaced though nothing of them changes. */
  readonly #forced = new Set<string>()
  #change: EcsDeploymentChange
  #goBack = false
  #refusal: string | undefined
  #moves = false

  constructor(options: EcsRolloutOptions, ports: MovePorts, records: EcsRecords) {
    this.#options = options
    this.#change = options.change
    this.#ports = ports
    this.#records = records
  }

  /** True when this process is the one that moves the rollout on; who only watches changes nothing. */
  get moves(): boolean {
    return this.#moves
  }

  /** Takes the rollout over; `forced` services are replaced in any case, and on the way `back` traffic shifts at once. */
  take(forced: readonly string[], back = false): void {
    this.#moves = true
    // What was taken back before is another rollout.
    this.#goBack = false
    this.#refusal = undefined
    if (back) this.#change = atOnce(this.#options.change)
    for (const name of forced) this.#forced.add(name)
  }

  /** From now on everything that was moved is to go back. */
  turn(): void {
    this.#moves = true
    this.#goBack = true
    this.#asked.clear()
    this.#forced.clear()
  }

  /** What AWS refused on the way, because of which everything goes back. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  intention(): Intention {
    return {
      goBack: this.#goBack,
      awaits: ({ forward, service: { name } }) =>
        forward === undefined && (this.#forced.has(name) || this.#isAsked(name)),
    }
  }

  async step(standing: Extract<Standing, { kind: 'next' | 'return' }>): Promise<void> {
    if (standing.kind === 'next') return this.#forward(standing.leading)
    for (const one of standing.services) {
      // oxlint-disable-next-line no-await-in-loop -- in the reverse of their order
      await this.#back(one)
    }
  }

  /** Asks AWS to move the service to the task definition; gives why it will not. */
  async update(name: string, part: string): Promise<string | undefined> {
    const { cluster } = this.#options
    const force = this.#forced.has(name)
    if (force) this.#asked.set(name, this.#ports.clock.now())
    const request = { cluster, service: name, taskDefinition: part, force, configuration: this.#change }
    const { refused } = await this.#ports.ecs.updateService(request)
    this.#forced.delete(name)
    this.#asked.set(name, this.#ports.clock.now())
    return refused && `AWS refused to move ${name}: ${refused.message} (${refused.code})`
  }

  /** The deployment that moves the service there, made at `since` or later, as soon as AWS lists it. */
  async begun(index: number, part: string, since: number): Promise<EcsDeploymentBrief> {
    const deadline = this.#ports.clock.now() + listingLag
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- asked until it is there
      const listed = await this.#records.deployments(since)
      const found = listed.findLast((one) => one.index === index && one.part === part)
      if (found !== undefined) return found.deployment
      if (this.#ports.clock.now() >= deadline) {
        throw new RampartError('unknown', `AWS does not list the deployment of ${part} that was asked for.`)
      }
      // oxlint-disable-next-line no-await-in-loop
      await this.#ports.clock.sleep(2000)
    }
  }

  async #forward({ service, part }: ServiceSurvey): Promise<void> {
    // A forced move that was asked twice would be made twice: one that is not listed yet is waited for.
    if (this.#isAsked(service.name)) return
    const refused = await this.update(service.name, part)
    if (refused === undefined) return
    this.#refusal = refused
    this.#goBack = true
  }

  async #back(one: ServiceSurvey): Promise<void> {
    const { name, taskDefinition } = one.service
    const source = await this.sourceOf(one)
    if (source === undefined || partOf(taskDefinition) === source || this.#isAsked(name)) return
    const refused = await this.update(name, source)
    if (refused !== undefined) throw new RampartError('attention', `${refused}; it stays on ${one.part}.`)
  }

  /** What the service was on before the rollout moved it. */
  async sourceOf({ forward, part, options }: ServiceSurvey): Promise<string | undefined> {
    if (forward === undefined) return undefined
    const parts = await this.#records.partsOf(forward.sourceRevisionArns)
    const sources = forward.sourceRevisionArns.map((arn) => parts.get(arn)).filter((one) => one !== undefined)
    if (sources.length === 1) return sources[0]
    // Several: an earlier deployment was interrupted. The last one that was completed is what served.
    const index = this.#options.services.indexOf(options)
    const earlier = (await this.#records.deployments()).findLast(
      (one) =>
        one.index === index &&
        one.deployment.createdAt < forward.createdAt &&
        one.deployment.status === 'SUCCESSFUL' &&
        one.part !== part,
    )
    return earlier?.part ?? sources.find((source) => source !== part)
  }

  #isAsked(name: string): boolean {
    return this.#ports.clock.now() - (this.#asked.get(name) ?? -Infinity) < listingLag
  }
}
