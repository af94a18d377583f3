import autocannon from 'autocannon'
import { setTimeout as pause } from 'node:timers/promises'
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
  const request = { method: 'GET', url: `http://127.0.0.1:${port}/ours`, headers: {} }
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
    const instance = autocannon({ url: `http://127.0.0.1:${port}/theirs`, ...options }, done)
    instance.on('response', (_client, _status, _bytes, time) => times.push(time))
  })
  return times
}

const none: Figures = { p50: 0, p95: 0 }

const figuresOf = (times: readonly number[]): Figures => latencyOf(times) ?? none

/**
 * The figures that differ by more than 5 %. Both ran at once, against one server and in one process: what a busy machine
 * adds, it adds to both, and it is small beside what the server takes by construction.
 */
function disagreements(own: readonly number[], other: readonly number[]): readonly string[] {
  const [one, two] = [figuresOf(own), figuresOf(other)]
  return (['p50', 'p95'] as const)
    .filter((name) => Math.abs(one[name] / two[name] - 1) > 0.05)
    .map((name) => `${name}: ${one[name]} against ${two[name]} ms`)
}

/** Most answers after 500 ms, one in ten after 900, counted for each of the two by itself. */
async function mixed(): Promise<number> {
  const counts = new Map<string | undefined, number>()
  return serveHttp(({ url }, response) => {
    const count = (counts.get(url) ?? 0) + 1
    counts.set(url, count)
    setTimeout(() => response.end('{}'), count % 10 === 0 ? 900 : 500)
  })
}

describe('our figures are those of autocannon', () => {
  test('when each connection sends as soon as it has its answer', async () => {
    const port = await mixed()
    const [own, times] = await Promise.all([
      ours({ concurrency: 20, requests: 200, duration: 60_000 }, port),
      theirTimes({ connections: 20, amount: 200 }, port),
    ])
    expect(disagreements(own.latencies, times)).toEqual([])
  }, 60_000)

  test('at a rate that the server can hold', async () => {
    const port = await mixed()
    const [own, times] = await Promise.all([
      ours({ rate: 40, concurrency: 60, duration: 5000 }, port),
      theirTimes({ connections: 40, overallRate: 40, amount: 200 }, port),
    ])
    expect(disagreements(own.latencies, times)).toEqual([])
  }, 60_000)

  test('when the server stalls for two seconds, and what was due in them is not omitted', async () => {
    // Whoever asks in the stall is answered at its end.
    const stalls = performance.now() + 3000
    const port = await serveHttp((_request, response) => {
      const now = performance.now()
      setTimeout(() => response.end('{}'), now < stalls ? 300 : Math.max(300, stalls + 2000 - now))
    })
    const [rate, duration] = [10, 12_000]
    const [own, waiting, due] = await Promise.all([
      // As many connections as requests are due in the stall, so that none waits for another afterwards.
      ours({ rate, concurrency: 60, duration }, port),
      theirTimes({ connections: 2, duration: duration / 1000 }, port),
      // Those of a new autocannon at each beat, which cannot wait for what became of the others.
      Promise.all(
        Array.from({ length: (rate * duration) / 1000 }, async (_, beat) => {
          await pause((beat * 1000) / rate)
          return theirTimes({ connections: 1, amount: 1 }, port)
        }),
      ),
    ])
    expect(disagreements(own.latencies, due.flat())).toEqual([])
    // Every twentieth waited for more than a second. Who waits for answers sees two slow ones, and nothing is the matter.
    expect(figuresOf(own.latencies).p95).toBeGreaterThan(1000)
    expect(figuresOf(waiting).p95).toBeLessThan(600)
  }, 60_000)
})
