import { describe, expect, test } from 'vitest'
import type { ReleaseVerifier } from '../../src/lib/operations/verify-release.js'
import type { DeployRequest } from '../../src/lib/operations/deploy.js'
import type { VerifyTask } from '../../src/lib/verify/judged.js'
import { interrupted, of } from '../rollout/support/fleet.js'
import { stages, type Stage } from './support.js'

const times = [100, 101, 99, 102, 98]
const figures = { count: 5, min: 98, mean: 100, p50: 100, p95: 102, p99: 102, max: 102 }

/** A verifier of one endpoint whose check comes to that. */
function verifier(result: 'ok' | 'fail', more: Partial<ReleaseVerifier> = {}): ReleaseVerifier {
  const task: VerifyTask = {
    name: 'endpoint:search',
    kind: 'endpoint',
    alone: true,
    retry: 0,
    look: () =>
      Promise.resolve({
        result,
        detail: result === 'ok' ? '200' : 'mean 322ms is over its budget of 250ms',
        evidence: ['POST https://rag.example.com/search: 200'],
        latency: { ...figures, budget: {}, times },
      }),
  }
  return {
    criteria: [{ group: 'Performance', name: 'fast', checks: ['endpoint:*'] }],
    tasks: () => Promise.resolve([task]),
    figures: () => ({ latency: { search: { mean: 100, p50: 100, p95: 102, times } } }),
    ...more,
  }
}

const request = (stage: Stage, result: 'ok' | 'fail', more: Partial<ReleaseVerifier> = {}): Partial<DeployRequest> => ({
  verifier: verifier(result, more),
  wayBack: () => Promise.resolve(stage.driver()),
})

async function expectServes(stage: Stage, letter: string): Promise<void> {
  for (const served of Object.values(stage.serves())) expect(served).toEqual([letter])
  expect((await stage.driver().latest())?.outcome).toBe('succeeded')
}

