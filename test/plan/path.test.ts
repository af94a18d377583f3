import { expect, test } from 'vitest'
import { figuresOf } from '../../src/lib/plan/assumptions.js'
import { adoptionPath } from '../../src/lib/plan/path.js'
import type { PlannedService, StrategyName } from '../../src/lib/plan/strategies.js'
import { compareStrategies } from '../../src/lib/plan/table.js'
import { imagineRollout } from '../../src/lib/rehearsal/imagine/rollout.js'
import { fittingWarmup } from '../../src/lib/rollout/warmup-advice.js'

const MB = 1_000_000
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

const tableOf = (adopted: readonly StrategyName[]) =>
  compareStrategies(
    {
      figures: figuresOf({}),
      services,
      fleet: { kind: 'asg', minHealthyPercentage: 100, maxHealthyPercentage: 200, bakeTime: 0 },
      rented: { instanceType: 't3.large', deploysPerDay: 2 },
      prices: undefined,
      adopted: new Set(adopted),
    },
    { imagine: imagineRollout, fittingWarmup },
  )

test('from a full image each time, a week for each step: base, proved models, warmup', () => {
  const table = tableOf(['full'])
  const path = adoptionPath(table)
  const first = path.steps.slice(0, 3)
  expect(first.map(({ name, state, weeks }) => [name, state, weeks])).toEqual([
    ['thin', 'next', { first: 1, last: 1 }],
    ['proved', 'later', { first: 2, last: 2 }],
    ['warmup', 'later', { first: 3, last: 3 }],
  ])
  expect(first[0]?.commands).toEqual(['rampart init', 'rampart base build'])
  expect(path.recommended).toBe(table.rows.find(({ recommended }) => recommended)?.name)
  expect(path.steps.at(-1)?.name).toBe(path.recommended)
})

test('each gain is the difference of two rows, and all of them lead from now to the end', () => {
  const table = tableOf(['full'])
  const { before, after, steps } = adoptionPath(table)
  const gains = steps.reduce((all, { gain }) => all + gain, 0)
  expect(before?.value).toBe(table.rows.find(({ name }) => name === 'full')?.next.value)
  expect((before?.value ?? 0) - gains).toBeCloseTo(after?.value ?? Number.NaN, 3)
  for (const { gain, monthlyGain } of steps) expect(monthlyGain).toBeCloseTo((gain * 2 * 730) / 24, 3)
})

test('what is there already is done, and takes no week', () => {
  const table = tableOf(['thin', 'proved'])
  const path = adoptionPath(table)
  expect(path.steps.slice(0, 3).map(({ name, state, weeks }) => [name, state, weeks?.first])).toEqual([
    ['thin', 'done', undefined],
    ['proved', 'done', undefined],
    ['warmup', 'next', 1],
  ])
  expect(path.before?.value).toBe(table.rows.find(({ name }) => name === 'proved')?.next.value)
})

test('work of more than half a week of a person takes several weeks', () => {
  const table = tableOf(['thin', 'proved'])
  const rows = table.rows.map((row) => ({ ...row, recommended: row.name === 'ecs' }))
  expect(adoptionPath({ ...table, rows }).steps.at(-1)).toMatchObject({ name: 'ecs', weeks: { first: 1, last: 2 } })
})
