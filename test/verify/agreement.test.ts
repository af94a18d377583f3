import autocannon from 'autocannon'
import { createHistogram } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import type { LoadPlan } from '../../src/lib/domain/verify-plan.js'
import { createHttp } from '../../src/lib/http/client.js'
import { systemClock } from '../../src/lib/system/clock.js'
import { generate, type Generated } from '../../src/lib/verify/generate.js'
import { latencyOf } from '../../src/lib/verify/latency.js'
import { load } from './plans.js'
import { serveHttp } from './servers.js'

interface Figures {
  readonly p50: number
  readonly p95: number
}

async function ours(plan: Partial<LoadPlan>, port: number): Promise<Generated> {
  const full = load(plan)
  const http = createHttp()
  const session = http.session(full.concurrency)
  const signal = new AbortController().signal
  const request = { method: 'GET', url: `http://127.0.0.1:${port}/`, headers: {} }
  try {
    return await generate(
      full,
      {
        now: () => http.now(),
        clock: systemClock,
        send: async () => {
          const answer = await session.send(request, { timeout: 10_000, signal })
          return answer.kind === 'answer' ? {} : { problem: answer.detail }
        },
      },
      signal,
    )
  } finally {
    session.close()
  }
}

/** The independent one: how long each of its requests took, in milliseconds. */
async function theirTimes(options: Partial<autocannon.Options>, port: number): Promise<readonly number[]> {
  const times: number[] = []
  await new Promise<void>((resolve, reject) => {
    const done = (error: unknown): void => (error instanceof Error ? reject(error) : resolve())
    const instance = autocannon({ url: `http://127.0.0.1:${port}/`, ...options }, done)
    instance.on('response', (_client, _status, _bytes, time) => times.push(time))
  })
  return times
}

const none: Figures = { p50: 0, p95: 0 }

const relative = (one: number, other: number): number => Math.abs(one - other) / other

interface Pair {
  readonly ours: Figures
  readonly theirs: Figures
}

/** Measures both in turn until p50 and p95 are within 5 %, thrice at most: what disturbs one of them on a busy machine does not disturb them each time. What was measured in vain. */
async function disagreements(measure: () => Promise<Pair>): Promise<readonly Pair[]> {
  const seen: Pair[] = []
  for (let round = 0; round < 3; round += 1) {
    const pair = await measure()
    const { ours: own, theirs: other } = pair
    if (relative(own.p50, other.p50) <= 0.05 && relative(own.p95, other.p95) <= 0.05) return []
    seen.push(pair)
  }
  return seen
}

/** Most answers after 100 ms, one in ten after 300: a busy machine adds a few to either. */
async function mixed(): Promise<number> {
  let count = 0
  return serveHttp((_request, response) => {
    count += 1
    setTimeout(() => response.end('{}'), count % 10 === 0 ? 300 : 100)
  })
}

describe('our figures are those of autocannon', () => {
  test('when each connection sends as soon as it has its answer', async () => {
    const port = await mixed()
    const differing = await disagreements(async () => {
      const own = await ours({ concurrency: 8, requests: 200, duration: 60_000 }, port)
      const times = await theirTimes({ connections: 8, amount: 200 }, port)
      return { ours: latencyOf(own.latencies) ?? none, theirs: latencyOf(times) ?? none }
    })
    expect(differing).toEqual([])
  })

  test('at a rate that the server can hold', async () => {
    const port = await mixed()
    const differing = await disagreements(async () => {
      const own = await ours({ rate: 50, concurrency: 20, duration: 4000 }, port)
      const times = await theirTimes({ connections: 20, overallRate: 50, amount: 200 }, port)
      return { ours: latencyOf(own.latencies) ?? none, theirs: latencyOf(times) ?? none }
    })
    expect(differing).toEqual([])
  })

  test('when the server stalls for two seconds, and what was due in them is not omitted', async () => {
    // Whoever asks in the stall is answered at its end.
    let stalledUntil = 0
    const port = await serveHttp((_request, response) => {
      setTimeout(() => response.end('{}'), Math.max(100, stalledUntil - performance.now()))
    })
    const stallSoon = (): void => {
      setTimeout(() => {
        stalledUntil = performance.now() + 2000
      }, 3000)
    }
    const rate = 50
    const duration = 8000
    const differing = await disagreements(async () => {
      stallSoon()
      // As many connections as requests are due in the stall, so that none waits for another afterwards.
      const own = await ours({ rate, concurrency: 150, duration }, port)
      stallSoon()
      const times = await theirTimes({ connections: 8, overallRate: rate, duration: duration / 1000 }, port)
      // A generator that waits for its answers sees eight slow requests, and nothing is the matter.
      expect(latencyOf(times)?.p95).toBeLessThan(300)
      return { ours: latencyOf(own.latencies) ?? none, theirs: corrected(times, (8 * 1000) / rate) }
    })
    expect(differing).toEqual([])
  }, 120_000)
})

/** HdrHistogram's correction for coordinated omission: each beat that a slow request missed was a request as well. */
function corrected(times: readonly number[], beat: number): Figures {
  const histogram = createHistogram({ figures: 3 })
  for (const time of times) {
    histogram.record(Math.round(time * 1000))
    for (let missed = time - beat; missed >= beat; missed -= beat) histogram.record(Math.round(missed * 1000))
  }
  return { p50: histogram.percentile(50) / 1000, p95: histogram.percentile(95) / 1000 }
}
