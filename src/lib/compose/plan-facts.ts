import type { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import { ecsOptions } from './driver.js'
import { RampartError } from '../errors/rampart-error.js'
import { openImage, type ImageSource } from '../image/inspect/source.js'
import { describeService } from '../operations/plan-facts.js'
import { figuresOf, type Figures } from '../plan/assumptions.js'
import type { PlannedService, StrategyInputs, StrategyName } from '../plan/strategies.js'
import type { Account } from '../ports/account.js'
import type { Clock } from '../ports/clock.js'
import type { Surroundings } from '../rollout/surroundings.js'
import { openRegistry } from './images.js'
import { learnedFigures } from './learned-figures.js'

type Aws = ReturnType<typeof createAws>

/** What could be read of a project and its environment; what could not is said in `gaps`. */
export interface PlanFacts {
  readonly services: readonly PlannedService[]
  readonly known: Partial<Figures>
  /** Whether every base is in the registry; undefined when nobody could be asked. */
  readonly hasBases: boolean | undefined
  /** Undefined when nobody could be asked, or the platform knows none. */
  readonly hasWarmPool: boolean | undefined
  /** What its instances are; undefined where it has none, or nobody could be asked. */
  readonly instanceType: string | undefined
  readonly gaps: readonly string[]
}

/** An expected failure becomes what it would have answered, and a gap. */
export async function orGap<T>(work: Promise<T>, what: string, gaps: string[]): Promise<T | undefined> {
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
  const { createAws: openAws } = await import('../aws/index.js')
  const aws: Aws = openAws({ region: config.environment.region })
  const account: Account | undefined = config.environment.registry === undefined ? aws.account : undefined
  const registry = await orGap(openRegistry(config, { account, run: { clock, signal } })(), 'images', gaps)
  const services: PlannedService[] = []
  let missing = 0
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
      const { planned, measured } = describeService({ name: service.name, models: base?.models ?? [] }, found, supposed)
      if (base !== undefined && found.base === undefined) missing += 1
      if (!measured && registry !== undefined) gaps.push(`image ${base?.repository ?? repository}: it is not there yet`)
      services.push(planned)
    }
  } finally {
    await registry?.close()
  }
  const fleet = registry && (await readFleet(config, aws, gaps))
  const known = fleet?.known ?? configured(config)
  const learned = fleet && (await orGap(learnedFigures(config, aws, figuresOf(known)), 'earlier deploys', gaps))
  const rented = fleet?.surroundings.rented
  return {
    services,
    known: learned ?? known,
    hasBases: registry && missing === 0,
    hasWarmPool: fleet?.surroundings.hasWarmPool,
    instanceType: rented?.kind === 'instance' ? rented.type : undefined,
    gaps,
  }
}

/** What surrounds the fleet of an environment, and the figures that follow from it. */
export interface FleetFacts {
  readonly surroundings: Surroundings
  readonly known: Partial<Figures>
}

/** Reads what surrounds the fleet; undefined, and a gap, where that can not be read. */
export async function readFleet(config: Config, aws: Aws, gaps: string[]): Promise<FleetFacts | undefined> {
  const { target } = config.environment
  const name = target.kind === 'asg' ? target.group : target.cluster
  const surroundings = await orGap(surround(config, aws), name, gaps)
  if (surroundings === undefined) return undefined
  const { targetGroups } = surroundings
  const draining = await orGap(aws.loadBalancing.drainingOf(targetGroups), 'deregistration delay', gaps)
  const { healthCheckInterval, parts, warmup, rented } = surroundings
  const targets = parts.reduce((all, { desired }) => all + desired, 0) / Math.max(1, parts.length)
  const known: Partial<Figures> = {
    ...(warmup !== undefined && { warmup: measured(warmup, name) }),
    ...configured(config),
    targets: measured(Math.max(1, Math.round(targets)), name),
    ...(healthCheckInterval !== undefined && {
      healthCheckInterval: measured(healthCheckInterval, 'its target groups'),
    }),
    ...(draining !== undefined && { draining: measured(1000 * draining, 'its target groups') }),
    ...(rented?.kind === 'task' && {
      taskVcpu: measured(rented.vcpu, 'its task definitions'),
      taskMemory: measured(rented.memory, 'its task definitions'),
    }),
  }
  return { surroundings, known }
}

async function surround(config: Config, aws: Aws): Promise<Surroundings> {
  const { target, region } = config.environment
  if (target.kind === 'asg') {
    const { surroundGroup } = await import('../rollout/asg/surroundings.js')
    return surroundGroup(target.group, aws)
  }
  const [{ createEcs }, { surroundServices }] = await Promise.all([
    import('../aws/ecs.js'),
    import('../rollout/ecs/surroundings.js'),
  ])
  return surroundServices(ecsOptions(config, target), { ...aws, ecs: createEcs({ region }) })
}

const measured = (value: number, from: string) => ({ value, basis: 'measured' as const, from })

function configured({ environment }: Config): Partial<Figures> {
  const { warmup } = environment.rollout
  return typeof warmup === 'number' ? { warmup: measured(warmup, 'rampart.yml: rollout.warmup') } : {}
}

/** By which rules the environment moves its fleet. */
export function rulesOf({ environment }: Config, { alarmBake }: Figures): StrategyInputs['fleet'] {
  const { target, rollout } = environment
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html: where there are alarms
  // and nobody says how long they are to be watched, AWS does.
  const isWatched = target.kind === 'ecs' && rollout.alarms.length > 0
  return {
    kind: target.kind,
    minHealthyPercentage: rollout.minHealthy,
    maxHealthyPercentage: rollout.maxHealthy,
    bakeTime: rollout.bake === 0 && isWatched ? alarmBake.value : rollout.bake,
  }
}

/** The strategies that a project follows already, by what its configuration says and what is there of it. */
export function adoptedStrategies(config: Config, facts: PlanFacts): ReadonlySet<StrategyName> {
  const { environment } = config
  const { services, hasWarmPool } = facts
  const { infra, target, rollout } = environment
  // What cannot be seen is believed.
  const hasBases = config.services.every(({ base }) => base !== undefined) && facts.hasBases !== false
  const adopted: readonly (readonly [StrategyName, boolean])[] = [
    ['full', !hasBases],
    ['thin', hasBases],
    ['proved', hasBases && services.every(({ models }) => models.every(({ isProved }) => isProved))],
    ['warmup', rollout.warmup === 'auto'],
    ['zstd', config.services.every(({ compression }) => compression === 'zstd')],
    ['ecs', target.kind === 'ecs'],
    ['warm-pool', hasWarmPool ?? (infra?.kind === 'asg' && infra.warmPool !== undefined)],
    ['efs', infra?.modelCache !== undefined],
  ]
  return new Set(adopted.filter(([, is]) => is).map(([name]) => name))
}
