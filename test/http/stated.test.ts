import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createHttp } from '../../src/lib/http/client.js'
import { statedTime, type StatedTime } from '../../src/lib/http/stated.js'
import type { LoadPlan } from '../../src/lib/domain/verify-plan.js'
import { generate } from '../../src/lib/verify/generate.js'

const never = new AbortController().signal

/** A server that says how long its nth answer takes and gives it at once; undefined says nothing. */
async function startStating(
  takes: (n: number) => number | undefined,
): Promise<{ readonly url: string; readonly time: StatedTime }> {
  let asked = 0
  const server = createServer((_request, response) => {
    const said = takes((asked += 1))
    response.writeHead(200, said === undefined ? {} : { 'server-timing': `db;dur=1, total;dur=${said}` }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, time: statedTime(createHttp(), 1_000_000) }
}

const load = (more: Partial<LoadPlan>): LoadPlan =>
  ({
    name: 'l',
    concurrency: 4,
    duration: 60_000,
    requests: 10_000,
    rate: 5,
    endpoint: { timeout: 5000 },
    ...more,
  }) as LoadPlan

async function underLoad({ url, time }: Awaited<ReturnType<typeof startStating>>, more: Partial<LoadPlan> = {}) {
  const plan = load(more)
  const session = time.http.session(plan.concurrency)
  onTestFinished(() => session.close())
  const send = async () => {
    const answer = await session.send({ method: 'GET', url, headers: {} }, { timeout: 5000 })
    return answer.kind === 'answer' ? {} : { problem: answer.detail }
  }
  return generate(plan, { now: () => time.http.now(), clock: time.clock, send }, never)
}

test('answers take what their server states, and the clock has gone on by that', async () => {
  const { url, time } = await startStating(() => 150)
  const session = time.http.session(1)
  const answer = await session.send({ method: 'GET', url, headers: {} }, { timeout: 5000 })
  expect(answer).toMatchObject({ kind: 'answer', timing: { connect: 0, firstByte: 150, total: 150 } })
  expect([time.http.now(), time.clock.now()]).toEqual([150, 1_000_150])
  session.close()
})

test('an answer that takes longer than it may is a timeout at that very moment', async () => {
  const { url, time } = await startStating(() => 700)
  const session = time.http.session(1)
  const answer = await session.send({ method: 'GET', url, headers: {} }, { timeout: 500 })
  expect(answer).toMatchObject({ kind: 'failure', stage: 'answer', code: 'timeout', total: 500 })
  expect(time.http.now()).toBe(500)
  session.close()
})

test('a server that states nothing is timed as it really answered', async () => {
  const { url, time } = await startStating(() => undefined)
  const session = time.http.session(1)
  const answer = await session.send({ method: 'GET', url, headers: {} }, { timeout: 5000 })
  const total = answer.kind === 'answer' ? answer.timing.total : 0
  expect(total).toBeGreaterThan(0)
  expect(time.http.now()).toBeCloseTo(total, 5)
  session.close()
})

test('a minute of load is exact and over at once, however busy the machine', async () => {
  const began = performance.now()
  const found = await underLoad(await startStating(() => 150))
  expect(found.latencies).toEqual(Array.from({ length: 300 }, () => expect.closeTo(150, 6)))
  expect({ ...found, latencies: 0, services: 0 }).toMatchObject({ succeeded: 300, peak: 1, elapsed: 60_000 })
  expect(found.lag).toBeCloseTo(0, 6)
  expect(performance.now() - began).toBeLessThan(30_000)
})

test('who waits for a connection is timed from when it was due', async () => {
  // Each takes a second and two connections serve two a second: of five a second more and more wait.
  const found = await underLoad(await startStating(() => 1000), { concurrency: 2, duration: 2000 })
  expect(found.latencies.map(Math.round)).toEqual([1000, 1000, 1600, 1600, 2200, 2200, 2800, 2800, 3400, 3400])
  expect(found.peak).toBe(2)
})

test('connections without a rate send as soon as they are answered', async () => {
  const { rate: _rate, ...plan } = load({})
  const { url, time } = await startStating((n) => (n % 2 === 0 ? 100 : 300))
  const session = time.http.session(3)
  onTestFinished(() => session.close())
  const send = async () => {
    await session.send({ method: 'GET', url, headers: {} }, { timeout: 5000 })
    return {}
  }
  const found = await generate(
    { ...plan, concurrency: 3, duration: 3000 },
    { now: () => time.http.now(), clock: time.clock, send },
    never,
  )
  expect(found.peak).toBe(3)
  expect(found.succeeded).toBeGreaterThan(40)
  expect(found.elapsed).toBeGreaterThanOrEqual(3000)
  expect(found.elapsed).toBeLessThanOrEqual(3300)
})

test('a sleep that is stopped rejects with the reason', async () => {
  const { time } = await startStating(() => 1)
  const stop = new AbortController()
  const slept = time.clock.sleep(1000, stop.signal)
  stop.abort(new Error('enough'))
  await expect(slept).rejects.toThrow('enough')
})