describe.each(stages)('%s', (_name, start) => {
  test('a release that is verified keeps that in its record, and is not asked again', async () => {
    const stage = await start()
    const { ended, events } = await stage.deploy('a', { request: request(stage, 'ok') })
    expect(ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/4 of 4 targets\.$/) })
    expect(of(events, 'verified')).toMatchObject([
      { criteria: [{ name: 'fast', result: 'ok' }], checks: [{ name: 'endpoint:search', latency: figures }] },
    ])
    const [record] = await stage.ledger.list()
    expect(record).toMatchObject({
      ending: 'done',
      verification: { ok: 1, failed: [], latency: { search: { mean: 100, times } } },
    })
    const again = await stage.deploy('a', { request: request(stage, 'fail') })
    expect(again.ended.message).toMatch(/^Nothing to do/)
    expect(of(again.events, 'verified')).toEqual([])
  }, 60_000)

  test('one that fails goes back, and is none to roll back to', async () => {
    const stage = await start()
    await stage.deploy('a', { request: request(stage, 'ok') })
    const { ended, events } = await stage.deploy('b', { request: request(stage, 'fail') })
    expect(ended).toMatchObject({
      ending: 'verification',
      message: expect.stringMatching(/but 1 of 1 checks failed\. It went back: .* serves what served before/),
      problems: ['endpoint:search: mean 322ms is over its budget of 250ms'],
    })
    expect(of(events, 'phase.finished').at(-1)).toMatchObject({ phase: 'rollback', outcome: 'done' })
    await expectServes(stage, 'a')
    const records = await stage.ledger.list()
    expect(records.map(({ number, ending }) => [number, ending])).toEqual([
      [2, 'verification'],
      [1, 'done'],
    ])
    expect(records[0]?.verification).toMatchObject({ failed: ['endpoint:search'], wentBack: true })
    // The id of the rollout that brought it, not of the one that took it back.
    expect(records[0]?.rollout).toBe(of(events, 'rollout.started')[0]?.id)
    expect((await stage.rollback()).ended).toMatchObject({
      ending: 'preflight',
      message: expect.stringMatching(/^Release #2 r-\w+ has gone back already: #1 /),
    })
    // The same release once more, mended by other means.
    expect((await stage.deploy('b', { request: request(stage, 'ok') })).ended.ending).toBe('done')
    await expectServes(stage, 'b')
    expect((await stage.rollback()).ended.message).toMatch(/^Rolled back: #1 /)
  }, 120_000)

  test('a rollback while one that failed takes itself back is that way back, and no turn to what failed', async () => {
    const stage = await start()
    for (const letter of ['a', 'b']) await stage.deploy(letter)
    let back: ReturnType<Stage['rollback']> | undefined
    let isGoingBack = false
    const { ended } = await stage.deploy('c', {
      request: request(stage, 'fail'),
      onEvent: (event) => {
        isGoingBack ||= event.type === 'phase.started' && event.phase === 'rollback'
        if (isGoingBack && event.type === 'rollout.progress') back ??= stage.rollback({ lockWait: 600_000 })
      },
    })
    expect(ended).toMatchObject({ ending: 'verification', message: expect.stringMatching(/It went back/) })
    expect((await back)?.ended).toMatchObject({
      ending: 'done',
      message: expect.stringMatching(/#2 r-\w+ serves on 4/),
    })
    await expectServes(stage, 'b')
  }, 120_000)

  test('one that is kept stays, is none to roll back to, and is verified by the same command later', async () => {
    const stage = await start()
    await stage.deploy('a', { request: request(stage, 'ok') })
    const kept = await stage.deploy('b', { request: { ...request(stage, 'fail'), keep: true } })
    expect(kept.ended).toMatchObject({ ending: 'verification', message: expect.stringContaining('It stays, as asked') })
    await expectServes(stage, 'b')
    expect((await stage.ledger.list())[0]).toMatchObject({ ending: 'verification', proof: { proved: 4 } })
    const later = await stage.deploy('b', { request: request(stage, 'ok') })
    expect(later.ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Nothing to do/) })
    expect(of(later.events, 'verified')).toHaveLength(1)
    const records = await stage.ledger.list()
    expect(records.map(({ number, ending }) => [number, ending])).toEqual([
      [2, 'done'],
      [1, 'done'],
    ])
  }, 60_000)

  test('one that was left before it was verified is verified by the same command, and still goes back', async () => {
    const stage = await start()
    await stage.deploy('a', { request: request(stage, 'ok') })
    const controller = new AbortController()
    const left = await stage.deploy('b', {
      controller,
      request: request(stage, 'ok'),
      onEvent: (event) => {
        if (event.type === 'phase.started' && event.phase === 'verify') controller.abort(interrupted())
      },
    })
    expect(left.ended).toMatchObject({
      ending: 'unknown',
      message: expect.stringContaining('left before it was verified'),
    })
    await expectServes(stage, 'b')
    const recalled: string[] = []
    const recall: ReleaseVerifier['recall'] = ({ release }) => recalled.push(release.id)
    const again = await stage.deploy('b', {
      request: request(stage, 'fail', { recall, measure: () => Promise.resolve('') }),
    })
    expect(of(again.events, 'rollout.started')).toHaveLength(1)
    expect(again.ended).toMatchObject({ ending: 'verification', message: expect.stringContaining('It went back') })
    await expectServes(stage, 'a')
    const [, first] = await stage.ledger.list()
    // What served before is gone: its record says how fast it was.
    expect(recalled).toEqual([first?.release.id])
    expect(of(again.events, 'phase.started').map(({ phase }) => phase)).not.toContain('baseline')
  }, 120_000)

  test('what served is measured before anything is rolled out', async () => {
    const stage = await start()
    await stage.deploy('a')
    const seen: unknown[] = []
    const measure = (): Promise<string> => {
      seen.push(stage.serves())
      return Promise.resolve('1 endpoint')
    }
    const { events } = await stage.deploy('b', { request: request(stage, 'ok', { measure }) })
    expect(seen).toEqual([expect.not.objectContaining({ api: ['b'] })])
    expect(of(events, 'phase.finished').find(({ phase }) => phase === 'baseline')).toMatchObject({
      detail: '1 endpoint',
    })
    const phases = of(events, 'phase.started').map(({ phase }) => phase)
    expect(phases.slice(-4)).toEqual(['baseline', 'rollout', 'proof', 'verify'])
  }, 60_000)

  test('a rollback that fails its checks says so and stays; it was not proved by that', async () => {
    const stage = await start()
    await stage.deploy('a')
    await stage.deploy('b')
    const { ended, events } = await stage.rollback({ verifier: verifier('fail') })
    expect(ended).toMatchObject({
      ending: 'verification',
      message: expect.stringMatching(/^Rolled back: #1 .* 1 of 1 checks failed\. It stays/),
    })
    expect(of(events, 'rollout.started')).toHaveLength(1)
    await expectServes(stage, 'a')
    const [record] = await stage.ledger.list()
    expect(record).toMatchObject({
      kind: 'rollback',
      ending: 'verification',
      verification: { failed: ['endpoint:search'] },
    })
  }, 60_000)
})
