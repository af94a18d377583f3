import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatLatency } from '../../src/lib/domain/format-latency.js'
import { histogramOf, latencyOf, overBudget } from '../../src/lib/verify/latency.js'

const times = fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 })

describe('latency', () => {
  test('gives times that requests really took, in their order', () => {
    fc.assert(
      fc.property(times, (all) => {
        const found = latencyOf(all)
        if (found === undefined) throw new Error('no figures')
        const { min, p50, p95, p99, max, mean } = found
        const rising = [min, p50, p95, p99, max]
        // Of every hundred, so many take at most that long, and fewer anything less.
        const isQuantile = (value: number, share: number): boolean =>
          all.filter((time) => time <= value).length >= share * all.length &&
          all.filter((time) => time < value).length < share * all.length
        expect(rising).toEqual(rising.toSorted((left, right) => left - right))
        expect(all).toEqual(expect.arrayContaining(rising))
        expect([isQuantile(p50, 0.5), isQuantile(p95, 0.95), isQuantile(p99, 0.99)]).toEqual([true, true, true])
        expect(mean).toBeGreaterThanOrEqual(min - 1e-6)
        expect(mean).toBeLessThanOrEqual(max + 1e-6)
      }),
    )
  })

  test('of no requests is not known', () => {
    expect(latencyOf([])).toBeUndefined()
    expect(histogramOf([])).toEqual([])
  })

  test('is over its budget only above it', () => {
    const latency = latencyOf([100, 200, 300]) ?? { count: 0, min: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 }
    expect(overBudget(latency, { mean: 200, max: 300 })).toEqual([])
    expect(overBudget(latency, { p50: 199.5, max: 299 })).toEqual([
      'p50 200.00ms is over its budget of 200ms',
      'max 300ms is over its budget of 299ms',
    ])
  })

  test('falls into bars that count each request once and rise', () => {
    fc.assert(
      fc.property(times, (all) => {
        const bars = histogramOf(all)
        const bounds = bars.map(({ upTo }) => upTo)
        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
        expect(bounds).toEqual(bounds.toSorted((left, right) => left - right))
        expect([bars[0]?.count, bars.at(-1)?.count]).not.toContain(0)
      }),
    )
  })

  test.each([
    [0.84, '0.8ms'],
    [46.4, '46ms'],
    [999.4, '999ms'],
    [1849, '1.85s'],
  ])('%d is %s', (value, text) => {
    expect(formatLatency(value)).toBe(text)
  })
})
