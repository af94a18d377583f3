import type { Config } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import { openImage, type ImageSource } from '../image/inspect/source.js'
import { plannedService } from '../operations/plan-facts.js'
import type { Figures } from '../plan/assumptions.js'
import type { PlannedService, StrategyInputs, StrategyName } from '../plan/strategies.js'
import type { Account } from '../ports/account.js'
import type { Clock } from '../ports/clock.js'
import { openRegistry } from './images.js'

/** What could be read of a project and its environment; what could not is said in `gaps`. */
export interface PlanFacts {
  readonly services: readonly PlannedService[]
  readonly known: Partial<Figures>
  readonly gaps: readonly string[]
}

/** An expected failure becomes what it would have answered, and a gap. */
async function orGap<T>(work: Promise<T>, what: string, gaps: string[]): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    gaps.push(`${what}: ${error.message}`)
    return undefined
  }
}

/** Reads the images that there are and the size of the fleet; nothing of it is needed. */
export async function readPlanFacts(
  config: Config,
  supposed: Figures,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<PlanFacts> {
  const gaps: string[] = []
  const { createAws } = await import('../aws/index.js')
  const { composeDriver } = await import('./driver.js')
  const aws = createAws({ region: config.environment.region })
  const account: Account | undefined = config.environment.registry === undefined ? aws.account : undefined
  const registry = await orGap(openRegistry(config, { account, run: { clock, signal } })(), 'images', gaps)
  const services: PlannedService[] = []
  try {
    for (const service of config.services) {
      const { base, platform, repository } = service
      const open = async (name: string, tag: string): Promise<ImageSource | undefined> =>
        registry &&
        orGap(openImage({ registry, repository: name, reference: tag, name, platform }), `image ${name}:${tag}`, gaps)
      const found = {
        base: base && (await open(base.repository, base.tag)),
        app: await open(repository, 'latest'),
      }
      const sizes = {
        dependencyBytes: supposed.dependencyBytes.value,
        modelBytes: supposed.modelBytes.value,
        appBytes: supposed.appBytes.value,
      }
      const { planned, measured } = plannedService({ name: service.name, models: base?.models ?? [] }, found, sizes)
      if (!measured && registry !== undefined) gaps.push(`image ${base?.repository ?? repository}: it is not there yet`)
      services.push(planned)
    }
  } finally {
    await registry?.close()
  }
  const driver = await composeDriver(config, aws, clock)
  const fleet = registry && (await orGap(driver.plan(), driver.fleet, gaps))
  const targets = fleet && perService(fleet.targets, config)
  return {
    services,
    known: { ...configured(config), ...(targets !== undefined && { targets: measured(targets, driver.fleet) }) },
    gaps,
  }
}

const measured = (value: number, from: string) => ({ value, basis: 'measured' as const, from })

/** Of ECS, every service has tasks of its own. */
const perService = (targets: number, { environment, services }: Config): number =>
  environment.target.kind === 'ecs' ? Math.max(1, Math.round(targets / services.length)) : Math.max(1, targets)

function configured({ environment }: Config): Partial<Figures> {
  const { warmup } = environment.rollout
  return typeof warmup === 'number' ? { warmup: measured(warmup, 'rampart.yml: rollout.warmup') } : {}
}

/** By which rules the environment moves its fleet. */
export function rulesOf({ environment }: Config): StrategyInputs['fleet'] {
  const { target, rollout } = environment
  return {
    kind: target.kind,
    minHealthyPercentage: rollout.minHealthy,
    maxHealthyPercentage: rollout.maxHealthy,
    bakeTime: rollout.bake,
  }
}

/** The strategies that a project follows already, by what its configuration says and its images are. */
export function adoptedStrategies(config: Config, services: readonly PlannedService[]): ReadonlySet<StrategyName> {
  const { environment } = config
  const { infra, target, rollout } = environment
  const hasBases = config.services.every(({ base }) => base !== undefined)
  const adopted: readonly (readonly [StrategyName, boolean])[] = [
    ['full', !hasBases],
    ['thin', hasBases],
    ['proved', hasBases && services.every(({ models }) => models.every(({ isProved }) => isProved))],
    ['warmup', rollout.warmup === 'auto'],
    ['zstd', config.services.every(({ compression }) => compression === 'zstd')],
    ['ecs', target.kind === 'ecs'],
    ['warm-pool', infra?.kind === 'asg' && infra.warmPool !== undefined],
    ['efs', infra?.modelCache !== undefined],
  ]
  return new Set(adopted.filter(([, is]) => is).map(([name]) => name))
}
