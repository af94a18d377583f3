import { describe, expect, test } from 'vitest'
import type { Event, EventBody } from '../../src/lib/events/event.js'
import { createEventStream } from '../../src/lib/events/stream.js'

const alarm = (name: string): EventBody => ({ type: 'alarm', name, state: 'OK' })
const names = (events: readonly Event[]): string[] =>
  events.map((event) => `${event.seq} ${event.type === 'alarm' ? event.name : event.type}`)

function broken(): void {
  throw new Error('disk full')
}

describe('a stream of events', () => {
  test('numbers events without gaps and dates them by the clock of the run', () => {
    let time = Date.UTC(2026, 10, 20, 9)
    const seen: Event[] = []
    const stream = createEventStream({ now: () => (time += 1500), sinks: [(event) => seen.push(event)] })
    stream.emit(alarm('a'))
    stream.emit(alarm('b'))
    expect(seen).toEqual([
      { v: 1, seq: 1, at: '2026-11-20T09:00:01.500Z', type: 'alarm', name: 'a', state: 'OK' },
      { v: 1, seq: 2, at: '2026-11-20T09:00:03.000Z', type: 'alarm', name: 'b', state: 'OK' },
    ])
  })

  test('gives every sink the same order, also when a sink emits', () => {
    const first: Event[] = []
    const second: Event[] = []
    const stream = createEventStream({
      now: () => 0,
      sinks: [
        (event) => {
          first.push(event)
          if (event.seq === 1) stream.emit(alarm('from a sink'))
        },
        (event) => second.push(event),
      ],
    })
    stream.emit(alarm('a'))
    stream.emit(alarm('b'))
    expect(names(first)).toEqual(['1 a', '2 from a sink', '3 b'])
    expect(second).toEqual(first)
  })

  test('leaves out a sink that throws, tells the others, and never throws itself', () => {
    const seen: Event[] = []
    const stream = createEventStream({ now: () => 0, sinks: [broken, (event) => seen.push(event)] })
    stream.emit(alarm('a'))
    stream.emit(alarm('b'))
    expect(names(seen)).toEqual(['1 a', '2 warning', '3 b'])
    expect(seen[1]).toMatchObject({ message: 'a reporter failed and was switched off: Error: disk full' })
  })

  test('can be iterated while it goes on and after it ended', async () => {
    const stream = createEventStream({ now: () => 0 })
    stream.emit(alarm('before'))
    const iterator = stream[Symbol.asyncIterator]()
    const waiting = iterator.next()
    stream.emit(alarm('a'))
    stream.emit(alarm('b'))
    stream.end()
    stream.emit(alarm('late'))
    expect(await waiting).toMatchObject({ done: false, value: { name: 'a' } })
    expect(await iterator.next()).toMatchObject({ done: false, value: { name: 'b' } })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    for await (const event of stream) expect.unreachable(`${event.type} after the end`)
  })

  test('lets go of a reader that leaves', async () => {
    const stream = createEventStream({ now: () => 0 })
    const seen: string[] = []
    const reading = (async () => {
      for await (const event of stream) {
        seen.push(event.type)
        break
      }
    })()
    stream.emit(alarm('a'))
    stream.emit(alarm('b'))
    await reading
    expect(seen).toEqual(['alarm'])
  })
})
