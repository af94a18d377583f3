import { assert as check, jsonValue, property } from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { VerifiedLine } from '../../src/lib/domain/verification.js'
import type { ComparePlan, Json } from '../../src/lib/domain/verify-plan.js'
import { measureBaseline, type Baseline } from '../../src/lib/verify/baseline.js'
import { changeOfMean } from '../../src/lib/verify/bootstrap.js'
import { compareTasks, firstTasks, type CompareOptions } from '../../src/lib/verify/compare.js'
import { besideGroup, judgeCriteria } from '../../src/lib/verify/criteria.js'
import { driftOf } from '../../src/lib/verify/drift.js'
import { lookAtEndpoint } from '../../src/lib/verify/endpoint.js'
import type { Judged } from '../../src/lib/verify/judged.js'
import { endpoint, realPorts } from './plans.js'
import { serveHttp } from './servers.js'

const signal = new AbortController().signal
const plan: ComparePlan = {
  latency: 'fail',
  slower: 25,
  answers: 'fail',
  tolerance: 0.01,
  ignore: ['$.took', '$.results[*].date'],
  first: 'warn',
  firstAtMost: 2,
}

// Numbers that anybody can draw again: https://en.wikipedia.org/wiki/Linear_congruential_generator
const numbers = (seed: number): (() => number) => {
  let state = seed
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
}
const sample = (next: () => number, size: number, middle: number): readonly number[] =>
  Array.from({ length: size }, () => middle * (0.8 + 0.4 * next()))

describe('the change of a mean', () => {
  test('covers the true change in about 95 of 100 cases', () => {
    const next = numbers(7)
    let covered = 0
    for (let round = 0; round < 200; round += 1) {
      const change = changeOfMean(sample(next, 20, 100), sample(next, 20, 130))
      if (change !== undefined && change.low <= 0.3 && 0.3 <= change.high) covered += 1
    }
    // 200 cases at 95 % have a standard deviation of 3; percentile intervals of 20 are a little narrow.
    expect(covered).toBeGreaterThanOrEqual(176)
    expect(covered).toBeLessThan(200)
  })

  test('is the same each time, holds its own share, and needs five of each', () => {
    const [before, after] = [sample(numbers(1), 12, 100), sample(numbers(2), 12, 200)]
    const change = changeOfMean(before, after)
    expect(change).toEqual(changeOfMean(before, after))
    expect(change?.low).toBeGreaterThan(0.7)
    expect(change?.high).toBeLessThan(1.4)
    expect(changeOfMean(before.slice(0, 4), after)).toBeUndefined()
    expect(changeOfMean(before, [])).toBeUndefined()
  })
})

describe('drift', () => {
  test('names what changed, came and went; numbers within the tolerance and what is ignored may', () => {
    const before: Json = {
      took: 3,
      results: [{ title: 'a', score: 0.9, date: 'x' }, { title: 'b' }],
      gone: 1,
      "it's": 1,
    }
    const after: Json = {
      took: 9,
      results: [{ title: 'a', score: 0.905, date: 'y' }, { title: 'c' }],
      new: null,
      "it's": 2,
    }
    expect(driftOf(before, after, plan)).toEqual([
      { path: '$.results[1].title', before: 'b', after: 'c' },
      { path: '$.gone', before: 1, after: undefined },
      { path: `$["it's"]`, before: 1, after: 2 },
      { path: '$.new', before: undefined, after: null },
    ])
    expect(driftOf(before, after, { ...plan, tolerance: 0 })).toHaveLength(5)
    expect(driftOf({ "it's": 1 }, { "it's": 2 }, { ...plan, ignore: [`$["it's"]`] })).toEqual([])
    expect(driftOf([1, 2], [1], plan)).toEqual([{ path: '$[1]', before: 2, after: undefined }])
  })

  test('of any document with itself is none, and is seen from both sides', () => {
    check(
      property(jsonValue(), jsonValue(), (one, other) => {
        const [left, right] = [one as Json, other as Json]
        expect(driftOf(left, left, plan)).toEqual([])
        expect(driftOf(left, right, plan)).toHaveLength(driftOf(right, left, plan).length)
      }),
    )
  })
})

/** A server whose answers take and hold what is set. */
async function searchServer() {
  const state = { delay: 30, score: 0.9, cold: 0 }
  const port = await serveHttp((_request, response) => {
    const cold = state.cold
    state.cold = 0
    setTimeout(() => response.end(JSON.stringify({ results: [{ score: state.score }] })), state.delay + cold)
  })
  return { state, url: `http://127.0.0.1:${port}` }
}

const search = endpoint({ name: 'search', path: '/search', samples: 15 })

async function optionsFor(url: string, baseline: Baseline | undefined): Promise<CompareOptions> {
  const ports = realPorts()
  const { latency } = await lookAtEndpoint(url, search, ports, signal)
  return { url, plan, endpoints: [search], ports, baseline, measured: () => latency }
}

async function compared(options: CompareOptions): Promise<Readonly<Record<string, Judged>>> {
  const results: Record<string, Judged> = {}
  for (const task of [...firstTasks(options), ...compareTasks(options)]) results[task.name] = await task.look(signal)
  return results
}

