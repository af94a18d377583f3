import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { acceleratedClock, clockFrom, formatClock, systemClock } from '../../src/lib/system/clock.js'

describe.each([
  ['the machine’s', systemClock],
  ['an accelerated', acceleratedClock(60, Date.now())],
])('%s clock', (_name, clock) => {
  test('ends a sleep with the signal’s own reason', async () => {
    const reason = new Error('somebody leaves')
    const controller = new AbortController()
    const sleeping = clock.sleep(86_400_000, controller.signal)
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(clock.sleep(86_400_000, controller.signal)).rejects.toBe(reason)
  })

  test('sleeps as long as it says', async () => {
    const before = clock.now()
    await clock.sleep(40)
    // Timers of Node may fire a millisecond early.
    expect(clock.now() - before).toBeGreaterThanOrEqual(clock === systemClock ? 39 : 0)
  })
})

test('a sleep longer than a timer can be does not end at once', async () => {
  const controller = new AbortController()
  const long = systemClock.sleep(2 ** 40, controller.signal)
  const reason = new Error('enough')
  await expect(Promise.race([long, systemClock.sleep(20).then(() => 'still asleep')])).resolves.toBe('still asleep')
  controller.abort(reason)
  await expect(long).rejects.toBe(reason)
})

test('runs so many times as fast from its origin on', () => {
  const origin = Date.now()
  const clock = acceleratedClock(1000, origin)
  expect(clock.now()).toBeGreaterThanOrEqual(origin)
  expect(clock.now() - origin).toBeLessThanOrEqual((Date.now() - origin + 1) * 1000)
})

test('what one process writes, another reads as the same clock', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: Date.now() }), (speed, origin) => {
      const clock = clockFrom(formatClock(speed, origin))
      const before = Math.round(origin + (Date.now() - origin) * speed)
      const now = clock.now()
      const after = Math.round(origin + (Date.now() - origin) * speed)
      expect(now).toBeGreaterThanOrEqual(before)
      expect(now).toBeLessThanOrEqual(after)
    }),
  )
})

test('nothing means the machine’s own, anything else that is no clock is a usage error', () => {
  expect(clockFrom(undefined)).toBe(systemClock)
  expect(clockFrom('')).toBe(systemClock)
  for (const value of ['fast', '0@1', '-1@5', '60', '60@', '@5', '60@5 ']) {
    expect(() => clockFrom(value)).toThrow(RampartError)
    expect(() => clockFrom(value)).toThrow(/RAMPART_CLOCK is .*, which is no clock/)
  }
})
