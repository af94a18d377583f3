import type {
  ImaginedConditions,
  ImaginedFleet,
  ImaginedLayer,
  ImaginedModel,
  ImaginedRollout,
  ImaginedService,
  RolloutCourse,
} from '../domain/imagined-rollout.js'
import type { Figures } from './assumptions.js'

/** A way to get a change to production. */
export type StrategyName =
  | 'full'
  | 'thin'
  | 'proved'
  | 'warmup'
  | 'zstd'
  | 'ecs'
  | 'efs'
  | 'warm-pool'
  | 'machine-image'

/** What a project ships, by what it weighs compressed. */
export interface PlannedService {
  readonly name: string
  readonly dependencyBytes: number
  readonly appBytes: number
  readonly models: readonly {
    readonly id: string
    readonly bytes: number
    /** Whether the image was proved to carry it; what nobody has proved is supposed to be fetched at the start. */
    readonly isProved: boolean
  }[]
  /** Which of these sizes nobody could read; none when left out. */
  readonly supposed?: readonly SizeName[]
}

/** The figures that stand for sizes of images where these can not be read. */
export const sizeNames = ['dependencyBytes', 'modelBytes', 'appBytes'] as const

export type SizeName = (typeof sizeNames)[number]

/** Runs a rollout in imagination; undefined when it would not end. */
export type Imagine = (rollout: ImaginedRollout) => RolloutCourse | undefined

/** How an image is made: milliseconds of work, bytes from the model hub, bytes to the registry. */
export interface Making {
  readonly build: number
  readonly fetched: number
  readonly pushed: number
}

/** What a strategy does at each deploy, in numbers. */
export interface Recipe {
  readonly name: StrategyName
  readonly services: readonly ImaginedService[]
  readonly fleet: ImaginedFleet
  readonly conditions: ImaginedConditions
  /** Instances that are renewed after those that serve. */
  readonly pool: number
  /** What is made at each deploy. */
  readonly app: Making
  /** The same for a new base; undefined where there is none. */
  readonly base?: Making
}

/** What a strategy is told of a project and its environment. */
export interface StrategyInputs {
  readonly figures: Figures
  readonly services: readonly PlannedService[]
  /** By which rules the fleet is moved now. Milliseconds. */
  readonly fleet: {
    readonly kind: 'asg' | 'ecs'
    readonly minHealthyPercentage: number
    readonly maxHealthyPercentage: number
    readonly bakeTime: number
  }
}

/** What the plan leaves to others. */
export interface StrategyTools {
  readonly imagine: Imagine
  /** The warmup in milliseconds that fits targets that start like these; undefined when there are none. */
  readonly fittingWarmup: (starts: RolloutCourse['starts']) => number | undefined
}
const total = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

/** What a service pulls and loads when its models are in the image, on a file system, or partly nowhere. */
function imagined(service: PlannedService, models: 'as-they-are' | 'proved' | 'mounted'): ImaginedService {
  const present = (model: PlannedService['models'][number]): boolean => models !== 'as-they-are' || model.isProved
  const layers: readonly ImaginedLayer[] = [
    { name: 'dependencies', bytes: service.dependencyBytes, ofBase: true },
    ...service.models
      .filter((model) => models !== 'mounted' && present(model))
      .map(({ id, bytes }) => ({ name: id, bytes, ofBase: true })),
    { name: 'app', bytes: service.appBytes, ofBase: false },
  ]
  return {
    name: service.name,
    layers,
    models: service.models.map((model): ImaginedModel => ({
      id: model.id,
      bytes: model.bytes,
      isPresent: present(model),
    })),
  }
}

const bytesOf = (services: readonly ImaginedService[], of: 'base' | 'app'): number =>
  total(
    services.flatMap(({ layers }) =>
      layers.filter(({ ofBase }) => ofBase === (of === 'base')).map(({ bytes }) => bytes),
    ),
  )

/** How fast things go, by the figures. */
export function conditionsOf(figures: Figures): ImaginedConditions {
  const { launch, boot, taskProvisioning, healthCheckInterval, draining } = figures
  const { download, unpack, modelDownload, modelLoad } = figures
  return {
    launch: launch.value,
    boot: boot.value,
    taskProvisioning: taskProvisioning.value,
    healthCheckInterval: healthCheckInterval.value,
    draining: draining.value,
    download: download.value,
    unpack: unpack.value,
    modelDownload: modelDownload.value,
    modelLoad: modelLoad.value,
    machineImageCarriesBase: false,
  }
}

const halfWay = 0.5

