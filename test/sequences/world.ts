import { createSecrets } from '../../src/lib/aws/secrets.js'
import { createHash } from 'node:crypto'
import { createEcs } from '../../src/lib/aws/ecs.js'
import { createAws } from '../../src/lib/aws/index.js'
import { createServiceBounds } from '../../src/lib/aws/service-bounds.js'
import { createParameters } from '../../src/lib/aws/parameters.js'
import type { Digest } from '../../src/lib/domain/digest.js'
import { parseImageRef, type ImageRef } from '../../src/lib/domain/image-ref.js'
import type { EventBody } from '../../src/lib/events/event.js'
import { deploy } from '../../src/lib/operations/deploy.js'
import type { ServiceImage } from '../../src/lib/operations/push-images.js'
import { abort } from '../../src/lib/operations/abort.js'
import { chooseWanted, takeBearings } from '../../src/lib/operations/bearings.js'
import { returnChecks } from '../../src/lib/operations/rollback-checks.js'
import { rollback } from '../../src/lib/operations/rollback.js'
import { ReleaseKeeper } from '../../src/lib/operations/release-steps.js'
import { Interruption, runOperation, type Ended, type RunContext } from '../../src/lib/operations/run.js'
import { startRehearsal, type Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import type { RehearsedFleet } from '../../src/lib/rehearsal/setup.js'
import type { Switches } from '../../src/lib/rehearsal/world/switches.js'
import { decodeUserData, imagesInUserData } from '../../src/lib/rehearsal/world/user-data.js'
import type { Release, ReleaseImage } from '../../src/lib/domain/release.js'
import { makeRelease } from '../../src/lib/release/make-release.js'
import type { ReleaseRecord } from '../../src/lib/domain/release-record.js'
import { Ledger } from '../../src/lib/release/ledger.js'
import { hold } from '../../src/lib/release/hold.js'
import { Lock, type Claim } from '../../src/lib/release/lock.js'
import { createAsgDriver } from '../../src/lib/rollout/asg/driver.js'
import type { Driver } from '../../src/lib/rollout/driver.js'
import { createEcsDriver } from '../../src/lib/rollout/ecs/driver.js'
import { EventClock } from './event-clock.js'
import { Process, type Death } from './process.js'

export type Platform = 'asg' | 'ecs'

const region = 'us-west-2'
const services = ['api', 'ui'] as const
type Service = (typeof services)[number]
const repositories = services.map((service) => `shop/${service}`)
const app = 'shop'
const environment = 'production'
const fleetName = 'shop-production'
const desired = 2

/** What each service is to run; a letter for each image. Lower-case ones are in no registry: whoever is to run them fails. */
export type Letters = Readonly<Record<Service, string>>

export const isGood = (letter: string): boolean => letter === letter.toUpperCase()

export interface Run {
  readonly ended: Ended | 'died'
  readonly events: readonly EventBody[]
  readonly process: Process
  /** What served when it ended. */
  readonly fleet: Fleet
  /** Counts all calls and ends of a world: its first change of what the fleet runs, if there was one, and its end. */
  readonly moved: number | undefined
  readonly place: number
}

/** What runs now: the letters of each target, sorted, by service. On EC2 every target runs all services. */
export type Fleet = Readonly<Record<Service, readonly string[]>>

/** The fleet that a release makes. */
export const fleetOf = ({ api, ui }: Letters): Fleet => ({
  api: Array.from({ length: desired }, () => api),
  ui: Array.from({ length: desired }, () => ui),
})

const place = { app, environment }

const fleets: Readonly<Record<Platform, RehearsedFleet>> = {
  asg: { group: { name: fleetName, desired, min: 0, max: 2 * desired } },
  ecs: {
    ecs: {
      cluster: fleetName,
      services: services.map((service) => ({
        name: `shop-${service}`,
        taskFamily: `shop-${service}`,
        container: service,
        service,
        desired,
        launchType: 'FARGATE',
      })),
    },
  },
}

/** Machines that are quick at everything, so that a rollout takes few looks. */
const switches: Partial<Switches> = {
  launchSeconds: 2,
  bootSeconds: 2,
  registrationSeconds: 2,
  refreshPendingSeconds: 2,
  shutdownSeconds: 2,
  deregistrationDelaySeconds: 5,
  taskProvisioningSeconds: 2,
  taskActivatingSeconds: 1,
  healthCheckIntervalSeconds: 5,
  healthCheckGraceSeconds: 20,
  trafficSeconds: 0,
}

/** Calls that change what a fleet runs; making something that it could run is none of them. */
export const moves =
  /^(?:startInstanceRefresh|rollbackInstanceRefresh|cancelInstanceRefresh|updateService|rollBackServiceDeployment|stopServiceDeployment)$/

/** What a run of rampart may be told, and what may become of it. */
export interface RunOptions {
  readonly death?: Death
  /** Leaves, as Ctrl-C does, with the nth call. */
  readonly leaveAt?: number
  /** Waits for a lock that another one has. */
  readonly waits?: boolean
  /** Deploys although deploys are held. */
  readonly releasesHold?: boolean
  /** Runs with the nth call, before it is made. */
  readonly at?: { readonly call: number; readonly run: () => void }
}

type Operation = (context: RunContext, parts: Parts) => Promise<Ended>

/** What operations are put together from. */
interface Parts {
  readonly driver: Driver
  /** From now on changes need the lock. */
  readonly guard: () => void
  /** Waits at least so long for it, in milliseconds. */
  readonly waitsFor: (atLeast: number) => void
  readonly keeper: ReleaseKeeper
  readonly parameters: ReturnType<typeof createAws>['parameters']
}

const patience = () => ({ timeout: 30 * 60_000, maxFailedStarts: 2 })

/** A rehearsal of one fleet and everything that happens to it, in this process and on a clock of its own. */
export class World {
  readonly clock = new EventClock()
  readonly #platform: Platform
  #cloud: Rehearsal | undefined
  readonly #errors: unknown[] = []
  readonly #letters = new Map<string, string>()
  readonly #registryHost = (): Promise<string> => Promise.resolve(this.cloud.registryHost)
  #processes = 0
  #count = 0

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Starts the rehearsal; `close` ends it. */
  async open(directory: string): Promise<void> {
    this.#cloud = await startRehearsal({
      directory,
      setup: {
        app,
        environment,
        region,
        accountId: '123456789012',
        ...fleets[this.#platform],
        logGroup: '/shop',
        alarms: [],
        services: services.map((name, index) => ({
          name,
          repository: `shop/${name}`,
          livePath: '/',
          readyPath: '/',
          port: 3000 + index,
        })),
      },
      scenario: 'healthy',
      now: () => this.clock.now(),
      onError: (error) => this.#errors.push(error),
      switches,
    })
    const { previousImages } = this.cloud
    for (const service of services) this.#letters.set(previousImages[`shop/${service}`] ?? '', 'P')
    Object.assign(process.env, this.cloud.environment)
  }

  async close(): Promise<void> {
    await this.cloud.close()
    if (this.#errors.length > 0) throw new AggregateError(this.#errors, 'the rehearsal itself failed')
  }

  get cloud(): Rehearsal {
    if (this.#cloud === undefined) throw new Error('the world is not open')
    return this.#cloud
  }

  /** Deploys the images of those letters. */
  deploy(letters: Letters, options: RunOptions): Promise<Run> {
    return this.#run('deploy', options, async (context, { driver, keeper, guard }) => {
      guard()
      return deploy(
        {
          app,
          environment,
          images: this.#images(letters),
          driver,
          keeper,
          patience,
          force: false,
          accountChecks: () => Promise.resolve([]),
          registryHost: this.#registryHost,
          repositories,
          comeBack: 'rampart deploy',
        },
        context,
      )
    })
  }

  /** Goes back: to that release, else to where `rollback` goes by itself. */
  rollback(to: Letters | undefined, options: RunOptions): Promise<Run> {
    return this.#run('rollback', options, async (context, { driver, keeper, guard, waitsFor, parameters }) => {
      const request = {
        app,
        environment,
        driver,
        records: () => new Ledger(parameters, place).list(),
        registryHost: this.#registryHost,
        services: services.map((service) => ({ service, repository: `shop/${service}` })),
      }
      const bearings = await takeBearings(request)
      // Who turns a rollout waits for the run that had begun it to see that.
      if (bearings.running !== undefined) waitsFor(10 * 60_000)
      const wanted = await chooseWanted(request, bearings, { to: to && this.#releaseOf(to).id })
      return rollback(
        {
          driver,
          bearings,
          wanted,
          keeper,
          guard,
          hold: (reason) => hold(parameters, place, { reason, by: 'somebody', at: '' }),
          checks: () =>
            returnChecks(wanted, {
              driver,
              registryHost: this.#registryHost,
              repositories,
              imageState: (image) =>
                Promise.resolve(
                  this.cloud.registry.catalog.find(
                    image.repository.slice(image.repository.indexOf('/') + 1),
                    image.digest,
                  ) && 'ACTIVE',
                ),
              originOf: () => Promise.resolve(undefined),
              models: new Map(),
              parameter: (name) => parameters.get(name),
              secrets: createSecrets({ region }),
            }),
          patience,
          registryHost: this.#registryHost,
          repositories,
          comeBack: 'rampart rollback',
        },
        context,
      )
    })
  }

  /** Stops what is under way, and goes back or stays. */
  abort(goesBack: boolean, options: RunOptions): Promise<Run> {
    return this.#run('abort', options, async (context, { driver }) =>
      abort(
        {
          driver,
          goesBack,
          registryHost: this.#registryHost,
          repositories,
          comeBack: 'rampart monitor',
        },
        context,
      ),
    )
  }

  /** Until nothing moves any more and no lock is kept. */
  async rest(): Promise<void> {
    await this.clock.until(this.clock.sleep(3 * 3_600_000))
    this.cloud.world.advanceTo(this.clock.now())
  }

  /** What runs now, or is on its way to. */
  fleet(): Fleet {
    const { state } = this.cloud.world
    const found: Record<Service, string[]> = { api: [], ui: [] }
    const note = (reference: ImageRef): void => {
      const service = services.find((one) => reference.repository === `shop/${one}`)
      if (service !== undefined) found[service].push(this.#letters.get(reference.digest ?? '') ?? 'P')
    }
    if (this.#platform === 'asg') {
      for (const { template: used, lifecycle } of state.group.instances) {
        if (lifecycle !== 'Pending' && lifecycle !== 'InService') continue
        const template = state.templates.find(({ id }) => id === used.id)
        const version = template?.versions.find(({ number }) => number === used.version)
        imagesInUserData(decodeUserData(version?.data.UserData), this.cloud.registryHost).forEach(note)
      }
    } else {
      for (const { desired: wanted, status, containers } of state.ecs.tasks) {
        if (wanted !== 'RUNNING' || status === 'STOPPED') continue
        for (const { image } of containers) {
          const reference = parseImageRef(image)
          if (reference !== undefined) note(reference)
        }
      }
    }
    return { api: found.api.toSorted(), ui: found.ui.toSorted() }
  }

  /** How many rollouts the platform has begun. A call for one that is still on its way counts for nothing. */
  get rollouts(): number {
    const { refreshes, ecs } = this.cloud.world.state
    return refreshes.length + ecs.services.flatMap((service) => service.deployments).length
  }

  /** True when the platform has nothing under way. */
  isStill(): boolean {
    const { refreshes, ecs } = this.cloud.world.state
    const deployments = ecs.services.flatMap((service) => service.deployments.at(-1)?.finishedAt ?? [])
    const isRolling = refreshes.some(({ endTime }) => endTime === undefined)
    return !isRolling && deployments.length === ecs.services.length
  }

  /** Who holds the lock of the environment. */
  lockHolder(): Promise<Claim | undefined> {
    return new Lock(this.#parameters(), this.clock, place).holder()
  }

  /** The records of the environment, newest first. */
  ledger(): Promise<readonly ReleaseRecord[]> {
    return new Ledger(this.#parameters(), place).list()
  }

  #parameters(): ReturnType<typeof createParameters> {
    return createParameters({ region, maxAttempts: 1 })
  }

  #releaseOf(letters: Letters): Release {
    return makeRelease(
      app,
      environment,
      services.map((service) => this.#image(service, letters)),
    )
  }

  #image(service: Service, letters: Letters): ReleaseImage {
    const repository = `${this.cloud.registryHost}/shop/${service}`
    return { service, repository, digest: this.#digest(service, letters[service]) }
  }

  #images(letters: Letters): readonly ServiceImage[] {
    return services.map((service) => ({
      service,
      build: () => Promise.resolve(this.#image(service, letters)),
      push: () => Promise.resolve({ uploadedLayerBytes: 0 }),
    }))
  }

  /** One that is in no registry is only a name. */
  #digest(service: Service, letter: string): Digest {
    const name = `${service} ${letter}`
    const digest: Digest = isGood(letter)
      ? this.cloud.registry.storeImage({
          repository: `shop/${service}`,
          layers: [{ phantom: { name, size: 1_000_000 } }],
        }).digest
      : `sha256:${createHash('sha256').update(name).digest('hex')}`
    this.#letters.set(digest, letter)
    return digest
  }

  #driver(owned: Process, aws: ReturnType<typeof createAws>, beforeChange: () => Promise<void>): Driver {
    const ports = { ...owned.own(aws), clock: owned.clock }
    if (this.#platform === 'asg') {
      const options = {
        minHealthyPercentage: 100,
        maxHealthyPercentage: 200,
        warmup: 0,
        bakeTime: 0,
        checkpointPercentages: [],
        alarms: [],
      }
      return createAsgDriver(fleetName, options, ports, undefined)
    }
    const ecs = owned.own(createEcs({ region, maxAttempts: 1, beforeChange }))
    const bounds = () => Promise.resolve(createServiceBounds({ region, maxAttempts: 1 }))
    const options = {
      cluster: fleetName,
      services: services.map((service) => ({
        service,
        name: `shop-${service}`,
        repository: `shop/${service}`,
        platform: 'linux/amd64' as const,
      })),
      change: { minimumHealthyPercent: 100, maximumPercent: 200, alarms: [] },
    }
    return createEcsDriver(options, { ...ports, ecs, bounds }, undefined)
  }

  async #run(
    command: string,
    { death, leaveAt, at, waits = false, releasesHold = false }: RunOptions,
    operation: Operation,
  ): Promise<Run> {
    const owned = new Process(this.clock, death)
    this.#processes += 1
    const by = `process-${this.#processes}`
    let isGuarded = false
    const beforeChange = async (): Promise<void> => (isGuarded ? keeper.requireLock() : undefined)
    const aws = createAws({ region, maxAttempts: 1, beforeChange })
    const parameters = owned.own(aws.parameters)
    const settings = {
      place,
      parameters,
      clock: owned.clock,
      command,
      runner: () => Promise.resolve({ by, host: 'here' }),
      lockWait: waits ? 15 * 60_000 : 0,
      releaseHold: releasesHold,
    }
    const keeper = new ReleaseKeeper(settings)
    const events: EventBody[] = []
    const controller = new AbortController()
    let moved: number | undefined
    owned.onCall((n) => {
      this.#count += 1
      if (moves.test(owned.made.at(-1) ?? '')) moved ??= this.#count
      if (n === leaveAt) controller.abort(new Interruption('SIGINT'))
      if (n === at?.call) at.run()
    })
    const context: RunContext = {
      clock: owned.clock,
      signal: controller.signal,
      emit: (event) => events.push(event),
    }
    const about = { command, app, environment, simulation: 'test' }
    const driver = this.#driver(owned, aws, beforeChange)
    const guard = (): void => {
      isGuarded = true
    }
    const waitsFor = (atLeast: number): void => {
      settings.lockWait = Math.max(settings.lockWait, atLeast)
    }
    const work = runOperation(context, about, () => operation(context, { driver, guard, waitsFor, keeper, parameters }))
    const ended = await this.clock.until(Promise.race([work, owned.died]))
    if (ended !== 'died' && ended.ending === 'bug') throw ended.error
    this.#count += 1
    return { ended, events, process: owned, fleet: this.fleet(), moved, place: this.#count }
  }
}
