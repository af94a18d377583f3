import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EndpointPlan, Expectations, Json } from '../../src/lib/domain/verify-plan.js'
import type { VerifiedLine } from '../../src/lib/domain/verification.js'
import { runVerifyTasks } from '../../src/lib/verify/run.js'
import { verifyTasks } from '../../src/lib/verify/tasks.js'
import { ManualClock } from '../support/manual-clock.js'
import { check, endpoint, realPorts } from './plans.js'
import { serveBodies, closedPort, serveHttp } from './servers.js'

const healthy = {
  status: 'healthy',
  api: 'operational',
  elasticsearch: 'green',
  model_cache: { cached_models: ['all-MiniLM-L6-v2', 'finbert'], loaded_models: [] },
  scores: [0.91, 0.52],
}

async function asked(plan: Partial<EndpointPlan>, port: number): Promise<VerifiedLine> {
  const line = (await check({ url: `http://127.0.0.1:${port}`, endpoints: [endpoint(plan)] }))['endpoint:health']
  if (line === undefined) throw new Error('the endpoint was not asked')
  return line
}

const answering = (document: unknown, status = 200, type = 'application/json; charset=utf-8'): Promise<number> =>
  serveHttp((_request, response) => {
    response.writeHead(status, { 'content-type': type })
    response.end(typeof document === 'string' ? document : JSON.stringify(document))
  })

const expecting = (json: Readonly<Record<string, object>>): Partial<EndpointPlan> => ({
  expect: {
    status: [],
    json: Object.entries(json).map(([path, matcher]) => ({ path, matcher })),
    contains: [],
    absent: [],
  },
})

describe('an answer', () => {
  test('is the health document of the second seed, every part of it', async () => {
    const line = await asked(
      expecting({
        '$.status': { equals: 'healthy' },
        '$.api': { equals: 'operational' },
        '$.elasticsearch': { oneOf: ['green', 'yellow'] },
        '$.model_cache.cached_models[*]': { count: 2, matches: '^[\\w.-]+$' },
        '$.model_cache.loaded_models[*]': { count: 0 },
        '$.scores[?@ > 0.9]': { minCount: 1, atMost: 1 },
        '$.error': { exists: false },
      }),
      await answering(healthy),
    )
    expect(line).toMatchObject({ result: 'ok', detail: expect.stringMatching(/^200 in /) })
    expect(line.evidence[0]).toMatch(
      /^GET http:\/\/127\.0\.0\.1:\d+\/health: 200 from 127\.0\.0\.1 in .*first byte after/,
    )
  })

  test.each<[string, object, string]>([
    ['$.status', { equals: 'ok' }, '$.status is "healthy", not "ok"'],
    ['$.elasticsearch', { oneOf: ['yellow', 'red'] }, '$.elasticsearch is "green", not one of "yellow", "red"'],
    [
      '$.model_cache',
      { equals: {} },
      '$.model_cache is {"cached_models":["all-MiniLM-L6-v2","finbert"],"loaded_models":[]}, not {}',
    ],
    ['$.redis', { equals: 'green' }, '$.redis is not there'],
    ['$.status', { exists: false }, '$.status is "healthy" and should not be there'],
    ['$.scores[*]', { atLeast: 0.6 }, '$.scores[*] is 0.52, not 0.6 or more'],
    ['$.scores[*]', { count: 3 }, '$.scores[*] finds 2 values, not 3'],
    ['$.missing[*]', { minCount: 1 }, '$.missing[*] finds 0 values, not 1 or more'],
    ['$.api', { matches: '^down' }, '$.api is "operational", which does not match ^down'],
    ['$.api', { atMost: 3 }, '$.api is "operational", not 3 or less'],
  ])('with %s that is not %o says what it found', async (path, matcher, detail) => {
    const line = await asked(expecting({ [path]: matcher }), await answering(healthy))
    expect(line).toMatchObject({ result: 'fail', detail })
    expect(line.evidence.at(-1)).toMatch(/^answered: \{"status":"healthy"/)
  })

  test.each<[string, Partial<Expectations>, unknown, number, string]>([
    ['a status', {}, 'models are loading', 503, 'status 503, not 200 to 299'],
    ['a status of several', { status: [200, 204] }, '', 201, 'status 201, not 200 or 204'],
    ['text that lacks', { contains: ['ready'] }, 'warming up', 200, 'does not hold "ready"'],
    ['text that is there', { absent: ['Traceback'] }, 'Traceback (most recent call last)', 200, 'holds "Traceback"'],
    ['another type', { contentType: 'text/html' }, {}, 200, 'the content type is application/json, not text/html'],
    ['no JSON', { json: [{ path: '$', matcher: {} }] }, '<html>', 200, 'the answer is not JSON'],
  ])('with %s that is wrong', async (_, expected, document, status, detail) => {
    const expectations: Expectations = { status: [], json: [], contains: [], absent: [], ...expected }
    expect(await asked({ expect: expectations }, await answering(document, status))).toMatchObject({
      result: 'fail',
      detail,
    })
  })

  test('tells where a redirect would have led', async () => {
    const port = await serveHttp((_request, response) => response.writeHead(302, { location: '/login' }).end())
    expect(await asked({}, port)).toMatchObject({ result: 'fail', detail: 'status 302 to /login, not 200 to 299' })
  })

  test('satisfies its JSON Schema, or says where not', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rampart-verify-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const schema = (name: string, document: unknown): Partial<EndpointPlan> => {
      const path = join(directory, name)
      writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document))
      return { expect: { status: [], json: [], contains: [], absent: [], schema: path } }
    }
    const port = await answering(healthy)
    const fits = { type: 'object', required: ['status'], properties: { scores: { items: { type: 'number' } } } }
    expect(await asked(schema('fits.json', fits), port)).toMatchObject({ result: 'ok' })
    const newest = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { scores: { prefixItems: [{ type: 'string' }] } },
    }
    expect(await asked(schema('new.json', newest), port)).toMatchObject({
      result: 'fail',
      detail: '/scores/0 must be string (new.json)',
    })
    await expect(asked(schema('broken.json', '{'), port)).rejects.toMatchObject({ kind: 'usage' })
    await expect(asked(schema('odd.json', { type: 'thing' }), port)).rejects.toMatchObject({ kind: 'usage' })
  })
})

