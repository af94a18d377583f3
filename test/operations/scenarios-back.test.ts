import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'
import type { ScenarioName } from '../../src/lib/rehearsal/scenarios.js'
import { of } from '../rollout/support/fleet.js'
import { clusterStage, groupStage, type Stage } from './support.js'

const failing: readonly ScenarioName[] = ['bad-image', 'never-ready', 'crash-loop', 'image-not-found', 'no-capacity']

describe.each([
  ['a group', (scenario: ScenarioName): Promise<Stage> => groupStage({ scenario })],
  ['a cluster', (scenario: ScenarioName): Promise<Stage> => clusterStage({ scenario })],
] as const)('%s', (_name, start) => {
  describe.each(failing)('%s', (scenario) => {
    test('rollback while it fails: all targets are on what served, proved', async () => {
      const stage = await start(scenario)
      let back: ReturnType<Stage['rollback']> | undefined
      const forward = await stage.deploy('b', {
        onEvent: (event) => {
          const isUnderWay = event.type === 'rollout.progress' && /^in_?progress$/i.test(event.status)
          if (isUnderWay) back ??= stage.rollback()
        },
      })
      expect(forward.ended.ending).toBe('rolledBack')
      const { ended } = (await back) ?? {}
      // What is gone back to is none of rampart's releases, but pinned by digest: that is proved. Who comes when the
      // platform has been quicker has nothing left to do.
      const message = expect.stringMatching(/^(?:Rolled back|Nothing to do): .* on 4 of 4/) as string
      expect(ended).toMatchObject({ ending: 'done', message })
      expect(Object.values(stage.serves())).toEqual([['?'], ['?']])
    }, 120_000)

    test('abort while it fails: all targets are on what served', async () => {
      const stage = await start(scenario)
      const controller = new AbortController()
      await stage.deploy('b', {
        controller,
        onEvent: (event) => {
          if (event.type === 'rollout.progress') controller.abort(new Error('left'))
        },
      })
      const { ended, events } = await stage.abort()
      expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'done', exit: 0 })
      expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'rolled-back' }])
      expect(Object.values(stage.serves())).toEqual([['?'], ['?']])
    }, 120_000)
  })
})

describe('an alarm that rings', () => {
  test('does not keep a group from going back, though AWS starts no refresh under it', async () => {
    const stage = await groupStage({ rollout: { alarms: ['target-5xx'] } })
    for (const letter of ['a', 'b']) expect((await stage.deploy(letter)).ended.ending).toBe('done')
    const alarm = stage.cloud.world.state.alarms.find(({ name }) => name === 'target-5xx')
    if (alarm === undefined) throw new Error('there is no such alarm')
    alarm.state = 'ALARM'
    const { ended, events } = await stage.rollback()
    expect(ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Rolled back: #1/) })
    expect(of(events, 'check.done').find(({ name }) => name === 'alarms')).toMatchObject({ result: 'warn' })
    expect(Object.values(stage.serves())).toEqual([['a'], ['a']])
  }, 60_000)
})