describe('before and after', () => {
  test('a release that is the same is the same; one that is slower and answers otherwise is told with the figures', async () => {
    const { state, url } = await searchServer()
    const baseline = await measureBaseline(url, [search], realPorts(), signal)
    const same = await compared(await optionsFor(url, baseline))
    expect(same['compare:answers']).toMatchObject({
      result: 'ok',
      detail: '1 question answered as by the release before',
    })
    Object.assign(state, { delay: 80, score: 0.4 })
    const options = await optionsFor(url, baseline)
    state.cold = 1200
    const worse = await compared(options)
    expect(worse['compare:latency']).toMatchObject({
      result: 'fail',
      detail: expect.stringMatching(
        /^slower than the release before by more than 25 %: search \+\d+ % \(\+\d+ % to \+\d+ %\)$/,
      ),
    })
    expect(worse['compare:answers']).toMatchObject({
      result: 'fail',
      evidence: ['search, question 1: $.results[0].score was 0.9, is 0.4'],
    })
    expect(worse['first-requests']).toMatchObject({ result: 'warn', detail: expect.stringMatching(/x a warm one/) })
  }, 30_000)

  test('from a record there are latencies alone, and it is said whose; from nothing there is nothing to fail', async () => {
    const { url } = await searchServer()
    const recorded: Baseline = {
      origin: { kind: 'recorded', release: 'r-1', at: '2026-11-20T10:00:00Z' },
      endpoints: new Map([['search', { times: Array.from({ length: 10 }, () => 500), answers: new Map() }]]),
    }
    const some = await compared(await optionsFor(url, recorded))
    expect(some['compare:latency']).toMatchObject({
      result: 'ok',
      evidence: expect.arrayContaining(['compared with r-1, by its record of 2026-11-20']),
    })
    expect(some['compare:answers']).toMatchObject({ result: 'skip' })
    const none = await compared(await optionsFor(url, undefined))
    expect(none).toMatchObject({ 'compare:latency': { result: 'skip' }, 'compare:answers': { result: 'skip' } })
  })

  test('a fleet that answers nothing gives a baseline of nothing, and no error', async () => {
    const port = await serveHttp((_request, response) => response.writeHead(503).end())
    const baseline = await measureBaseline(`http://127.0.0.1:${port}`, [search], realPorts(), signal)
    expect(baseline).toMatchObject({ origin: { kind: 'measured' } })
    expect(baseline.first).toBeUndefined()
    expect(baseline.endpoints.get('search')).toEqual({ answers: new Map(), times: [] })
  })

  test('what may change something is not asked twice', async () => {
    const methods: string[] = []
    const port = await serveHttp((request, response) => {
      methods.push(request.method ?? '')
      response.end('{}')
    })
    onTestFinished(() => expect(methods).not.toContain('DELETE'))
    const plans = [endpoint({ name: 'remove', method: 'DELETE' }), endpoint()]
    await measureBaseline(`http://127.0.0.1:${port}`, plans, realPorts(), signal)
    expect(methods).toContain('GET')
  })
})

const line = (name: string, more: Partial<VerifiedLine>): VerifiedLine => ({
  name,
  kind: 'endpoint',
  result: 'ok',
  detail: 'well',
  findings: [],
  evidence: [],
  attempts: 1,
  duration: 1,
  ...more,
})

const own = (name: string, detail: string) => [besideGroup, name, 'fail', detail]

describe('criteria', () => {
  const figures = { count: 20, min: 100, mean: 240, p50: 230, p95: 300, p99: 510, max: 520 }
  const slow = line('endpoint:a', {
    result: 'fail',
    detail: 'max 520ms is over its budget of 500ms',
    findings: [{ detail: 'max 520ms is over its budget of 500ms' }],
    latency: { ...figures, budget: { mean: 250, max: 500 }, times: [] },
  })
  const broken = line('endpoint:b', { result: 'fail', detail: 'status 503', findings: [{ detail: 'status 503' }] })
  const judge = (checks: readonly string[], figure?: 'mean' | 'max' | 'success' | 'rate') =>
    judgeCriteria([{ group: 'g', name: 'n', checks, ...(figure !== undefined && { figure }) }], [slow, broken])[0]

  test('rest on the part of a check that they name', () => {
    expect(judge(['endpoint:a'], 'mean')).toMatchObject({ result: 'ok', detail: 'mean 240ms, budget 250ms' })
    expect(judge(['endpoint:a'], 'max')).toMatchObject({ result: 'fail', detail: 'max 520ms, budget 500ms' })
    expect(judge(['endpoint:a'], 'success')).toMatchObject({ result: 'ok' })
    expect(judge(['endpoint:a'])).toMatchObject({ result: 'fail' })
    expect(judge(['endpoint:b'], 'mean')).toMatchObject({ result: 'skip' })
    expect(judge(['endpoint:b'], 'success')).toMatchObject({ result: 'fail', detail: 'status 503' })
    expect(judge(['endpoint:*'], 'success')).toMatchObject({ result: 'fail', detail: 'endpoint:b: status 503' })
    expect(judge(['memory'])).toMatchObject({ result: 'skip', detail: 'not asked: memory' })
  })

  const beside = (checks: readonly string[], figure?: 'mean') =>
    judgeCriteria([{ group: 'g', name: 'n', checks, ...(figure !== undefined && { figure }) }], [slow, broken])
      .slice(1)
      .map(({ group, name, result, detail }) => [group, name, result, detail])

  test.each([
    ['nothing is beside those that fail', ['endpoint:*'], undefined, []],
    ['a check that no criterion names', ['endpoint:a'], undefined, [own('endpoint:b', 'status 503')]],
    [
      'one of which a criterion names a part that is well',
      ['endpoint:a'],
      'mean',
      [own('endpoint:a', 'max 520ms is over its budget of 500ms'), own('endpoint:b', 'status 503')],
    ],
  ] as const)('have what fails beside them on lines of its own: %s', (_, checks, figure, lines) => {
    expect(beside(checks, figure)).toEqual(lines)
    expect(judgeCriteria([], [slow, broken])).toEqual([])
  })
})
