import { describe, expect, test } from 'vitest'
import { of } from '../rollout/support/fleet.js'
import { stages, type Stage } from './support.js'

/** Deploys a, then b, and leaves that when `when` is true of an event. */
async function leftHalfWay(stage: Stage, isHealthy = false): Promise<void> {
  await stage.deploy('a')
  const controller = new AbortController()
  await stage.deploy('b', {
    controller,
    onEvent: (event) => {
      const isNew = event.type === 'target.changed' && event.target.isNew
      if (isHealthy ? isNew && event.target.health === 'healthy' : isNew) controller.abort(new Error('left'))
    },
  })
}

describe.each(stages)('%s', (_name, start) => {
  test('nothing under way is nothing to abort', async () => {
    const stage = await start()
    await stage.deploy('a')
    for (const goesBack of [true, false]) {
      const { ended, events } = await stage.abort({ goesBack })
      expect(ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Nothing to abort on/) })
      expect(of(events, 'rollout.started')).toEqual([])
    }
    expect(Object.values(stage.serves())).toEqual([['a'], ['a']])
  }, 60_000)

  test('goes back, follows that to its end and says what serves where', async () => {
    const stage = await start()
    await leftHalfWay(stage)
    const { ended, events } = await stage.abort()
    expect(ended.ending).toBe('done')
    expect(ended.message).toMatch(/^Aborted: the fleet went back\. .*on version [\w:-]+ of r-\w+: .*@sha256:/)
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'rolled-back' }])
    expect(Object.values(stage.serves())).toEqual([['a'], ['a']])
    expect((await stage.deploy('b')).ended.ending).toBe('done')
    expect(Object.values(stage.serves())).toEqual([['b'], ['b']])
  }, 60_000)

  test('stays where it is when told to, and says so; another deploy brings it to one release', async () => {
    const stage = await start()
    await leftHalfWay(stage, true)
    const { ended, events } = await stage.abort({ goesBack: false })
    expect(ended).toMatchObject({
      ending: 'done',
      message: expect.stringMatching(/^Aborted where it was: \d targets? on/),
    })
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'cancelled' }])
    expect(Object.values(stage.serves()).flat()).toContain('b')
    expect((await stage.deploy('b')).ended.ending).toBe('done')
    expect(Object.values(stage.serves())).toEqual([['b'], ['b']])
  }, 60_000)

  test('a deploy that is still watched learns that it was turned', async () => {
    const stage = await start()
    await stage.deploy('a')
    let aborted: ReturnType<Stage['abort']> | undefined
    const { ended } = await stage.deploy('b', {
      onEvent: (event) => {
        if (event.type === 'target.changed' && event.target.isNew) aborted ??= stage.abort()
      },
    })
    expect(ended.ending).toBe('rolledBack')
    expect((await aborted)?.ended.ending).toBe('done')
    expect(Object.values(stage.serves())).toEqual([['a'], ['a']])
  }, 60_000)

  test('one that goes back already is followed', async () => {
    const stage = await start()
    await leftHalfWay(stage)
    const driver = stage.driver()
    const running = await driver.latest()
    if (running === undefined) throw new Error('nothing is under way')
    expect(await driver.rollBack(running.handle)).toBeUndefined()
    const { ended } = await stage.abort()
    expect(ended.ending).toBe('done')
    expect(Object.values(stage.serves())).toEqual([['a'], ['a']])
  }, 60_000)
})
