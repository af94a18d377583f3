import { describe, expect, test } from 'vitest'
import { figuresOf } from '../../src/lib/plan/assumptions.js'
import { predict, type Prediction } from '../../src/lib/plan/predict.js'
import { recipesOf, type PlannedService, type StrategyName } from '../../src/lib/plan/strategies.js'
import { imagineRollout } from '../../src/lib/rehearsal/imagine/rollout.js'
import { fittingWarmup } from '../../src/lib/rollout/warmup-advice.js'

const MB = 1_000_000
const second = 1000
const minute = 60 * second

/** An image of 2 GB with a model of 300 MB in it; another one of 200 MB is fetched when a container starts. */
const services: readonly PlannedService[] = [
  {
    name: 'backend',
    dependencyBytes: 1698 * MB,
    appBytes: 2 * MB,
    models: [
      { id: 'deberta', bytes: 300 * MB, isProved: true },
      { id: 'gliner', bytes: 200 * MB, isProved: false },
    ],
  },
]

interface Stated {
  /** Minutes of the first seed's own timeline. */
  readonly build: number
  readonly push: number
  readonly launch: number
  /** Seconds that fetching GLiNER costs at each start. */
  readonly gliner: number
}

function table({ build, push, launch, gliner }: Stated): ReadonlyMap<StrategyName, Prediction | undefined> {
  const modelDownload = (200 * MB) / gliner
  const pull = (2000 * MB) / (90 * MB)
  const figures = figuresOf(
    {},
    {
      upload: (2000 * MB) / (push * 60),
      modelDownload,
      dependenciesBuild: build * minute - ((300 * MB) / modelDownload) * second,
      // Its timeline knows no pull: until the container starts is launching.
      boot: launch * minute - (6.6 + 1.2 + pull) * second,
      warmupFull: 300 * second,
      warmup: 180 * second,
    },
  )
  const fleet = { kind: 'asg', minHealthyPercentage: 100, maxHealthyPercentage: 200, bakeTime: 0 } as const
  return new Map(
    recipesOf({ figures, services, fleet }, { imagine: imagineRollout, fittingWarmup }).map((recipe) => [
      recipe.name,
      predict(recipe, figures, imagineRollout),
    ]),
  )
}

describe.each([
  ['quickest', { build: 2, push: 2, launch: 2, gliner: 30 }],
  // Where instances launch quickest and the hub is slowest, so that having the models at hand pays most.
  ['most telling', { build: 2.5, push: 2.5, launch: 2, gliner: 60 }],
  ['middle', { build: 2.5, push: 2.5, launch: 2.5, gliner: 45 }],
  ['slowest', { build: 3, push: 3, launch: 3, gliner: 60 }],
] as const)("the first seed's table from the %s of its stated times", (name, stated) => {
  const rows = table(stated)
  const minutes = (strategy: StrategyName): number => (rows.get(strategy)?.next.value ?? Number.NaN) / minute

  test('each strategy takes what it states', () => {
    expect(minutes('full')).toBeGreaterThanOrEqual(10)
    expect(minutes('full')).toBeLessThanOrEqual(15)
    expect(minutes('thin')).toBeGreaterThanOrEqual(3)
    expect(minutes('thin')).toBeLessThanOrEqual(5)
    expect(minutes('ecs')).toBeGreaterThanOrEqual(1)
    expect(minutes('ecs')).toBeLessThanOrEqual(2)
    expect(minutes('proved')).toBeGreaterThan(2.5)
    expect(minutes('proved')).toBeLessThan(minutes('thin'))
    expect(minutes('proved')).toBeLessThan(name === 'most telling' ? 3.6 : 5)
  })

  test('they come in its order', () => {
    // Instances that take longer to launch than two minutes are not warm after what is left of 180 s: a measured warmup,
    // which the file system builds on, is longer there than the one that the seed takes.
    const measured = name === 'quickest' ? (['efs'] as const) : []
    const order = (['full', 'thin', 'proved', ...measured, 'ecs'] as const).map(minutes)
    expect(order).toEqual(order.toSorted((a, b) => b - a))
  })

  test('a base is made before the first deploy', () => {
    const thin = rows.get('thin')
    expect(thin?.first.value).toBe(thin?.rebuild?.value)
    expect(rows.get('full')?.rebuild).toBeUndefined()
  })
})
