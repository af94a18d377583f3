import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fit, spanBy, weightedMedian } from '../../src/lib/plan/fit.js'

const loose = { factor: 1, doubt: 3 }
const fair = { factor: 1, doubt: 1 }

const samplesOf = (spread: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ parts: [100], value: 100 * (1 + spread * ((index % 5) - 2)) }))

const width = (spread: number, count: number): number => {
  const { low, high } = spanBy(fit(samplesOf(spread, count), [fair]), [100], 'derived')
  return high - low
}

test('without samples it is what is supposed', () => {
  expect(fit([], [fair, fair])).toMatchObject({ factors: [1, 1], runs: 0 })
})

test('with one sample it lies between what is supposed and what was seen', () => {
  const { factors, runs } = fit([{ parts: [10], value: 20 }], [fair])
  expect(runs).toBe(1)
  expect(factors[0]).toBeGreaterThan(1.5)
  expect(factors[0]).toBeLessThan(2)
})

test('samples that vary in their parts tell which part was supposed wrongly', () => {
  const samples = [10, 40, 20, 80, 5, 60].map((load, index) => ({
    parts: [30 + index, load],
    value: 1.5 * (30 + index) + 3 * load,
  }))
  const [begin = 0, load = 0] = fit(samples, [loose, loose]).factors
  expect(begin).toBeCloseTo(1.5, 1)
  expect(Math.abs(load - 3)).toBeLessThan(0.2)
})

test('samples that never vary leave both parts near each other', () => {
  const samples = Array.from({ length: 10 }, () => ({ parts: [50, 50], value: 150 }))
  const [first = 0, second = 0] = fit(samples, [fair, fair]).factors
  expect(first).toBeCloseTo(second, 5)
  expect(Math.abs(50 * (first + second) - 150)).toBeLessThan(3)
})

test('one of ten that took ten times as long changes nothing', () => {
  const usual = Array.from({ length: 10 }, (_, index) => ({ parts: [100], value: 200 + 4 * (index % 3) }))
  const calm = fit(usual, [loose])
  const upset = fit(
    usual.map((sample, index) => (index === 2 ? { ...sample, value: 2000 } : sample)),
    [loose],
  )
  expect(Math.abs((upset.factors[0] ?? 0) - (calm.factors[0] ?? 0))).toBeLessThan(0.05)
  expect(upset.spread).toBeLessThan(0.12)
})

test('what changed for good is believed after a few deploys', () => {
  const now = Array.from({ length: 8 }, () => ({ parts: [100], value: 300 }))
  const before = Array.from({ length: 12 }, () => ({ parts: [100], value: 100 }))
  expect(fit([...now, ...before], [loose]).factors[0]).toBeGreaterThan(2)
})

test('the range is as wide as the outcomes are spread, and wider where there are few', () => {
  expect(width(0.1, 20)).toBeGreaterThan(width(0.01, 20))
  expect(width(0.01, 2)).toBeGreaterThan(width(0.01, 20))
})

test('whatever was seen, a prediction is finite, not below 0, and within its bounds', () => {
  const part = fc.double({ min: 0, max: 1e7, noNaN: true })
  const sample = fc.record({
    parts: fc.tuple(part, part),
    value: fc.double({ min: 0, max: 1e8, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 20 }), part, part, (samples, a, b) => {
      const { low, value, high } = spanBy(fit(samples, [loose, fair]), [a, b], 'derived')
      expect(Number.isFinite(high)).toBe(true)
      expect(low).toBeGreaterThanOrEqual(0)
      expect(value).toBeGreaterThanOrEqual(low)
      expect(high).toBeGreaterThanOrEqual(value)
    }),
  )
})

test('the weighted median is the value in the middle of the weight', () => {
  expect(weightedMedian([1, 2, 3], [1, 1, 1])).toBe(2)
  expect(weightedMedian([1, 2, 3], [1, 1, 5])).toBe(3)
  expect(weightedMedian([], [])).toBe(0)
})
