import { formatBytes } from '../../src/lib/domain/format-bytes.js'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatCount, formatDuration, formatElapsed, formatPercent } from '../../src/lib/terminal/format.js'

describe('what people read', () => {
  test.each([
    [0, '0ms'],
    [85, '85ms'],
    [99.6, '100ms'],
    [100, '0.1s'],
    [4249, '4.2s'],
    [9949, '9.9s'],
    [9950, '10s'],
    [59_499, '59s'],
    [59_500, '1m 00s'],
    [308_000, '5m 08s'],
    [3_599_600, '1h 00m'],
    [3_840_000, '1h 04m'],
    [-5, '0ms'],
    [Number.NaN, '0ms'],
  ])('%s ms are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9994, '9.99 kB'],
    [9996, '10.0 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_310_720, '1.31 MB'],
    [300_000_000, '300 MB'],
    [2_000_000_000, '2.00 GB'],
    [-1, '0 B'],
    [Number.POSITIVE_INFINITY, '0 B'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test('sizes have three digits and are true to half of the last one', () => {
    const factors: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15 }
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const [number = '', unit = ''] = formatBytes(bytes).split(' ')
        expect(number.replace('.', '')).toMatch(/^[1-9]\d\d$/)
        expect(Math.abs(Number(number) * (factors[unit] ?? 0) - bytes) / bytes).toBeLessThanOrEqual(0.00501)
      }),
    )
  })

  test.each([
    [0, '0:00'],
    [4999, '0:04'],
    [750_000, '12:30'],
    [3_723_000, '1:02:03'],
  ])('%s ms on a clock are %s', (milliseconds, text) => {
    expect(formatElapsed(milliseconds)).toBe(text)
  })

  test('counts and shares', () => {
    expect([formatCount(1, 'target'), formatCount(4, 'target'), formatCount(2, 'entry', 'entries')]).toEqual([
      '1 target',
      '4 targets',
      '2 entries',
    ])
    expect([formatPercent(99.9), formatPercent(100)]).toEqual(['99 %', '100 %'])
  })
})