/** The recipes of all strategies that make sense where the project runs, the present way of most teams first. */
export function recipesOf(inputs: StrategyInputs, tools: StrategyTools): readonly Recipe[] {
  const { figures, services } = inputs
  const isGroup = inputs.fleet.kind === 'asg'
  const asTheyAre = services.map((service) => imagined(service, 'as-they-are'))
  const proved = services.map((service) => imagined(service, 'proved'))
  const mounted = services.map((service) => imagined(service, 'mounted'))
  const conditions = conditionsOf(figures)
  const zstd = { ...conditions, unpack: conditions.unpack * figures.zstd.value }
  const onFileSystem = { ...conditions, modelLoad: Math.min(conditions.modelLoad, figures.efsRead.value) }
  const carried = { ...conditions, machineImageCarriesBase: true }

  const app = (made: readonly ImaginedService[]): Making => ({
    build: figures.appBuild.value,
    fetched: 0,
    pushed: bytesOf(made, 'app'),
  })
  const base = (made: readonly ImaginedService[]): Making => ({
    build: figures.dependenciesBuild.value,
    fetched: bakedBytes(made),
    pushed: bytesOf(made, 'base'),
  })
  const full = base(asTheyAre)
  const now = fleetOf(inputs, figures.warmup.value)
  const provedFleet = spared(now, asTheyAre, proved, conditions, tools)
  /** The warmup becomes what targets need that start like this; one that is enough as it is does not become longer. */
  const fitted = (made: readonly ImaginedService[], under: ImaginedConditions): ImaginedFleet => {
    if (provedFleet.kind !== 'asg') return provedFleet
    const { starts = [] } = tools.imagine({ fleet: provedFleet, services: made, conditions: under, share: 1 }) ?? {}
    const needed = Math.max(0, ...starts.map(({ inServiceAt, readyAt }) => readyAt - inServiceAt))
    const fitting = tools.fittingWarmup(starts) ?? provedFleet.warmup
    return { ...provedFleet, warmup: provedFleet.warmup < needed ? fitting : Math.min(fitting, provedFleet.warmup) }
  }
  const thin = { services: asTheyAre, fleet: now, conditions, pool: 0, app: app(asTheyAre), base: base(asTheyAre) }
  const best = { ...thin, services: proved, app: app(proved), base: base(proved) }
  const measured = { ...best, fleet: fitted(proved, conditions) }

  const recipes: readonly (Recipe | false)[] = [
    {
      name: 'full',
      services: asTheyAre,
      fleet: fleetOf(inputs, figures.warmupFull.value),
      conditions,
      pool: 0,
      app: {
        build: full.build + figures.appBuild.value,
        fetched: full.fetched,
        pushed: full.pushed + bytesOf(asTheyAre, 'app'),
      },
    },
    { name: 'thin', ...thin },
    { name: 'proved', ...best, fleet: provedFleet },
    isGroup && { name: 'warmup', ...measured },
    { name: 'zstd', ...measured, fleet: fitted(proved, zstd), conditions: zstd },
    isGroup && { name: 'ecs', ...best, fleet: fleetOf({ ...inputs, fleet: { ...inputs.fleet, kind: 'ecs' } }, 0) },
    {
      name: 'efs',
      ...measured,
      services: mounted,
      fleet: fitted(mounted, onFileSystem),
      conditions: onFileSystem,
      base: { ...base(mounted), fetched: bakedBytes(proved) },
    },
    isGroup && { name: 'warm-pool', ...measured, pool: figures.warmPool.value },
    isGroup && {
      name: 'machine-image',
      ...measured,
      fleet: fitted(proved, carried),
      conditions: carried,
      base: { ...base(proved), build: figures.dependenciesBuild.value + figures.machineImageBuild.value },
    },
  ]
  return recipes.filter((recipe) => recipe !== false)
}

/** What the project does now at each deploy: its images as they are, its fleet by its rules. */
export function presentRollout(inputs: StrategyInputs): Pick<Recipe, 'fleet' | 'services' | 'conditions' | 'pool'> {
  return {
    fleet: fleetOf(inputs, inputs.figures.warmup.value),
    services: inputs.services.map((service) => imagined(service, 'as-they-are')),
    conditions: conditionsOf(inputs.figures),
    pool: 0,
  }
}

const bakedBytes = (services: readonly ImaginedService[]): number =>
  total(services.flatMap(({ models }) => models.filter(({ isPresent }) => isPresent).map(({ bytes }) => bytes)))

function fleetOf({ figures, fleet }: StrategyInputs, warmup: number): ImaginedFleet {
  const { kind, ...rules } = fleet
  const desired = figures.targets.value
  return kind === 'asg' ? { kind, desired, ...rules, warmup } : { kind, desired, ...rules }
}

/** The warmup without the time that a start no longer spends on downloading, by the state machines. */
function spared(
  now: ImaginedFleet,
  before: readonly ImaginedService[],
  after: readonly ImaginedService[],
  conditions: ImaginedConditions,
  { imagine }: StrategyTools,
): ImaginedFleet {
  if (now.kind !== 'asg') return now
  const readyIn = (services: readonly ImaginedService[]): number => {
    const starts = imagine({ fleet: now, services, conditions, share: halfWay })?.starts ?? []
    return Math.max(0, ...starts.map(({ launchedAt, readyAt }) => readyAt - launchedAt))
  }
  const gain = Math.max(0, readyIn(before) - readyIn(after))
  return { ...now, warmup: Math.max(leastWarmup, now.warmup - gain) }
}

/** A warmup shorter than this guards against nothing. */
const leastWarmup = 30_000
