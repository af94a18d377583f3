import { describe, expect, test } from 'vitest'
import {
  checkpointQuota,
  decide,
  healthyBounds,
  type Member,
} from '../../../../src/lib/rehearsal/world/refresh/decide.js'
import { defaultSwitches } from '../../../../src/lib/rehearsal/world/switches.js'

const bounds = (
  desired: number,
  minimum: number,
  maximum?: number,
  maxSize = 100,
  open: Partial<typeof defaultSwitches> = {},
) => healthyBounds(desired, { minimum, maximum }, maxSize, { ...defaultSwitches, ...open })

describe('the bounds of a refresh', () => {
  // desired, minimum, maximum (undefined: omitted), then low and high
  test.each([
    ['10 % at a time by default', 10, 90, undefined, 9, 10],
    ['the minimum is rounded up', 7, 90, 200, 7, 14],
    ['the maximum is rounded down', 7, 50, 110, 4, 7],
    ['between 90 and 120 of 100', 100, 90, 120, 90, 120],
    ['minimum 0: all at once', 4, 0, undefined, 0, 4],
    ['minimum and maximum 100, both given: one at a time, launched first', 4, 100, 100, 4, 5],
    ['minimum 100, maximum omitted: one at a time, with one fewer', 4, 100, undefined, 3, 4],
    ['small group, no room, maximum omitted', 5, 90, undefined, 4, 5],
    ['small group, no room, maximum given', 5, 90, 110, 5, 6],
    ['one instance, defaults: an outage', 1, 90, undefined, 0, 1],
    ['one instance, minimum 100 and maximum 100 given: launch first', 1, 100, 100, 1, 2],
    ['one instance, 100 and 200', 1, 100, 200, 1, 2],
    ['one instance, 100 and 110: 1.1 rounds down, so there is no room without one more', 1, 100, 110, 1, 2],
    ['launch before terminate', 4, 100, 200, 4, 8],
    ['no instances at all', 0, 90, undefined, 0, 0],
  ])('%s', (_name, desired, minimum, maximum, low, high) => {
    expect(bounds(desired, minimum, maximum)).toEqual({ low, high })
  })

  test('switch: the maximum can be rounded up', () => {
    expect(bounds(7, 50, 110, 100, { maximumHealthyRounding: 'up' })).toEqual({ low: 4, high: 8 })
  })

  test('switch: MaxSize can limit launching first', () => {
    expect(bounds(4, 100, 200, 5, { surgeMayExceedMaxSize: false })).toEqual({ low: 4, high: 5 })
    expect(bounds(4, 100, 100, 4, { surgeMayExceedMaxSize: false })).toEqual({ low: 4, high: 4 })
    expect(bounds(4, 100, 100, 4)).toEqual({ low: 4, high: 5 })
  })

  test('switch: minimum 100 with the maximum omitted can launch first', () => {
    expect(bounds(4, 100, undefined, 100, { minimumHundredLaunchesFirst: true })).toEqual({ low: 4, high: 5 })
    expect(bounds(5, 90, undefined, 100, { minimumHundredLaunchesFirst: true })).toEqual({ low: 4, high: 5 })
  })
})

const old = (id: string, changes: Partial<Member> = {}): Member => ({
  id,
  launchedAt: Number(id.slice(1)),
  outdated: true,
  ready: true,
  shielded: false,
  ...changes,
})
const fresh = (id: string, ready: boolean): Member => old(id, { outdated: false, ready })

describe('the next replacements', () => {
  test('oldest first, as many as the minimum leaves', () => {
    const members = [old('i3'), old('i1'), old('i2'), old('i4')]
    expect(decide({ desired: 4, bounds: bounds(4, 50), quota: 4, members })).toEqual({
      launch: 0,
      terminate: ['i1', 'i2'],
    })
  })

  test('launches up to the maximum before anything goes', () => {
    const members = [1, 2, 3, 4].map((each) => old(`i${each}`))
    expect(decide({ desired: 4, bounds: bounds(4, 100, 150), quota: 4, members })).toEqual({ launch: 2, terminate: [] })
  })

  test('within 90 and 120 of 100 both happen at once', () => {
    const members = Array.from({ length: 100 }, (_, index) => old(`i${index + 1}`))
    const decision = decide({ desired: 100, bounds: bounds(100, 90, 120), quota: 100, members })
    // 90 stay; the group replaces the 10 that go, and 20 come on top.
    expect(decision.terminate.length).toBe(10)
    expect(decision.launch).toBe(20)
  })

  test('waits for what is not ready yet', () => {
    const members = [old('i1'), old('i2'), old('i3'), fresh('i5', false)]
    expect(decide({ desired: 4, bounds: bounds(4, 90), quota: 4, members })).toEqual({ launch: 0, terminate: [] })
  })

  test('an old one that serves nobody goes first and costs nothing', () => {
    const members = [old('i1'), old('i2', { ready: false }), old('i3'), old('i4')]
    expect(decide({ desired: 4, bounds: bounds(4, 75), quota: 4, members }).terminate).toEqual(['i2'])
  })

  test('leaves shielded ones alone and launches nothing for them', () => {
    const members = [old('i1', { shielded: true }), old('i2'), fresh('i5', true), fresh('i6', true)]
    expect(decide({ desired: 4, bounds: bounds(4, 100, 200), quota: 4, members })).toEqual({ launch: 1, terminate: [] })
  })

  test('goes no further than the next checkpoint', () => {
    const members = [1, 2, 3, 4].map((each) => old(`i${each}`))
    expect(decide({ desired: 4, bounds: bounds(4, 0), quota: 1, members }).terminate).toEqual(['i1'])
    expect(decide({ desired: 4, bounds: bounds(4, 100, 200), quota: 1, members })).toEqual({ launch: 1, terminate: [] })
  })

  test('takes the surplus away once the new ones are ready', () => {
    const members = [old('i1'), old('i2'), fresh('i5', true), fresh('i6', true)]
    expect(decide({ desired: 2, bounds: bounds(2, 100, 200), quota: 2, members }).terminate).toEqual(['i1', 'i2'])
  })
})

test.each([
  [10, [20, 50, 100], 0, 2],
  [10, [20, 50, 100], 20, 5],
  [10, [20, 50, 100], 50, 10],
  [3, [50], 0, 2],
  [3, [50], 50, 2],
  [4, [], 0, 4],
])('of %i instances with checkpoints %j after %i %% there may be %i new ones', (size, checkpoints, reached, quota) => {
  expect(checkpointQuota(size, checkpoints, reached)).toBe(quota)
})