const row = (n: number, query: string, size: number): unknown[] => [
  'POST',
  `/search/${encodeURIComponent(query)}`,
  `uuid-${n}`,
  'application/json',
  { query, size, note: `request ${n} of ${query}`, tags: ['{{unknown}}'] },
]

describe('a request', () => {
  test('is filled in anew each time, values keep their kind, and paths are escaped', async () => {
    const seen: unknown[] = []
    const port = await serveBodies((request, response, body) => {
      const { 'x-request-id': id, 'content-type': type } = request.headers
      seen.push([request.method, request.url, id, type, JSON.parse(body)])
      response.end('{}')
    })
    const value: Json = {
      query: '{{query}}',
      size: '{{size}}',
      note: 'request {{n}} of {{query}}',
      tags: ['{{unknown}}'],
    }
    const plan = {
      method: 'POST',
      path: '/search/{{query}}',
      headers: { 'X-Request-Id': '{{uuid}}' },
      body: { kind: 'json', value },
    } as const
    await asked(
      {
        ...plan,
        samples: 2,
        rows: [
          { query: 'a/b', size: 3 },
          { query: 'two', size: 5 },
        ],
      },
      port,
    )
    expect(seen).toEqual([row(1, 'a/b', 3), row(2, 'two', 5), row(3, 'a/b', 3)])
  })

  test('goes below the path of the address, and to an address of its own', async () => {
    const seen: (string | undefined)[] = []
    const port = await serveHttp((request, response) => {
      seen.push(request.url)
      response.end()
    })
    const url = `http://127.0.0.1:${port}/v1/`
    const elsewhere = `http://127.0.0.1:${port}/other?x=1`
    await check({ url, endpoints: [endpoint(), endpoint({ name: 'other', path: elsewhere })] })
    expect(seen).toEqual(['/v1/health', '/other?x=1'])
  })
})

