import { createSecrets } from '../../src/lib/aws/secrets.js'
import { createAws } from '../../src/lib/aws/index.js'
import type { EventBody } from '../../src/lib/events/event.js'
import { abort } from '../../src/lib/operations/abort.js'
import { chooseWanted, takeBearings, type BearingsRequest } from '../../src/lib/operations/bearings.js'
import type { DeployRequest } from '../../src/lib/operations/deploy.js'
import { ReleaseKeeper } from '../../src/lib/operations/release-steps.js'
import { returnChecks, type ReturnPorts } from '../../src/lib/operations/rollback-checks.js'
import { rollback, type RollbackRequest } from '../../src/lib/operations/rollback.js'
import type { ReleaseVerifier } from '../../src/lib/operations/verify-release.js'
import { runOperation, type Ended, type RunContext } from '../../src/lib/operations/run.js'
import { scale, type ScaleRequest } from '../../src/lib/operations/scale.js'
import type { Clock } from '../../src/lib/ports/clock.js'
import type { Parameters } from '../../src/lib/ports/parameters.js'
import type { Rehearsal } from '../../src/lib/rehearsal/cloud.js'
import { hold, readHold } from '../../src/lib/release/hold.js'
import { Ledger } from '../../src/lib/release/ledger.js'
import { heartbeat } from '../../src/lib/release/lock.js'
import type { Driver } from '../../src/lib/rollout/driver.js'
import { clusterName, startCluster, type ClusterOptions } from '../rollout/ecs/support.js'
import {
  groupName,
  region,
  startFleet,
  type FleetOptions,
  type Run,
  type SharedClock,
} from '../rollout/support/fleet.js'

/** A heart does not move the time: it beats when others have moved it. */
function besideOf(clock: SharedClock): Clock {
  const waiting: { readonly until: number; readonly go: () => void }[] = []
  const before = clock.meanwhile
  clock.meanwhile = async (n) => {
    for (const one of waiting.splice(0)) {
      if (clock.now() >= one.until) one.go()
      else waiting.push(one)
    }
    await before(n)
  }
  return {
    now: () => clock.now(),
    async sleep(milliseconds, signal) {
      if (milliseconds !== heartbeat) return clock.sleep(milliseconds, signal)
      await new Promise<void>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
        waiting.push({ until: clock.now() + milliseconds, go: resolve })
      })
    },
  }
}

/** Options of one run. */
export interface StageRun {
  readonly onEvent?: (event: EventBody) => void
  readonly controller?: AbortController
}

export interface RollbackOptions extends StageRun {
  readonly to?: string
  readonly lastProved?: boolean
  /** Of the checks, in place of what the registry says. */
  readonly ports?: Partial<ReturnPorts>
  readonly verifier?: ReleaseVerifier
  readonly lockWait?: number
}

/** An environment on one of the platforms, with everything that a person may do to it. */
export interface Stage {
  readonly cloud: Rehearsal
  readonly clock: SharedClock
  readonly parameters: Parameters
  readonly ledger: Ledger
  driver(): Driver
  /** Deploys the images of a letter, under lock and ledger. */
  deploy(
    letter: string,
    options?: StageRun & {
      readonly releaseHold?: boolean
      readonly force?: boolean
      readonly request?: Partial<DeployRequest>
    },
  ): Promise<Run>
  rollback(options?: RollbackOptions): Promise<Run>
  abort(options?: StageRun & { readonly goesBack?: boolean }): Promise<Run>
  scale(desired: number, options?: StageRun & Partial<ScaleRequest>): Promise<Run>
  hold(): ReturnType<typeof readHold>
  /** What serves, by service: the letters of the images, or `?` for images of no deploy of this stage. */
  serves(): Readonly<Record<string, readonly string[]>>
}

interface Platform {
  readonly app: string
  readonly cloud: Rehearsal
  readonly clock: SharedClock
  readonly region: string
  readonly services: BearingsRequest['services']
  driver(): Driver
  run(
    letter: string,
    options: { readonly force: boolean; readonly request: Partial<DeployRequest> } & StageRun,
  ): Promise<Run>
  digest(service: string, letter: string): string
  digests(service: string): readonly string[]
}

