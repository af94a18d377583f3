import { describe, expect, test } from 'vitest'
import { Interruption } from '../../src/lib/operations/run.js'
import { interrupted, of, startFleet, type Fleet } from '../rollout/support/fleet.js'

const quick = { desired: 1, rollout: { warmup: 0 }, switches: { deregistrationDelaySeconds: 5 } }

async function callsOfARun(): Promise<{ readonly total: number; readonly start: number }> {
  const fleet = await startFleet(quick)
  await fleet.run()
  return {
    total: fleet.calls.length,
    start: fleet.calls.findIndex(({ operation }) => operation === 'StartInstanceRefresh') + 1,
  }
}

interface Left {
  readonly fleet: Fleet
  readonly run: Awaited<ReturnType<Fleet['run']>>
}

/** Leaves a deploy when its nth call to AWS has arrived, or has been handled and is about to be answered. */
async function leaveAt(n: number, moment: 'onCall' | 'onAnswer'): Promise<Left> {
  const controller = new AbortController()
  const fleet = await startFleet({
    ...quick,
    [moment]: (call: number) => {
      if (call === n) controller.abort(interrupted())
    },
  })
  return { fleet, run: await fleet.run({ controller }) }
}

/** What holds wherever a deploy was left: it told the truth, and the same command ends in the same state. */
async function checkLeft({ fleet, run: { ended, events } }: Left): Promise<string> {
  const { state } = fleet.cloud.world
  const progress = of(events, 'rollout.finished')[0]?.outcome
  const comeBack = 'rampart deploy -c rampart.yml'
  const untouched = {
    ending: 'interrupted',
    message: 'Stopped by SIGINT. Nothing that serves was changed.',
    next: [],
    detached: [],
  }
  const over = {
    ending: expect.stringMatching(/^(done|unknown)$/),
    message: expect.not.stringContaining('Nothing that serves'),
    detached: [],
  }
  const goingOn = {
    ending: 'unknown',
    next: [comeBack],
    detached: [{ type: 'detached', goesOn: expect.stringContaining(state.refreshes[0]?.id ?? 'none'), comeBack }],
  }
  const expected = state.refreshes.length === 0 ? untouched : progress === 'succeeded' ? over : goingOn
  expect({ ...ended, detached: of(events, 'detached') }).toMatchObject(expected)
  const left = state.refreshes.length === 0 ? 'nothing' : `${ended.ending}, ${progress ?? 'going on'}`
  const again = await fleet.run()
  expect(again.ended.ending).toBe('done')
  expect(state.refreshes.map(({ status }) => status)).toEqual(['Successful'])
  expect(state.templates[0]?.versions.map(({ number }) => number)).toEqual([7, 8])
  return left
}

describe.each(['onCall', 'onAnswer'] as const)('leaving at a call (%s)', (moment) => {
  test('any call until the rollout is followed', { timeout: 120_000 }, async () => {
    const { start } = await callsOfARun()
    // Before a call is as after the one before it, but where two are under way at once.
    const step = moment === 'onAnswer' ? 1 : 3
    for (let n = 1; n <= start + 6; n += step) await checkLeft(await leaveAt(n, moment))
    // Up to the very request, leaving changes nothing.
    expect(await checkLeft(await leaveAt(start - 1, moment))).toBe('nothing')
    expect(await checkLeft(await leaveAt(start, moment))).toBe('unknown, abandoned')
  })

  test('calls while it is followed and proved', { timeout: 120_000 }, async () => {
    const { start, total } = await callsOfARun()
    const seen = new Set<string>()
    for (let n = start + 7; n <= total; n += 5) seen.add(await checkLeft(await leaveAt(n, moment)))
    for (let n = total - 3; n <= total; n++) seen.add(await checkLeft(await leaveAt(n, moment)))
    expect(seen).toContain('unknown, abandoned')
    expect(seen).toContain('unknown, succeeded')
  })
})

test('leaving between two looks', async () => {
  const controller = new AbortController()
  const fleet = await startFleet(quick)
  fleet.clock.meanwhile = (n) => {
    if (n === 3) controller.abort(new Interruption('SIGTERM'))
  }
  const run = await fleet.run({ controller })
  fleet.clock.meanwhile = () => undefined
  expect(await checkLeft({ fleet, run })).toBe('unknown, abandoned')
})

test('leaving while the images are built: at once, though the build goes on', async () => {
  const controller = new AbortController()
  const fleet = await startFleet(quick)
  const never = new Promise<never>(() => undefined)
  const { ended } = await fleet.run({
    controller,
    onEvent: (event) => {
      if (event.type === 'phase.started' && event.phase === 'build') {
        setImmediate(() => controller.abort(new Interruption('SIGTERM')))
      }
    },
    request: { images: [{ service: 'backend', build: () => never, push: () => never }] },
  })
  expect(ended).toMatchObject({
    ending: 'terminated',
    message: 'Stopped by SIGTERM. Nothing that serves was changed.',
    next: [],
  })
})

test('leaving before anything: not even a phase begins', async () => {
  const controller = new AbortController()
  controller.abort(interrupted())
  const fleet = await startFleet(quick)
  const { ended, events } = await fleet.run({ controller })
  expect(ended.ending).toBe('interrupted')
  expect(events.map(({ type }) => type)).toEqual(['run.started', 'run.finished'])
  expect(fleet.calls).toEqual([])
})