/** Slow at every tenth request. */
const uneven = (): Promise<number> => {
  let count = 0
  return serveHttp((_request, response) => {
    count += 1
    setTimeout(() => response.end('{}'), count % 10 === 0 ? 120 : 5)
  })
}

describe('latency', () => {
  test('is measured on a connection that is open, and compared with each figure of the budget', async () => {
    const line = await asked({ samples: 20, latency: { mean: 100, p50: 50, max: 60 } }, await uneven())
    expect(line.result).toBe('fail')
    expect(line.detail).toMatch(/^max 1\d\dms is over its budget of 60ms$/)
    expect(line.latency).toMatchObject({ count: 20, budget: { mean: 100, p50: 50, max: 60 } })
    expect(line.latency?.p50).toBeLessThan(50)
    expect(line.latency?.p95).toBeGreaterThan(100)
    expect(line.evidence.join('\n')).toContain('20 more on the same connection: mean')
  })

  test('within its budget is well', async () => {
    const line = await asked({ samples: 10, latency: { mean: 400, p99: 1000 } }, await uneven())
    expect(line).toMatchObject({ result: 'ok', detail: expect.stringMatching(/^200; mean .* of 10 requests$/) })
  })

  test('of a server that fails now and then is no excuse for it', async () => {
    let count = 0
    const failing = await serveHttp((_request, response) => {
      count += 1
      response.writeHead(count % 4 === 0 ? 503 : 200).end()
    })
    expect(await asked({ samples: 8 }, failing)).toMatchObject({
      result: 'fail',
      detail: '2 of 8 requests failed: status 503, not 200 to 299',
    })
  })

  test('of a server that is broken is not measured to the end', async () => {
    let count = 0
    const broken = await serveHttp((_request, response) => {
      count += 1
      response.writeHead(count === 1 ? 200 : 500).end()
    })
    expect((await asked({ samples: 500 }, broken)).detail).toMatch(/^3 of 3 requests failed/)
    expect(count).toBe(4)
  })
})

describe('time', () => {
  test('that a slow trickle takes is bounded to its last byte', async () => {
    const trickle = await serveHttp((_request, response) => {
      response.writeHead(200, { 'content-length': '100000' })
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const line = await asked({ timeout: 250 }, trickle)
    expect(line).toMatchObject({ result: 'fail', remedy: 'raise the timeout of health if it may take longer' })
    expect(line.detail).toMatch(/^after 0.3 s the answer had begun and was not over: \d+ bytes came$/)
  })

  test('of a fleet that settles is waited for, by the run’s clock, as long as the window lasts', async () => {
    let count = 0
    const settling = await serveHttp((_request, response) => {
      count += 1
      response.writeHead(count < 4 ? 503 : 200).end()
    })
    const clock = new ManualClock()
    const begun = clock.now()
    const run = { clock, signal: new AbortController().signal }
    const plan = { url: `http://127.0.0.1:${settling}`, endpoints: [endpoint({ retry: 30_000 })], loads: [] }
    const tasks = verifyTasks(plan, realPorts()).filter(({ kind }) => kind === 'endpoint')
    const [line] = await runVerifyTasks(tasks, run)
    expect(line).toMatchObject({ result: 'ok', attempts: 4 })
    expect(line?.evidence.at(-1)).toBe('succeeded at try 4')
    expect(clock.now() - begun).toBe(7000)
  })

  test('of the window is not gone over', async () => {
    const closed = await closedPort()
    const clock = new ManualClock()
    const begun = clock.now()
    const plan = { url: `http://127.0.0.1:${closed}`, endpoints: [endpoint({ retry: 10_000 })], loads: [] }
    const tasks = verifyTasks(plan, realPorts()).filter(({ kind }) => kind === 'endpoint')
    const [line] = await runVerifyTasks(tasks, { clock, signal: new AbortController().signal })
    expect(line).toMatchObject({ result: 'fail', detail: 'nothing listens there', attempts: 4 })
    expect(clock.now() - begun).toBeLessThanOrEqual(10_000)
  })
})
