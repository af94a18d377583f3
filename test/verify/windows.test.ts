import * as fc from 'fast-check'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { VerifyTask } from '../../src/lib/verify/judged.js'
import { runVerifyTasks } from '../../src/lib/verify/run.js'
import { verifyTasks } from '../../src/lib/verify/tasks.js'
import { ManualClock } from '../support/manual-clock.js'
import { requires } from '../support/requires.js'
import { createAuthority } from './certificates.js'
import { check, endpoint, realPorts } from './plans.js'
import { serveHttp, serveSockets } from './servers.js'

const after = (milliseconds: number): string => `after ${Number((milliseconds / 1000).toFixed(1))} s`

const never = new AbortController().signal

/** A check that fails so often before it is well, and the moments at which it looked. */
function failing(name: string, times: number, retry: number, clock: ManualClock) {
  const looked: number[] = []
  const task: VerifyTask = {
    name,
    kind: 'endpoint',
    alone: true,
    retry,
    look: () => {
      looked.push(clock.now())
      const result = looked.length > times ? 'ok' : 'fail'
      return Promise.resolve({ result, detail: result })
    },
  }
  return { task, looked }
}

test('each check has a window of its own: it looks until it is well or its window is over, and never beyond', async () => {
  const one = fc.record({ times: fc.nat(20), retry: fc.nat(90_000) })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 4 }), async (settings) => {
      const clock = new ManualClock()
      const all = settings.map(({ times, retry }, index) => failing(`check-${index}`, times, retry, clock))
      const lines = await runVerifyTasks(
        all.map(({ task }) => task),
        { clock, signal: never },
      )
      for (const [index, { looked }] of all.entries()) {
        const { times = 0, retry = 0 } = settings[index] ?? {}
        const line = lines[index]
        const spent = (looked.at(-1) ?? 0) - (looked[0] ?? 0)
        expect(spent).toBeLessThanOrEqual(retry)
        expect(line?.attempts).toBe(looked.length)
        // Well at the first look that is; else not given up while another would have fitted: no pause is above 5 s.
        const isRight = line?.result === 'ok' ? looked.length === times + 1 : spent + 5000 > retry
        expect(isRight).toBe(true)
      }
    }),
  )
})

describe('the time of a check', () => {
  test.each([60, 250])('is its own: %i ms', async (timeout) => {
    const silent = await serveSockets(() => undefined)
    const quiet = await serveHttp(() => undefined)
    const checks = await check({
      url: `https://127.0.0.1:${silent}`,
      https: { minDays: 0, httpPort: quiet, paths: [], timeout },
      endpoints: [endpoint({ timeout: timeout / 2 })],
    })
    expect(checks['certificate']?.detail).toContain(`${after(timeout)} the TLS handshake was not over`)
    expect(checks['https-redirect']?.detail).toContain(`${after(timeout)} connected and asked, but nothing`)
    expect(checks['endpoint:health']?.detail).toContain(after(timeout / 2))
    for (const { duration } of Object.values(checks)) expect(duration).toBeLessThan(5000)
  })
})

requires('openssl').describe('a certificate', () => {
  test('that is replaced while one looks is seen, by both checks that look at it', async () => {
    const authority = createAuthority()
    onTestFinished(() => authority.remove())
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
    const server = createServer({ ...authority.issue({ days: -1 }), ...old }, (_request, response) => response.end())
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve())
    })
    onTestFinished(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    })
    const { port } = server.address() as AddressInfo
    const clock = new ManualClock()
    const begun = clock.now()
    const fresh = { ...authority.issue(), minVersion: 'TLSv1.2' } as const
    const sleep = async (milliseconds: number): Promise<void> => {
      await clock.sleep(milliseconds)
      if (clock.now() - begun >= 3000) server.setSecureContext(fresh)
    }
    const plan = { url: `https://localhost:${port}`, endpoints: [], loads: [] }
    const https = { minDays: 1, httpPort: port, paths: [], retry: 60_000 }
    const tasks = verifyTasks({ ...plan, https }, realPorts([authority.root]))
    const wanted = tasks.filter(({ name }) => ['certificate', 'tls-version'].includes(name))
    const lines = await runVerifyTasks(wanted, { clock: { now: () => clock.now(), sleep }, signal: never })
    expect(lines.map(({ name, result }) => [name, result])).toEqual([
      ['certificate', 'ok'],
      ['tls-version', 'ok'],
    ])
    expect(lines.every(({ attempts }) => attempts > 1)).toBe(true)
  })
})
