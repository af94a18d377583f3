import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Span } from '../../src/lib/domain/prediction.js'
import type { ReleaseRecord } from '../../src/lib/domain/release-record.js'
import { pastDeploys } from '../../src/lib/plan/past.js'
import { checkedPhase, checkedTotal, errorsOf } from '../../src/lib/plan/range.js'

const span: Span = { low: 90, value: 100, high: 110, basis: 'derived' }
const rounded = ({ low, value, high }: Span) => [low, value, high].map((time) => Math.round(time * 10) / 10)
const logs = (...factors: readonly number[]) => factors.map((factor) => Math.log(factor))

test('three errors say nothing', () => {
  expect(checkedPhase(span, logs(0.5, 1, 2))).toEqual(span)
  expect(checkedTotal(span, logs(2, 2, 2))).toEqual(span)
})

test('of a few errors the largest count, and never for less than what was supposed', () => {
  expect(rounded(checkedPhase(span, logs(0.8, 0.95, 1.02, 1.05)))).toEqual([80, 100, 110])
  expect(rounded(checkedTotal(span, logs(1.2, 1.2, 1.3, 1.4)))).toEqual([90, 124.9, 140])
})

test('of nineteen, the second from either end', () => {
  const errors = logs(...Array.from({ length: 19 }, (_, index) => 0.91 + 0.01 * index))
  expect(rounded(checkedPhase(span, errors))).toEqual([92, 100, 108])
})

test('a total goes to the middle of what deploys came to, a phase stays what it usually takes', () => {
  const errors = logs(...Array.from({ length: 9 }, (_, index) => 1.1 + 0.01 * index))
  expect(rounded(checkedTotal(span, errors))).toEqual([110, 114, 118])
  expect(rounded(checkedPhase(span, errors))).toEqual([100, 100, 118])
})

test('eight of ten outcomes lie within the range, however they are spread', () => {
  // Exponential, and no bell: with a tail to one side alone.
  const draw = fc.double({ min: 0.001, max: 0.999, noNaN: true }).map((share) => -Math.log(share) / 3)
  const samples = fc.sample(fc.array(draw, { minLength: 20, maxLength: 20 }), { numRuns: 600, seed: 7 })
  const within = samples.filter(([next = 0, ...errors]) => {
    const { low, high } = checkedTotal({ low: 1, value: 1, high: 1, basis: 'derived' }, errors)
    return Math.exp(next) >= low && Math.exp(next) <= high
  })
  expect(within.length / samples.length).toBeGreaterThan(0.74)
  expect(within.length / samples.length).toBeLessThan(0.86)
})

const record = (number: number, took: number, extra: { readonly waited?: number } = {}): ReleaseRecord => ({
  v: 1,
  number,
  kind: 'deploy',
  release: { id: 'r-1', app: 'shop', environment: 'production', images: [] },
  revision: { name: 'lt', number: '2' },
  from: { name: 'lt', number: '1' },
  by: 'somebody',
  host: 'machine',
  startedAt: '2026-01-01T00:00:00.000Z',
  ending: 'done',
  phases: [
    { phase: 'release', duration: took },
    { phase: 'hooks', duration: 1000 },
  ],
  figures: {
    kind: 'asg',
    targets: 4,
    services: [{ name: 'api', bytes: 1, models: 0, fetched: 0 }],
    pushed: 0,
    rules: { minHealthy: 100, maxHealthy: 200, bake: 0 },
    predicted: { total: 100, release: 100 },
    ...extra,
  },
})

test('errors are those of predictions that rested on three deploys, without what nobody could foretell', () => {
  const records = [record(1, 900), record(2, 900), record(3, 900), record(4, 200), record(5, 350, { waited: 250 })]
  const { total, phases } = errorsOf(pastDeploys(records, undefined))
  expect(total.map(Math.exp)).toEqual([1, 2].map((factor) => expect.closeTo(factor, 6)))
  expect(phases.get('release')).toEqual(total)
  expect(phases.has('hooks')).toBe(false)
})