function stage(platform: Platform): Stage {
  const { app, cloud, clock, services } = platform
  const place = { app, environment: 'production' }
  const { parameters, account } = createAws({ region: platform.region, maxAttempts: 3 })
  const ledger = new Ledger(parameters, place)
  const beside = besideOf(clock)
  const letters = new Map<string, string>()
  const registryHost = (): Promise<string> => Promise.resolve(cloud.registryHost)
  const repositories = services.map(({ repository }) => repository)
  let runs = 0

  const keeperOf = (command: string, options: { readonly releaseHold?: boolean; readonly lockWait?: number } = {}) => {
    runs += 1
    const host = `machine-${runs}`
    return new ReleaseKeeper({
      place,
      parameters,
      clock: beside,
      command,
      runner: () => Promise.resolve({ by: 'somebody', host }),
      lockWait: options.lockWait ?? 0,
      releaseHold: options.releaseHold === true,
    })
  }

  const operate = async (
    command: string,
    { onEvent, controller = new AbortController() }: StageRun,
    body: (run: RunContext) => Promise<Ended>,
  ): Promise<Run> => {
    const events: EventBody[] = []
    const emit = (event: EventBody): void => {
      events.push(event)
      onEvent?.(event)
    }
    const run = { clock, signal: controller.signal, emit }
    const about = { command, app, environment: 'production', simulation: 'test' }
    const ended = await runOperation(run, about, () => body(run))
    if (ended.ending === 'bug') throw ended.error
    return { ended, events }
  }

  const bearingsRequest = (driver: Driver): BearingsRequest => ({
    app,
    environment: 'production',
    driver,
    records: () => ledger.list(),
    registryHost,
    services,
  })

  const own: Stage = {
    cloud,
    clock,
    parameters,
    ledger,
    driver: () => platform.driver(),
    async deploy(letter, { releaseHold = false, force = false, request = {}, ...others } = {}) {
      for (const { service } of services) letters.set(platform.digest(service, letter), letter)
      const keeper = keeperOf('deploy', { releaseHold })
      return platform.run(letter, { ...others, force, request: { keeper, ...request } })
    },
    async rollback({ to, lastProved = false, ports, verifier, lockWait = 0, ...others } = {}) {
      return operate('rollback', others, async (run) => {
        const driver = platform.driver()
        const request = bearingsRequest(driver)
        const bearings = await takeBearings(request)
        const wanted = await chooseWanted(request, bearings, { to, lastProved })
        const keeper = keeperOf('rollback', { lockWait })
        const checks: RollbackRequest['checks'] = () =>
          returnChecks(wanted, {
            driver,
            registryHost,
            repositories,
            imageState: ({ repository, digest }) =>
              account.imageState(repository.slice(repository.indexOf('/') + 1), digest),
            originOf: () => Promise.resolve(undefined),
            models: new Map(),
            parameter: (name) => parameters.get(name),
            secrets: createSecrets({ region: platform.region }),
            ...ports,
          })
        return rollback(
          {
            driver,
            bearings,
            wanted,
            keeper,
            ...(verifier !== undefined && { verifier }),
            checks,
            registryHost,
            repositories,
            patience: () => ({ timeout: 4 * 3_600_000, maxFailedStarts: 3 }),
            hold: (reason) =>
              hold(parameters, place, { reason, by: 'somebody', at: new Date(clock.now()).toISOString() }),
            comeBack: 'rampart rollback -c rampart.yml',
          },
          run,
        )
      })
    },
    async abort({ goesBack = true, ...others } = {}) {
      const request = { driver: platform.driver(), registryHost, repositories, comeBack: 'rampart monitor', goesBack }
      return operate('abort', others, (run) => abort(request, run))
    },
    async scale(desired, { onEvent, controller, ...others } = {}) {
      const request: ScaleRequest = {
        driver: platform.driver(),
        desired,
        accountChecks: () => Promise.resolve([]),
        keeper: keeperOf('scale'),
        comeBack: `rampart scale ${desired}`,
        ...others,
      }
      const watching = { ...(onEvent !== undefined && { onEvent }), ...(controller !== undefined && { controller }) }
      return operate('scale', watching, (run) => scale(request, run))
    },
    hold: () => readHold(parameters, place),
    serves: () =>
      Object.fromEntries(
        services.map(({ service }) => [
          service,
          [...new Set(platform.digests(service))].map((digest) => letters.get(digest) ?? '?').toSorted(),
        ]),
      ),
  }
  return own
}

/** An Auto Scaling group of four instances. */
export async function groupStage(options: FleetOptions = {}): Promise<Stage> {
  const fleet = await startFleet(options)
  return stage({
    app: 'rampart-ai',
    cloud: fleet.cloud,
    clock: fleet.clock,
    region,
    services: ['backend', 'frontend'].map((service) => ({ service, repository: `rampart-${service}` })),
    driver: () => fleet.driver(),
    run: (letter, { force, request, ...others }) => fleet.run({ release: letter, force, request, ...others }),
    digest: (service, letter) => fleet.release(letter).images.find((one) => one.service === service)?.digest ?? '',
    digests: (service) => fleet.live().map((instance) => fleet.serves(instance)[`rampart-${service}`] ?? 'none'),
  })
}

const name = (service: string): 'api' | 'ui' => (service === 'api' ? 'api' : 'ui')

/** Two services on Fargate with two tasks each. */
export async function clusterStage(options: ClusterOptions = {}): Promise<Stage> {
  const cluster = await startCluster(options)
  return stage({
    app: 'finbert-rag',
    cloud: cluster.cloud,
    clock: cluster.clock,
    region: 'ap-south-1',
    services: ['api', 'ui'].map((service) => ({ service, repository: `finbert-rag/${service}` })),
    driver: () => cluster.driver(),
    run: (letter, { force, request, ...others }) =>
      cluster.run({ release: { api: letter, ui: letter }, force, request, maxFailedStarts: 3, ...others }),
    digest: (service, letter) => cluster.digest(name(service), letter),
    digests: (service) => cluster.serves()[name(service)],
  })
}

/** Both platforms, by the name of what is rolled. */
export const stages = [
  [groupName, groupStage],
  [clusterName, clusterStage],
] as const
