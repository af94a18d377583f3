import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { createAws } from '../../src/lib/aws/index.js'
import { followLogs, type FollowedLines, type FollowOptions } from '../../src/lib/logs/follow.js'
import type { Followed } from '../../src/lib/logs/poll.js'
import type { Clock } from '../../src/lib/ports/clock.js'
import type { LogLine, LogSource } from '../../src/lib/ports/log-source.js'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../src/lib/rehearsal/cloud.js'
import { awsAt } from '../aws/support.js'

/** A clock that a test moves: who sleeps on it waits for that. */
export class SteppedClock implements Clock {
  #now: number
  readonly #sleepers = new Set<{ readonly until: number; wake(): void }>()

  constructor(start = Date.UTC(2026, 0, 15, 12)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  get sleepers(): number {
    return this.#sleepers.size
  }

  step(milliseconds: number): void {
    this.#now += milliseconds
    for (const sleeper of this.#sleepers) if (sleeper.until <= this.#now) sleeper.wake()
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error)
        return
      }
      const sleeper = {
        until: this.#now + milliseconds,
        wake: () => {
          this.#sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#sleepers.add(sleeper)
      if (milliseconds <= 0) sleeper.wake()
    })
  }
}

export const group = '/rampart/production'
export const arn = `arn:aws:logs:us-west-2:123456789012:log-group:${group}`

export interface LogCloud {
  readonly rehearsal: Rehearsal
  readonly clock: SteppedClock
  readonly aws: ReturnType<typeof createAws>
  /** Every call to the logs service so far. */
  readonly calls: string[]
  write(stream: string, text: string, time?: number): void
}

/** A rehearsal whose fleet writes nothing of its own, with real clients of it. */
export async function startLogCloud(options: Partial<RehearsalOptions> = {}): Promise<LogCloud> {
  const clock = new SteppedClock()
  const calls: string[] = []
  const directory = await mkdtemp(join(tmpdir(), 'rampart-logs-'))
  const errors: unknown[] = []
  const rehearsal = await startRehearsal({
    directory,
    scenario: 'healthy',
    setup: {
      app: 'rampart-ai',
      environment: 'production',
      region: 'us-west-2',
      accountId: '123456789012',
      group: { name: 'production', desired: 1, min: 0, max: 2 },
      logGroup: group,
      alarms: [],
      services: [{ name: 'frontend', repository: 'rampart-frontend', livePath: '/', readyPath: '/', port: 3000 }],
    },
    now: () => clock.now(),
    onCall: (_, service, operation) => {
      if (service === 'logs') calls.push(operation)
    },
    onError: (error) => errors.push(error),
    switches: { trafficSeconds: 0 },
    ...options,
  })
  onTestFinished(async () => {
    await rehearsal.close()
    await rm(directory, { recursive: true, force: true })
    if (errors.length > 0) throw new AggregateError(errors, 'the rehearsal itself failed')
  })
  return {
    rehearsal,
    clock,
    aws: awsAt(rehearsal.url),
    calls,
    write: (stream, text, time = clock.now()) => rehearsal.world.state.logs.append(stream, time, text),
  }
}

export interface Following {
  /** What has come so far. */
  readonly lines: readonly LogLine[]
  readonly batches: readonly FollowedLines[]
  /** Resolves when what has come satisfies it; rejects when following ends before. */
  until(holds: (following: Following) => boolean): Promise<void>
  stop(): Promise<void>
  /** Rejects with what following failed with. */
  readonly ended: Promise<void>
}

/** Follows in the background until the test ends. */
export function follow(
  source: Pick<LogSource, 'page' | 'live'>,
  clock: Clock,
  followed: Partial<Followed> = {},
  options: Partial<FollowOptions> = {},
): Following {
  const controller = new AbortController()
  const batches: FollowedLines[] = []
  const waiting = new Set<() => void>()
  const stream = followLogs(
    source,
    { group, since: clock.now(), ...followed },
    { clock, signal: controller.signal, live: true, ...options },
  )
  const following: Following = {
    get lines() {
      return batches.flatMap(({ lines }) => lines)
    },
    batches,
    async until(holds) {
      while (!holds(following)) {
        await Promise.race([
          new Promise<void>((resolve) => waiting.add(resolve)),
          following.ended.then(() => Promise.reject(new Error('following has ended'))),
        ])
      }
    },
    async stop() {
      controller.abort()
      await following.ended
    },
    ended: (async () => {
      for await (const batch of stream) {
        batches.push(batch)
        for (const wake of waiting) wake()
        waiting.clear()
      }
    })(),
  }
  following.ended.catch(() => undefined)
  onTestFinished(async () => {
    controller.abort()
    await following.ended.catch(() => undefined)
  })
  return following
}

/** Waits, in real time, until something holds that another process or socket brings about. */
export async function eventually(holds: () => boolean): Promise<void> {
  const begin = performance.now()
  while (!holds()) {
    if (performance.now() - begin > 10_000) throw new Error('it has not come to hold in ten seconds')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const texts = (lines: readonly LogLine[]): readonly string[] => lines.map(({ text }) => text)
