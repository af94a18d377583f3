import { describe, expect, test } from 'vitest'
import { of } from '../rollout/support/fleet.js'
import { clusterStage, groupStage, type Stage } from './support.js'

const healthyOf = async (stage: Stage, name: string): Promise<number> => {
  const size = (await stage.driver().sizes()).find((one) => one.name === name)
  return (
    size?.targets.filter(({ health, lifecycle }) => health === 'healthy' && /InService|RUNNING/.test(lifecycle))
      .length ?? 0
  )
}

const group = 'rampart-production-asg'

describe('a group', () => {
  test('grows and shrinks within its bounds, followed until the targets serve', async () => {
    const stage = await groupStage()
    const grown = await stage.scale(6)
    expect(grown.ended).toMatchObject({ ending: 'done', message: `${group} is scaled: 6 of 6 targets serve.` })
    expect(await healthyOf(stage, group)).toBe(6)
    expect(of(grown.events, 'target.changed').length).toBeGreaterThan(6)
    const shrunk = await stage.scale(1)
    expect(shrunk.ended.message).toBe(`${group} is scaled: 1 of 1 target serves.`)
    expect(await healthyOf(stage, group)).toBe(1)
  }, 60_000)

  test('outside its bounds nothing is changed, and what moves them is said; with bounds they move', async () => {
    const stage = await groupStage()
    const refused = await stage.scale(12)
    expect(refused.ended).toMatchObject({
      ending: 'preflight',
      problems: ['bounds: 12 is not within 0 and 8, the bounds of rampart-production-asg'],
      next: ['rampart scale 12 --bounds 0:12'],
    })
    expect((await stage.scale(12, { bounds: { min: 4, max: 8 } })).ended.ending).toBe('preflight')
    expect((await stage.scale(10, { bounds: { min: 2, max: 12 } })).ended.ending).toBe('done')
    expect(await stage.driver().sizes()).toMatchObject([{ desired: 10, bounds: { min: 2, max: 12 } }])
  }, 60_000)

  test('targets that never serve end in attention, and are named', async () => {
    const stage = await groupStage({ switches: { bootSeconds: 7200 } })
    const { ended } = await stage.scale(6)
    expect(ended).toMatchObject({
      ending: 'attention',
      message: expect.stringMatching(/did not come to 6 targets in 30 minutes: 4 of 6 targets serve/),
      problems: [expect.stringMatching(/^i-\w+: /), expect.stringMatching(/^i-\w+: /)],
    })
  }, 60_000)
})

describe('a cluster', () => {
  test('one of its services', async () => {
    const stage = await clusterStage()
    expect((await stage.scale(4)).ended).toMatchObject({ ending: 'usage', next: ['--service api', '--service ui'] })
    expect((await stage.scale(4, { service: 'db' })).ended.ending).toBe('usage')
    const { ended, events } = await stage.scale(4, { service: 'api' })
    expect(ended).toMatchObject({ ending: 'done', message: 'finbert-api is scaled: 4 of 4 targets serve.' })
    expect([await healthyOf(stage, 'finbert-api'), await healthyOf(stage, 'finbert-ui')]).toEqual([4, 2])
    expect(of(events, 'check.done')).toContainEqual(expect.objectContaining({ name: 'bounds', result: 'skip' }))
    expect((await stage.scale(1, { service: 'api' })).ended.ending).toBe('done')
    expect(await healthyOf(stage, 'finbert-api')).toBe(1)
    const bounds = await stage.scale(3, { service: 'api', bounds: { min: 1, max: 4 } })
    expect(bounds.ended.ending).toBe('done')
    expect(await stage.driver().sizes()).toMatchObject([{ desired: 3, bounds: { min: 1, max: 4 } }, { desired: 2 }])
  }, 60_000)

  test("a service is kept within Application Auto Scaling's bounds, which move when they are told to", async () => {
    const stage = await clusterStage({ bounds: { min: 2, max: 4 } })
    const over = await stage.scale(6, { service: 'api' })
    expect(over.ended).toMatchObject({
      ending: 'preflight',
      problems: ['bounds: 6 is not within 2 and 4, the bounds of finbert-api'],
      next: ['rampart scale 6 --service api --bounds 2:6'],
    })
    expect((await stage.scale(1, { service: 'api' })).ended.ending).toBe('preflight')
    expect((await stage.scale(6, { service: 'api', bounds: { min: 2, max: 5 } })).ended.ending).toBe('preflight')
    expect(await stage.driver().sizes()).toMatchObject([
      { desired: 2, bounds: { min: 2, max: 4 } },
      { desired: 2, bounds: { min: 2, max: 4 } },
    ])
    const grown = await stage.scale(4, { service: 'api' })
    expect(grown.ended.ending).toBe('done')
    const moved = await stage.scale(6, { service: 'api', bounds: { min: 5, max: 6 } })
    expect(moved.ended).toMatchObject({ ending: 'done', message: 'finbert-api is scaled: 6 of 6 targets serve.' })
    expect(of(moved.events, 'check.done')).toContainEqual(
      expect.objectContaining({ name: 'bounds', result: 'ok', detail: '6 is within 5 and 6, moved from 2 and 4' }),
    )
    expect(await stage.driver().sizes()).toMatchObject([
      { desired: 6, bounds: { min: 5, max: 6 } },
      { desired: 2, bounds: { min: 2, max: 4 } },
    ])
    // A rollout moves neither the count nor its bounds.
    expect((await stage.deploy('n')).ended.ending).toBe('done')
    expect(await stage.driver().sizes()).toMatchObject([
      { desired: 6, bounds: { min: 5, max: 6 } },
      { desired: 2, bounds: { min: 2, max: 4 } },
    ])
  }, 60_000)

  test('what may not be asked is said, with what allows it', async () => {
    const stage = await clusterStage({
      faults: [{ match: { operation: 'DescribeScalableTargets' }, effect: { kind: 'denied' }, rate: 1 }],
    })
    expect((await stage.scale(3, { service: 'api' })).ended).toMatchObject({
      ending: 'unreachable',
      message: expect.stringContaining('application-autoscaling:DescribeScalableTargets is not permitted'),
    })
  }, 60_000)
})

describe.each([
  ['a group', groupStage, {}],
  ['a cluster', clusterStage, { service: 'ui' }],
] as const)('%s that rolls', (_name, start, options) => {
  test('is not scaled', async () => {
    const stage = await start()
    const controller = new AbortController()
    let during: ReturnType<Stage['scale']> | undefined
    await stage.deploy('a', {
      controller,
      onEvent: (event) => {
        if (event.type === 'rollout.progress') during ??= stage.scale(3, options)
      },
    })
    expect((await during)?.ended.ending).toBe('conflict')
    const left = new AbortController()
    await stage.deploy('b', {
      controller: left,
      onEvent: (event) => {
        if (event.type === 'rollout.progress') left.abort(new Error('left'))
      },
    })
    // Nobody holds the lock any more: the rollout itself is met.
    const { ended } = await stage.scale(3, options)
    expect(ended).toMatchObject({
      ending: 'conflict',
      message: expect.stringMatching(/is (?:InProgress|Pending|IN_PROGRESS|PENDING)/),
    })
  }, 60_000)
})
