import { ECRClient, UpdateImageStorageClassCommand } from '@aws-sdk/client-ecr'
import { describe, expect, onTestFinished, test } from 'vitest'
import { of } from '../rollout/support/fleet.js'
import { stages, type Stage } from './support.js'

async function expectServes(stage: Stage, ...letters: readonly string[]): Promise<void> {
  for (const served of Object.values(stage.serves())) expect(served).toEqual(letters)
  const driver = stage.driver()
  expect((await driver.latest())?.outcome).not.toBeUndefined()
}

describe.each(stages)('%s', (_name, start) => {
  test('goes back step by step, and forward again', async () => {
    const stage = await start()
    for (const letter of ['a', 'b', 'c']) {
      expect((await stage.deploy(letter)).ended.ending).toBe('done')
    }
    await expectServes(stage, 'c')
    const first = await stage.rollback()
    expect(first.ended).toMatchObject({
      ending: 'done',
      message: expect.stringMatching(/^Rolled back: #2 r-\w+ serves on 4 of 4/),
    })
    await expectServes(stage, 'b')
    const second = await stage.rollback()
    expect(second.ended.message).toMatch(/^Rolled back: #1 /)
    await expectServes(stage, 'a')
    const third = await stage.rollback()
    expect(third.ended).toMatchObject({ ending: 'preflight', message: expect.stringMatching(/No release before/) })
    const held = await stage.deploy('c')
    expect(held.ended.ending).toBe('preflight')
    expect(held.ended.problems?.join()).toMatch(/hold: held since .* rolled back from r-\w+ to #1/)
    expect((await stage.deploy('c', { releaseHold: true })).ended.ending).toBe('done')
    await expectServes(stage, 'c')
    expect(await stage.hold()).toBeUndefined()
    const records = await stage.ledger.list()
    expect(records.map(({ number, kind, ending, proof }) => [number, kind, ending, proof?.proved])).toEqual([
      [6, 'deploy', 'done', 4],
      [5, 'rollback', 'done', 4],
      [4, 'rollback', 'done', 4],
      [3, 'deploy', 'done', 4],
      [2, 'deploy', 'done', 4],
      [1, 'deploy', 'done', 4],
    ])
    expect(of(second.events, 'proof')).toMatchObject([{ proved: 4, total: 4 }])
  }, 120_000)

  test('forward to what was gone back from is its revision again', async () => {
    const stage = await start()
    await stage.deploy('a')
    const { events } = await stage.deploy('b')
    await stage.rollback()
    const again = await stage.deploy('b', { releaseHold: true })
    const [before] = of(events, 'release.recorded')
    expect(of(again.events, 'release.recorded')).toMatchObject([{ reused: true, revision: before?.revision }])
    await expectServes(stage, 'b')
  }, 60_000)

  test('names a release by number, id and version, also a later one; what serves already is nothing to do', async () => {
    const stage = await start()
    for (const letter of ['a', 'b', 'c']) await stage.deploy(letter)
    const [third, , first] = await stage.ledger.list()
    expect((await stage.rollback({ to: '#1' })).ended.ending).toBe('done')
    await expectServes(stage, 'a')
    expect((await stage.rollback({ to: third?.release.id ?? '' })).ended.ending).toBe('done')
    await expectServes(stage, 'c')
    expect((await stage.rollback()).ended.message).toMatch(/^Rolled back: #1/)
    await expectServes(stage, 'a')
    const nothing = await stage.rollback({ to: first?.release.id ?? '' })
    expect(nothing.ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Nothing to do/) })
    expect((await stage.rollback({ to: 'v9' })).ended.ending).toBe('usage')
  }, 120_000)

  test('while a rollout is under way the platform itself goes back, past the lock of the run that started it', async () => {
    const stage = await start()
    await stage.deploy('a')
    let back: Promise<Awaited<ReturnType<Stage['rollback']>>> | undefined
    let looks = 0
    const forward = await stage.deploy('b', {
      onEvent: (event) => {
        if (event.type !== 'rollout.progress') return
        looks += 1
        if (looks === 3) back = stage.rollback()
      },
    })
    const { ended, events } = (await back) ?? {}
    expect(ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Rolled back: #1/) })
    expect(of(events ?? [], 'rollout.started')).toMatchObject([{ attached: true }])
    expect(of(events ?? [], 'lock.acquired')).toEqual([])
    expect(forward.ended.ending).toBe('rolledBack')
    await expectServes(stage, 'a')
    expect((await stage.hold())?.reason).toMatch(/to #1/)
  }, 60_000)

  test('another release than the one that a rollout comes from: first back, then on to that one', async () => {
    const stage = await start()
    await stage.deploy('a')
    await stage.deploy('b')
    const controller = new AbortController()
    await stage.deploy('c', {
      controller,
      onEvent: (event) => {
        if (event.type === 'rollout.progress') controller.abort(new Error('left'))
      },
    })
    const { ended, events } = await stage.rollback({ to: '#1' })
    expect(ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Rolled back: #1/) })
    expect(of(events, 'rollout.finished').map(({ outcome }) => outcome)).toEqual(['rolled-back', 'succeeded'])
    await expectServes(stage, 'a')
  }, 60_000)

  test('a fleet that was cancelled half-way comes back to what served', async () => {
    const stage = await start()
    await stage.deploy('a')
    const controller = new AbortController()
    await stage.deploy('b', {
      controller,
      onEvent: (event) => {
        if (event.type === 'target.changed' && event.target.isNew && event.target.health === 'healthy')
          controller.abort(new Error('left'))
      },
    })
    const stopped = await stage.abort({ goesBack: false })
    expect(stopped.ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Aborted where it was/) })
    expect(Object.values(stage.serves()).flat()).toContain('b')
    const { ended } = await stage.rollback()
    expect(ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/#1/) })
    await expectServes(stage, 'a')
  }, 60_000)

  test('when the last release has gone back already, only a name leads further', async () => {
    const stage = await start()
    for (const letter of ['a', 'b']) await stage.deploy(letter)
    let back: ReturnType<Stage['abort']> | undefined
    const forward = await stage.deploy('c', {
      onEvent: (event) => {
        if (event.type === 'rollout.progress') back ??= stage.abort()
      },
    })
    expect([forward.ended.ending, (await back)?.ended.ending]).toEqual(['rolledBack', 'done'])
    for (const lastProved of [false, true]) {
      const { ended, events } = await stage.rollback({ lastProved })
      expect(ended).toMatchObject({
        ending: 'preflight',
        message: expect.stringMatching(/^Release #3 r-\w+ has gone back already: #2 r-\w+ serves on the whole fleet\./),
        next: [expect.stringMatching(/^rampart rollback --to 1 leaves #2/), 'rampart rollback --list'],
      })
      expect(of(events, 'rollout.started')).toEqual([])
    }
    await expectServes(stage, 'b')
    expect((await stage.rollback({ to: '1' })).ended.message).toMatch(/^Rolled back: #1/)
    await expectServes(stage, 'a')
  }, 60_000)

  test('a rollback that was left is gone on with', async () => {
    const stage = await start()
    for (const letter of ['a', 'b']) await stage.deploy(letter)
    const controller = new AbortController()
    const left = await stage.rollback({
      controller,
      onEvent: (event) => {
        if (event.type === 'rollout.progress') controller.abort(new Error('left'))
      },
    })
    expect(left.ended.ending).toBe('unknown')
    const { ended, events } = await stage.rollback()
    expect(ended.ending).toBe('done')
    expect(of(events, 'rollout.started')).toMatchObject([{ attached: true }])
    await expectServes(stage, 'a')
    const [newest, before] = await stage.ledger.list()
    expect([newest?.kind, newest?.ending, before?.kind]).toEqual(['rollback', 'done', 'deploy'])
  }, 60_000)

  test('nothing is changed when an image is gone', async () => {
    const stage = await start()
    for (const letter of ['a', 'b']) await stage.deploy(letter)
    for (const [state, words] of [
      [undefined, /has no sha256/],
      ['ARCHIVED', /archived/],
    ] as const) {
      const { ended } = await stage.rollback({ ports: { imageState: () => Promise.resolve(state) } })
      expect(ended.ending).toBe('preflight')
      expect(ended.problems?.join('\n')).toMatch(words)
    }
    await expectServes(stage, 'b')
    expect(await stage.hold()).toBeUndefined()
  }, 60_000)

  test('an image in the archive is no way back before it is restored', async () => {
    const stage = await start()
    for (const letter of ['a', 'b']) await stage.deploy(letter)
    const image = (await stage.ledger.list()).at(-1)?.release.images[0]
    const ecr = new ECRClient({ region: stage.cloud.environment['AWS_REGION'] ?? '' })
    onTestFinished(() => ecr.destroy())
    const move = async (targetStorageClass: 'ARCHIVE' | 'STANDARD') => {
      const repositoryName = image?.repository.slice(image.repository.indexOf('/') + 1)
      const imageId = { imageDigest: image?.digest }
      await ecr.send(new UpdateImageStorageClassCommand({ repositoryName, imageId, targetStorageClass }))
    }
    await move('ARCHIVE')
    const refused = await stage.rollback()
    expect(refused.ended).toMatchObject({
      ending: 'preflight',
      problems: [expect.stringMatching(/is archived and can not be pulled/)],
      next: [expect.stringContaining('--target-storage-class STANDARD')],
    })
    await move('STANDARD')
    expect((await stage.rollback()).ended.problems).toEqual([
      expect.stringMatching(/is being restored from the archive/),
    ])
    await stage.clock.sleep(21 * 60_000)
    expect((await stage.rollback()).ended.ending).toBe('done')
    await expectServes(stage, 'a')
  }, 60_000)
})
