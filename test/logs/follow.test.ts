import type { IncomingMessage, ServerResponse } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMerge } from '../../src/lib/logs/merge.js'
import { createLogPoller } from '../../src/lib/logs/poll.js'
import type { LogLine } from '../../src/lib/ports/log-source.js'
import { awsAt, listen } from '../aws/support.js'
import { eventually, follow, group, startLogCloud, texts } from './support.js'

const second = 1000

/** Asks another endpoint the same, as a proxy does. */
async function passOn(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
  const headers = Object.entries(request.headers)
    .filter(([name]) => /^(?:x-amz|authorization|content-type)/.test(name))
    .map(([name, value]): [string, string] => [name, String(value)])
  const answer = await fetch(url, { method: 'POST', headers, body: await textOf(request) })
  response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(await answer.text())
}

describe('following by polling', () => {
  test('one call for all streams, each line once, also those that come minutes late', async () => {
    const cloud = await startLogCloud()
    const since = cloud.clock.now()
    const following = follow(cloud.aws.logs, cloud.clock, {}, { live: false })
    for (let count = 0; count < 300; count++) cloud.write(`i-${count}/backend`, `line ${count}`)
    await following.until(({ lines }) => lines.length === 300)
    expect(cloud.calls).toEqual(['FilterLogEvents'])
    for (let round = 0; round < 36; round++) {
      await eventually(() => cloud.clock.sleepers === 1)
      // Others go on meanwhile: how late a line is counts from the newest.
      cloud.write('i-1/backend', `round ${round}`)
      if (round === 20) cloud.write('i-3/backend', 'late', since + 1)
      cloud.clock.step(5 * second)
    }
    await eventually(() => cloud.clock.sleepers === 1)
    expect(following.lines).toHaveLength(300 + 36 + 1)
    expect(texts(following.lines)).toContain('late')
    expect(new Set(texts(following.lines)).size).toBe(300 + 36 + 1)
    // Three minutes: twelve calls in each, and the first.
    expect(cloud.calls).toHaveLength(37)
    expect(new Set(cloud.calls)).toEqual(new Set(['FilterLogEvents']))
  })

  test('only the streams that were asked for', async () => {
    const cloud = await startLogCloud()
    for (const stream of ['i-1/a', 'i-2/a', 'i-3/a']) cloud.write(stream, stream)
    const two = follow(cloud.aws.logs, cloud.clock, { streamPrefixes: ['i-1', 'i-3'] }, { live: false })
    await two.until(({ lines }) => lines.length === 2)
    expect(texts(two.lines)).toEqual(['i-1/a', 'i-3/a'])
    const one = follow(cloud.aws.logs, cloud.clock, { streamPrefixes: ['i-2'] }, { live: true })
    await one.until(({ lines }) => lines.length === 1)
    expect(texts(one.lines)).toEqual(['i-2/a'])
  })

  test('many pages, and a line from the future that hides no other', async () => {
    const cloud = await startLogCloud()
    const since = cloud.clock.now()
    for (let count = 0; count < 25_000; count++)
      cloud.write('i-1/backend', `line ${count}`, since + Math.floor(count / 100))
    cloud.write('i-2/backend', 'from the future', since + 90 * 60 * second)
    cloud.clock.step(second)
    const following = follow(cloud.aws.logs, cloud.clock, { since }, { live: false })
    await following.until(({ lines }) => lines.length === 25_001)
    expect(Math.max(...following.batches.map(({ lines }) => lines.length))).toBeLessThanOrEqual(10_000)
    await eventually(() => cloud.clock.sleepers === 1)
    cloud.write('i-1/backend', 'of now')
    cloud.clock.step(5 * second)
    await following.until(({ lines }) => lines.length === 25_002)
    expect(following.lines.at(-1)?.text).toBe('of now')
  })

  test('a group that is made later', async () => {
    const cloud = await startLogCloud()
    const following = follow(cloud.aws.logs, cloud.clock, { group: '/rampart/none' }, { live: true })
    await eventually(() => cloud.clock.sleepers === 1)
    expect(following.batches).toEqual([])
  })
})

