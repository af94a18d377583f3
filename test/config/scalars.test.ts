import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandTag, formatDuration, parseDuration, parseSize } from '../../src/lib/config/scalars.js'

describe('durations', () => {
  test.each([
    ['180s', 180_000],
    ['3m', 180_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
    ['14d', 1_209_600_000],
    ['1d2h3m4s', 93_784_000],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each(['', '180', 's', '3min', '1.5h', '-3m', '3m1h', '1h 30m', '3M', '99999999999999999d'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )

  test('every number of whole seconds is read back from its text', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
  })
})

describe('sizes', () => {
  test.each([
    ['100MB', 100_000_000],
    ['1.5GiB', 1_610_612_736],
    ['1kB', 1000],
    ['1KB', 1000],
    ['1KiB', 1024],
    ['7B', 7],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '100', 'MB', '100 MB', '100mb', '0MB', '0.1B', '1e3MB', '-1MB', '99999999999GiB'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeUndefined()
    },
  )
})

describe('tags', () => {
  test.each([
    ['latest', {}, 'latest'],
    ['v{version}', { version: '1.2.3-4-gabcdef0' }, 'v1.2.3-4-gabcdef0'],
    ['{commit}', { commit: '0123456789abcdef0123456789abcdef01234567' }, '0123456789ab'],
    ['{version}', { version: 'release/1.0+build' }, 'release-1.0-build'],
    ['{version}', {}, undefined],
    ['x-{commit}', { commit: '' }, undefined],
  ])('%s with %j is %s', (template, values, tag) => {
    expect(expandTag(template, values)).toBe(tag)
  })
})
