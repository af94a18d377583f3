import { describe, expect, test } from 'vitest'
import type { LoadPlan } from '../../src/lib/domain/verify-plan.js'
import type { LoadFigures, VerifiedLine } from '../../src/lib/domain/verification.js'
import { check, endpoint, load } from './plans.js'
import { closedPort, serveHttp } from './servers.js'

async function sent(plan: Partial<LoadPlan>, port: number): Promise<VerifiedLine & { readonly load: LoadFigures }> {
  const line = (await check({ url: `http://127.0.0.1:${port}`, loads: [load(plan)] }))['load:search']
  if (line?.load === undefined) throw new Error('no load was sent')
  return { ...line, load: line.load }
}

interface Seen {
  readonly port: number
  readonly at: readonly number[]
  readonly most: () => number
}

/** A server that answers after that many milliseconds, and remembers when it was asked. */
async function answering(
  delay: (index: number) => number,
  status: (index: number) => number = () => 200,
): Promise<Seen> {
  const at: number[] = []
  let open = 0
  let most = 0
  const port = await serveHttp((_request, response) => {
    const index = at.push(performance.now()) - 1
    open += 1
    most = Math.max(most, open)
    setTimeout(() => {
      open -= 1
      response.writeHead(status(index)).end('{}')
    }, delay(index))
  })
  return { port, at, most: () => most }
}

describe('load at a rate', () => {
  test('begins at each beat, whatever becomes of the requests before', async () => {
    const server = await answering((index) => (index < 5 ? 400 : 2))
    const { load: figures, result } = await sent({ rate: 50, duration: 1000, concurrency: 20 }, server.port)
    expect(result).toBe('ok')
    expect(figures).toMatchObject({ wantedRate: 50, sent: 50, succeeded: 50, success: 100 })
    expect(server.at).toHaveLength(50)
    // The first five take 400 ms each; the sixth is sent all the same a tenth of a second after the first.
    expect((server.at[5] ?? 0) - (server.at[0] ?? 0)).toBeLessThan(300)
    expect(figures.achievedRate).toBeGreaterThan(40)
    expect(figures.achievedRate).toBeLessThanOrEqual(50)
  })

  test('charges a stall with everybody who was due in it', async () => {
    let stalledUntil = 0
    let count = 0
    const port = await serveHttp((_request, response) => {
      count += 1
      if (count === 30) stalledUntil = performance.now() + 1000
      setTimeout(() => response.end('{}'), Math.max(1, stalledUntil - performance.now()))
    })
    const { load: figures } = await sent({ rate: 50, duration: 3000, concurrency: 2 }, port)
    // 50 of 150 requests were due while nothing was answered, and waited half a second on average.
    expect(figures.sent).toBe(150)
    expect(figures.latency.p95).toBeGreaterThan(600)
    expect(figures.latency.max).toBeGreaterThan(900)
    // A generator that waits for the server sees two slow requests among them all.
    expect(figures.service.p95).toBeLessThan(100)
    expect(figures.histogram.reduce((sum, bar) => sum + bar.count, 0)).toBe(150)
  })

  test('uses no more connections than it may', async () => {
    const server = await answering(() => 60)
    const { load: figures } = await sent({ rate: 100, duration: 500, concurrency: 4 }, server.port)
    expect(server.most()).toBe(4)
    expect(figures.concurrency).toBe(4)
    // A server that can do 67 a second falls behind 100 a second, and that is seen.
    expect(figures.latency.p95).toBeGreaterThan(figures.service.p95 + 100)
  })

  test('sends no more requests than it may', async () => {
    const server = await answering(() => 1)
    const { load: figures } = await sent({ rate: 200, duration: 60_000, requests: 20 }, server.port)
    expect(figures.sent).toBe(20)
    expect(server.at).toHaveLength(20)
  })
})

describe('load on connections', () => {
  test('sends as soon as it has its answers, as long as it lasts', async () => {
    const server = await answering(() => 20)
    const begun = performance.now()
    const { load: figures, result } = await sent({ concurrency: 5, duration: 500 }, server.port)
    expect(result).toBe('ok')
    expect(performance.now() - begun).toBeLessThan(2000)
    expect(server.most()).toBe(5)
    expect(figures.wantedRate).toBeUndefined()
    expect(figures.latency.p50).toBeGreaterThanOrEqual(19)
  })
})

describe('what load must come to', () => {
  test('is the seed’s: more than four a second, all of them well', async () => {
    const server = await answering(() => 5)
    const plan = { rate: 8, duration: 1000, leastRate: 4, latency: { p95: 500 } }
    const line = await sent(plan, server.port)
    expect(line).toMatchObject({ result: 'ok' })
    expect(line.detail).toMatch(/^[78]\.\d\d a second, 100 % of 8; p50 /)
  })

  test('is missed by a server that is too slow for it', async () => {
    const server = await answering(() => 300)
    const line = await sent(
      { rate: 10, duration: 1000, concurrency: 1, leastRate: 4, latency: { p50: 500 } },
      server.port,
    )
    expect(line.result).toBe('fail')
    expect(line.findings.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^3\.\d\d a second were answered well, not 4\.00 a second$/),
      expect.stringMatching(/^p50 .* is over its budget of 500ms$/),
    ])
  })

  test('counts what fails, and says what with', async () => {
    const server = await answering(
      () => 1,
      (index) => (index % 5 === 0 ? 503 : 200),
    )
    const line = await sent({ rate: 100, duration: 500, success: 95 }, server.port)
    expect(line).toMatchObject({
      result: 'fail',
      detail: '80 % of 50 requests succeeded, not 95 %: status 503, not 200 to 299',
    })
    expect(line.evidence).toContain('10 x status 503, not 200 to 299')
    expect((await sent({ rate: 100, duration: 500, success: 75 }, server.port)).result).toBe('ok')
  })

  test('judges answers as the endpoint does', async () => {
    const server = await answering(() => 1)
    const broken = endpoint({
      expect: { status: [], json: [{ path: '$.results', matcher: {} }], contains: [], absent: [] },
    })
    expect((await sent({ rate: 20, duration: 300, endpoint: broken }, server.port)).detail).toMatch(
      /\$\.results is not there$/,
    )
  })
})

describe('load on what is down', () => {
  test.each([
    ['at a rate', { rate: 100 }],
    ['on connections', {}],
  ])('%s is given up soon', async (_, plan) => {
    const begun = performance.now()
    const line = await sent({ ...plan, duration: 60_000 }, await closedPort())
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(line.result).toBe('fail')
    expect(line.load.sent).toBeLessThan(40)
    expect(line.evidence).toContain('given up early: nothing but failures came back')
  })

  test('ends in time when nothing is ever answered, and counts those that could not be sent', async () => {
    const port = await serveHttp(() => undefined)
    const begun = performance.now()
    const silent = endpoint({ timeout: 200 })
    const line = await sent({ rate: 20, duration: 500, concurrency: 1, endpoint: silent }, port)
    expect(performance.now() - begun).toBeLessThan(3000)
    expect(line.load).toMatchObject({ sent: 10, succeeded: 0 })
    expect(line.evidence.join('\n')).toMatch(/\d+ x was never sent: all connections were taken/)
  })
})