describe('what goes wrong', () => {
  test('live tail that breaks, is refused, and comes back: the same lines, none twice, none lost', async () => {
    const cloud = await startLogCloud({
      faults: [
        { match: { operation: 'StartLiveTail' }, calls: [1], effect: { kind: 'drop', when: 'after' } },
        { match: { operation: 'StartLiveTail' }, calls: [2], effect: { kind: 'throttle' } },
      ],
    })
    const following = follow(cloud.aws.logs, cloud.clock)
    const sessions = (): number => cloud.calls.filter((operation) => operation === 'StartLiveTail').length
    const written: string[] = []
    for (let round = 0; round < 120; round++) {
      written.push(`line ${round}`)
      cloud.write(`i-${round % 3}/backend`, `line ${round}`)
      await eventually(() => cloud.clock.sleepers > 0)
      cloud.clock.step(5 * second)
      // Each gets its turn: what is due by one step is done before the next.
      await eventually(() => cloud.clock.sleepers > 0)
      await following.until(({ lines }) => lines.length >= round)
    }
    await following.until(({ lines }) => lines.length === written.length)
    expect(texts(following.lines).toSorted()).toEqual(written.toSorted())
    expect(sessions()).toBeGreaterThanOrEqual(3)
    expect(new Set(following.batches.map(({ how }) => how))).toEqual(new Set(['polled', 'live']))
  })

  test('no permission for live tail: polling, and never asked again', async () => {
    let started = 0
    const cloud = await startLogCloud()
    const refusing = await listen((request, response) => {
      const target = String(request.headers['x-amz-target'])
      if (target.endsWith('StartLiveTail')) {
        started += 1
        request.resume().on('end', () => {
          response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
          response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }))
        })
        return
      }
      void passOn(request, response, cloud.rehearsal.url)
    })
    const { logs } = awsAt(refusing)
    const following = follow(logs, cloud.clock)
    cloud.write('i-1/backend', 'one')
    await following.until(({ lines }) => lines.length === 1)
    for (let round = 0; round < 60; round++) {
      await eventually(() => cloud.clock.sleepers === 1)
      cloud.clock.step(60 * second)
    }
    expect(started).toBe(1)
    expect(following.batches[0]?.how).toBe('polled')
  })

  test('throttled: it says so, slows down, goes on, and loses nothing', async () => {
    const cloud = await startLogCloud({
      faults: [{ match: { operation: 'FilterLogEvents' }, calls: [2, 3, 4], effect: { kind: 'throttle' } }],
    })
    const following = follow(cloud.aws.logs, cloud.clock, {}, { live: false })
    cloud.write('i-1/backend', 'one')
    await following.until(({ lines }) => lines.length === 1)
    cloud.write('i-1/backend', 'two')
    const times: number[] = []
    let calls = cloud.calls.length
    for (let step = 0; step < 100; step++) {
      await eventually(() => cloud.clock.sleepers === 1)
      cloud.clock.step(second)
      await eventually(() => cloud.clock.sleepers === 1)
      if (cloud.calls.length > calls) times.push(step)
      calls = cloud.calls.length
    }
    expect(texts(following.lines)).toEqual(['one', 'two'])
    expect(following.batches.filter(({ trouble }) => trouble !== undefined)).toHaveLength(3)
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    expect(waits.slice(0, 4)).toEqual([10, 20, 40, 5])
  })

  test('no permission to read: it ends with that', async () => {
    const url = await listen((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
        response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }))
      })
    })
    const cloud = await startLogCloud()
    await expect(follow(awsAt(url).logs, cloud.clock).ended).rejects.toThrow(/logs:FilterLogEvents is not permitted/)
  })
})

const spelled = (lines: readonly Omit<LogLine, 'id'>[]): readonly string[] =>
  lines.map(({ stream, time, text }) => `${stream} ${time} ${text}`).toSorted((a, b) => (a < b ? -1 : 1))

describe('a merge', () => {
  const lineOf = fc.record({
    stream: fc.constantFrom('a', 'b'),
    time: fc.integer({ min: 0, max: 3 }),
    text: fc.constantFrom('x', 'y'),
  })

  test('two witnesses of the same lines, in any order and any pieces, come to exactly those lines', () => {
    fc.assert(
      fc.property(
        fc.array(lineOf, { maxLength: 20 }).chain((lines) =>
          fc.record({
            lines: fc.constant(lines),
            one: fc.shuffledSubarray(lines),
            other: fc.shuffledSubarray(lines, { minLength: lines.length }),
            cut: fc.integer({ min: 1, max: 5 }),
          }),
        ),
        ({ lines, one, other, cut }) => {
          const merge = createMerge(0)
          const told: LogLine[] = []
          const witnesses = [merge.witness(), merge.witness()]
          for (const [at, its] of [one, other].entries()) {
            for (let from = 0; from < its.length; from += cut) {
              const piece = its.slice(from, from + cut).map((line) => ({ ...line, id: '' }))
              told.push(...merge.take(witnesses[at] ?? merge.witness(), piece))
            }
          }
          expect(spelled(told)).toEqual(spelled(lines))
        },
      ),
    )
  })

  test('beyond its bound it forgets the oldest, and tells none of them twice', () => {
    const merge = createMerge(0, 100)
    const witness = merge.witness()
    const all = Array.from({ length: 1000 }, (_, at) => ({ id: '', stream: 'a', time: at, text: 'x' }))
    let told = 0
    for (let from = 0; from < all.length; from += 50) told += merge.take(witness, all.slice(from, from + 50)).length
    expect(told).toBe(1000)
    expect(witness.seen.size).toBeLessThanOrEqual(150)
    expect(merge.take(merge.witness(), all)).toEqual([])
    expect(merge.floor()).toBeGreaterThan(800)
  })
})

test('a poller asks once for each call, and says when there is more', async () => {
  const cloud = await startLogCloud()
  const since = cloud.clock.now()
  for (let count = 0; count < 10_001; count++) cloud.write('i-1/backend', `line ${count}`)
  const poller = createLogPoller(cloud.aws.logs, { group, since }, cloud.clock)
  const first = await poller.next()
  expect([first.lines.length, first.more]).toEqual([10_000, true])
  const next = await poller.next()
  expect([next.lines.length, next.more]).toEqual([1, false])
  expect(await poller.next()).toEqual({ lines: [], more: expect.any(Boolean) })
  expect(cloud.calls).toHaveLength(3)
})
