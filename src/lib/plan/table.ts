import type { Figures } from './assumptions.js'
import type { Basis, Span } from './figure.js'
import { predict, type PredictedPhase, type Prediction } from './predict.js'
import type { RegionPrices } from '../domain/price-table.js'
import { billOf, monthHours } from './prices.js'
import {
  recipesOf,
  type PlannedService,
  type Recipe,
  type StrategyInputs,
  type StrategyName,
  type StrategyTools,
} from './strategies.js'
import { usesOf, type Rented } from './uses.js'

/** One strategy of the comparison. Durations in milliseconds, money in dollars a month. */
export interface StrategyRow {
  readonly name: StrategyName
  readonly title: string
  readonly next: Span
  readonly first: Span
  /** Null where there is no base. */
  readonly rebuild: Span | null
  readonly phases: readonly PredictedPhase[]
  /** The warmup that it sets; null on ECS. */
  readonly warmup: number | null
  /** Null when a price is not known. */
  readonly monthly: number | null
  readonly monthlyBasis: Basis
  /** What has no price and belongs to it. */
  readonly unpriced: readonly string[]
  /** What waiting for its deploys and base rebuilds comes to, by what an hour of it is said to cost. */
  readonly waiting: number
  readonly needs: string
  /** What adopts it: commands, or lines of rampart.yml. */
  readonly adopt: readonly string[]
  readonly adopted: boolean
  readonly recommended: boolean
  /** Hours of work until it is there, those of the steps before it not counted. */
  readonly effort: number
}

export interface StrategyTable {
  readonly rows: readonly StrategyRow[]
  /** What is shipped, by its sizes, with the names of those that are supposed. */
  readonly services: readonly PlannedService[]
  readonly figures: Figures
  readonly deploysPerDay: number
  /** Strategies that can not be compared, as their rollout would not end. */
  readonly endless: readonly StrategyName[]
}

interface Words {
  readonly title: string
  readonly needs: string
  readonly adopt: readonly string[]
  /** Hours of work until it is there. */
  readonly effort: number
}

const words: Readonly<Record<StrategyName, Words>> = {
  full: { title: 'full image each time', needs: 'nothing', adopt: [], effort: 0 },
  thin: {
    title: 'base plus thin layer',
    needs: 'a Dockerfile.base with dependencies and models',
    adopt: ['rampart init', 'rampart base build'],
    effort: 2,
  },
  proved: {
    title: '  plus proved models',
    needs: 'a revision for each model of the base',
    adopt: ['rampart base build --write-revisions'],
    effort: 1,
  },
  warmup: {
    title: '  plus measured warmup',
    needs: 'one rollout that went well, and its logs',
    adopt: ['rampart.yml: rollout: { warmup: auto }'],
    effort: 0.5,
  },
  zstd: {
    title: '  plus zstd',
    needs: 'Docker 23, containerd or Fargate 1.4 on the targets',
    adopt: ['rampart.yml: compression: zstd', 'rampart base build --force'],
    effort: 1,
  },
  ecs: {
    title: 'ECS Fargate',
    needs: 'a cluster, task definitions, other monitoring',
    adopt: ['rampart.yml: target: { kind: ecs }', 'rampart infra deploy'],
    effort: 40,
  },
  efs: {
    title: 'EFS cache',
    needs: 'a file system that every target mounts',
    adopt: ['rampart.yml: infra: { modelCache: … }', 'rampart infra deploy', 'rampart cache warm'],
    effort: 16,
  },
  'warm-pool': {
    title: 'warm pool',
    needs: 'instances that wait; a rollout renews them after those that serve',
    adopt: ['rampart.yml: infra: { warmPool: … }', 'rampart infra deploy'],
    effort: 8,
  },
  'machine-image': {
    title: 'base layers in the machine image',
    needs: 'a pipeline that makes a machine image for each base',
    adopt: [
      'build an AMI that has pulled the base, e.g. with EC2 Image Builder',
      'rampart.yml: infra: { instance: { image: … } }',
    ],
    effort: 24,
  },
}

export interface TableRequest extends StrategyInputs {
  readonly rented: Rented
  readonly prices: RegionPrices | undefined
  /** What the project does already. */
  readonly adopted: ReadonlySet<StrategyName>
}

/** How long the work of a change of strategy is to pay off in. */
const payoffMonths = 12

/** Every strategy side by side, and the one that costs least in money, waiting and work together. */
export function compareStrategies(request: TableRequest, tools: StrategyTools): StrategyTable {
  const compared = recipesOf(request, tools).map((recipe) => ({
    recipe,
    prediction: predict(recipe, request.figures, tools.imagine),
  }))
  const rows = compared.flatMap(({ recipe, prediction }) =>
    prediction === undefined ? [] : [rowOf(recipe, prediction, request)],
  )
  const best = recommend(rows, request)
  return {
    rows: rows.map((row) => ({ ...row, recommended: row.name === best })),
    services: request.services,
    figures: request.figures,
    deploysPerDay: request.rented.deploysPerDay,
    endless: compared.filter(({ prediction }) => prediction === undefined).map(({ recipe }) => recipe.name),
  }
}

function rowOf(recipe: Recipe, prediction: Prediction, request: TableRequest): StrategyRow {
  const { figures, rented, prices, adopted } = request
  const { name } = recipe
  const { next, first, rebuild, phases, fleet } = prediction
  const bill = prices && billOf(usesOf(recipe, prediction, figures, rented), prices)
  const rebuilt = figures.baseRebuilds.value * (rebuild?.value ?? 0)
  const waited = (rented.deploysPerDay * monthHours) / 24
  const { title, needs, adopt, effort } = words[name]
  return {
    name,
    title,
    next,
    first,
    rebuild: rebuild ?? null,
    phases,
    warmup: fleet.kind === 'asg' ? fleet.warmup : null,
    monthly: bill?.total ?? null,
    monthlyBasis: 'derived',
    unpriced: bill?.missing ?? [],
    waiting: ((waited * next.value + rebuilt) / 3_600_000) * figures.hourOfWaiting.value,
    needs,
    adopt,
    adopted: adopted.has(name),
    recommended: false,
    effort,
  }
}

/** Steps that lead to a strategy: their work has to be done, too. */
const before: Readonly<Record<StrategyName, readonly StrategyName[]>> = {
  full: [],
  thin: [],
  proved: ['thin'],
  warmup: ['thin', 'proved'],
  zstd: ['thin', 'proved', 'warmup'],
  ecs: ['thin', 'proved'],
  efs: ['thin', 'proved', 'warmup'],
  'warm-pool': ['thin', 'proved', 'warmup'],
  'machine-image': ['thin', 'proved', 'warmup'],
}

/** A strategy with those that lead to it, in the order in which they are adopted. */
export const wayTo = (name: StrategyName): readonly StrategyName[] => [...before[name], name]

function recommend(rows: readonly StrategyRow[], { adopted, figures }: TableRequest): StrategyName | undefined {
  // Rows without a total are not weighed against rows with one, unless there are no others.
  const priced = rows.filter(({ monthly }) => monthly !== null)
  const weighed = priced.length === 0 ? rows : priced
  const cost = (row: StrategyRow): number => {
    const work = wayTo(row.name)
      .filter((step) => !adopted.has(step))
      .reduce((all, step) => all + words[step].effort, 0)
    return (row.monthly ?? 0) + row.waiting + (work * figures.hourOfWaiting.value) / payoffMonths
  }
  return weighed.toSorted((a, b) => cost(a) - cost(b))[0]?.name
}
