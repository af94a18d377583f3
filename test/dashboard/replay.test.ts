import { describe, expect, test } from 'vitest'
import { replay } from '../../src/lib/dashboard/replay.js'
import type { Event } from '../../src/lib/events/event.js'
import { sceneEvents } from './scenes.js'

describe('a recording that is played', () => {
  test('has every event in order, and takes its time divided by the speed', async () => {
    const events = sceneEvents('finished')
    const seen: Event[] = []
    let slept = 0
    const playing = replay(events, {
      speed: 10,
      sleep: async (milliseconds) => {
        slept += milliseconds
      },
      sink: (event) => seen.push(event),
    })
    await playing.done
    expect(seen).toEqual(events)
    expect(slept).toBeCloseTo(54_100, -2)
    expect(playing.now()).toBe(Date.parse(events.at(-1)?.at ?? ''))
  })

  test('does not wait at all at an endless speed', async () => {
    let slept = 0
    const count = { seen: 0 }
    await replay(sceneEvents('large'), {
      speed: Infinity,
      sleep: async () => {
        slept += 1
      },
      sink: () => (count.seen += 1),
    }).done
    expect(slept).toBe(0)
    expect(count.seen).toBe(sceneEvents('large').length)
  })

  test('ends when it is told to', async () => {
    const controller = new AbortController()
    const seen: Event[] = []
    await replay(sceneEvents('rolling'), {
      speed: 1,
      sleep: async (_milliseconds, signal) => {
        if (seen.length > 10) controller.abort()
        signal?.throwIfAborted()
      },
      sink: (event) => seen.push(event),
      signal: controller.signal,
    }).done
    expect(seen.length).toBeGreaterThan(10)
    expect(seen.length).toBeLessThan(sceneEvents('rolling').length)
  })
})
