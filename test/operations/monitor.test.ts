import { StartInstanceRefreshCommand } from '@aws-sdk/client-auto-scaling'
import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/lib/errors/exit-codes.js'
import { eventVersion, type EventBody } from '../../src/lib/events/event.js'
import type { ScenarioName } from '../../src/lib/rehearsal/scenarios.js'
import { fold } from '../../src/lib/view/fold.js'
import { sharedView } from '../../src/lib/view/shared.js'
import { initialView, type View } from '../../src/lib/view/view.js'
import { startCluster, type Cluster } from '../rollout/ecs/support.js'
import {
  groupName,
  interrupted,
  of,
  startFleet,
  type Fleet,
  type FleetOptions,
  type Run,
  type RunOptions,
} from '../rollout/support/fleet.js'

/** The view that a reporter would have at the end. */
function viewOf(events: readonly EventBody[]): View {
  return events.reduce(
    (view, body, index) => fold(view, { v: eventVersion, seq: index + 1, at: '2026-01-15T12:00:00.000Z', ...body }),
    initialView,
  )
}

/** A deploy, a monitor that begins when the deploy's rollout does, and one that begins in the middle of it. */
async function threeWatchers(
  fleet: Pick<Fleet | Cluster, 'monitor'> & { run(options: Pick<RunOptions, 'onEvent'>): Promise<Run> },
): Promise<{ readonly deploy: Run; readonly monitors: readonly Run[] }> {
  const monitors: Promise<Run>[] = []
  let looks = 0
  const deploy = await fleet.run({
    onEvent: (event) => {
      if (event.type === 'rollout.started') monitors.push(fleet.monitor())
      if (event.type === 'target.changed' || event.type === 'rollout.progress') looks += 1
      // Four targets and the first progress, and then some of what follows.
      if (looks === 6 && monitors.length === 1) monitors.push(fleet.monitor())
    },
  })
  return { deploy, monitors: await Promise.all(monitors) }
}

describe('two monitors and the deploy itself, begun at different times, end with the same view', () => {
  test.each<ScenarioName>(['healthy', 'slow-model', 'bad-image', 'never-ready', 'alarm-trip', 'no-capacity'])(
    '%s',
    async (scenario) => {
      const fleet = await startFleet({ scenario, rollout: { alarms: ['target-5xx'] } })
      const { deploy, monitors } = await threeWatchers(fleet)
      expect(monitors).toHaveLength(2)
      const seen = sharedView(viewOf(deploy.events))
      expect(seen.facts?.to?.revision.number).toBe('8')
      for (const monitor of monitors) {
        expect(monitor.ended.ending).toBe(deploy.ended.ending)
        expect(sharedView(viewOf(monitor.events))).toEqual(seen)
      }
    },
  )

  test.each<ScenarioName>(['healthy', 'slow-model', 'bad-image', 'never-ready', 'alarm-trip', 'no-capacity'])(
    'services of ECS, %s',
    async (scenario) => {
      const cluster = await startCluster({ scenario, change: { alarms: ['target-5xx'] } })
      const { deploy, monitors } = await threeWatchers(cluster)
      expect(monitors).toHaveLength(2)
      const seen = sharedView(viewOf(deploy.events))
      expect(seen.facts?.to?.revision.number).toBe('finbert-api:8,finbert-ui:8')
      for (const monitor of monitors) {
        expect(monitor.ended.ending).toBe(deploy.ended.ending)
        expect(sharedView(viewOf(monitor.events))).toEqual(seen)
      }
    },
  )

  test('the loads of all targets are in it', async () => {
    const fleet = await startFleet()
    const { deploy } = await threeWatchers(fleet)
    const { loads, targets, forecast } = sharedView(viewOf(deploy.events))
    expect(targets.map(({ isNew }) => isNew)).toEqual([true, true, true, true])
    expect(loads.map(([, { state }]) => state)).toEqual(['ready', 'ready', 'ready', 'ready'])
    expect(targets.every(({ launchedAt = '', inServiceAt = '' }) => launchedAt < inServiceAt)).toBe(true)
    expect(forecast).toBeUndefined()
  })
})

/** What a watcher asked the cloud for, beside what the deploy did. */
const changing = /^(?:Create|Put|Start|Cancel|Rollback|Delete|Update|Set|Terminate)/

test('a refresh from the console, without a desired configuration, is watched and not touched', async () => {
  const fleet = await startFleet()
  const { autoScaling } = fleet.console
  await autoScaling.send(
    new StartInstanceRefreshCommand({ AutoScalingGroupName: groupName, Preferences: { InstanceWarmup: 60 } }),
  )
  const { ended, events } = await fleet.monitor()
  expect(ended).toEqual({ ending: 'done', message: 'Version 7 was rolled out: 4 targets are on it.', next: [] })
  expect(fleet.calls.filter(({ operation }) => changing.test(operation)).map(({ operation }) => operation)).toEqual([
    'StartInstanceRefresh',
  ])
  expect(of(events, 'fleet.seen')[0]?.facts).toMatchObject({ to: { revision: { number: '7' } }, warmup: 60_000 })
})

test('a watcher never goes back by itself, however long it takes', async () => {
  const fleet = await startFleet({ scenario: 'never-ready' })
  const watcher: { run?: Promise<Run> } = {}
  const controller = new AbortController()
  await fleet.run({
    controller,
    onEvent: (event) => {
      if (event.type !== 'rollout.started') return
      watcher.run = fleet.monitor()
      controller.abort(interrupted())
    },
  })
  const watched = await watcher.run
  expect(fleet.calls.some(({ operation }) => operation === 'RollbackInstanceRefresh')).toBe(false)
  expect(watched?.ended.ending).toBe('rolledBack')
  expect(of(watched?.events ?? [], 'rollout.finished')[0]?.reason).toMatch(/could not continue for 1 hour/)
  expect(of(watched?.events ?? [], 'cause')[0]?.cause?.code).toBe('never-ready')
})

describe('with nothing under way', () => {
  test('a fleet that was never rolled shows itself', async () => {
    const fleet = await startFleet()
    const { ended, events } = await fleet.monitor()
    expect(ended).toMatchObject({
      ending: 'done',
      message: `Nothing is under way on ${groupName}, and no rollout is listed.`,
    })
    expect(of(events, 'target.changed')).toHaveLength(4)
    expect(of(events, 'fleet.seen')[0]?.facts).toMatchObject({ desired: 4, to: { revision: { number: '7' } } })
  })

  test('the last rollout is shown, and that it failed is not the failure of who looks', async () => {
    const fleet = await startFleet({ scenario: 'bad-image' })
    await fleet.run()
    const { ended, events } = await fleet.monitor()
    expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'done', exit: 0 })
    expect(ended.message).toMatch(/^Nothing is under way on .*; its last rollout ended RollbackSuccessful at 2026-/)
    expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'rolled-back' }])
    expect(of(events, 'target.changed').map(({ target }) => target.revision)).toEqual(['7', '7', '7', '7'])
  })

  test('who stays sees the next rollout begin, and leaves when they like', async () => {
    const fleet = await startFleet()
    const controller = new AbortController()
    let started = 0
    const watching = fleet.monitor({
      stays: true,
      controller,
      onEvent: (event) => {
        if (event.type === 'rollout.started') started += 1
        if (event.type === 'rollout.finished') controller.abort(interrupted())
      },
    })
    await fleet.run()
    expect((await watching).ended.ending).toBe('done')
    expect(started).toBe(1)
  })
})

describe('leaving a rollout that goes on', () => {
  test.each<[NodeJS.Signals, number]>([
    ['SIGINT', 0],
    ['SIGTERM', 8],
  ])('%s: exit %i, with the way back, and nothing is changed', async (signal, exit) => {
    const fleet = await startFleet()
    const controller = new AbortController()
    const watcher: { run?: Promise<Run> } = {}
    const deploy = fleet.run({
      onEvent: (event) => {
        if (event.type !== 'rollout.started') return
        watcher.run = fleet.monitor({
          controller,
          onEvent: ({ type }) => {
            if (type === 'rollout.progress') controller.abort(interrupted(signal))
          },
        })
      },
    })
    expect((await deploy).ended.ending).toBe('done')
    const left = await watcher.run
    expect(exitCodes[left?.ended.ending ?? 'bug']).toBe(exit)
    expect(left?.ended.next).toEqual(['rampart monitor -c rampart.yml'])
    expect(of(left?.events ?? [], 'detached')).toEqual([
      {
        type: 'detached',
        goesOn: expect.stringContaining(fleet.cloud.world.state.refreshes[0]?.id ?? 'none'),
        comeBack: 'rampart monitor -c rampart.yml',
      },
    ])
    expect(of(left?.events ?? [], 'rollout.finished')).toEqual([])
  })
})

test('a release is watched by its name, and one that nobody knows is an error that names those there are', async () => {
  const fleet = await startFleet()
  await fleet.run()
  const { id } = fleet.release('next')
  const { ended } = await fleet.monitor({ rollout: id })
  expect(ended.ending).toBe('done')
  const unknown = await fleet.monitor({ rollout: 'r-nobody' })
  expect(unknown.ended).toMatchObject({ ending: 'usage', next: [`use one of ${id}`] })
})

test('a throttled, flapping and briefly unreachable endpoint for five minutes costs a monitor neither the stream nor its end', async () => {
  const from = 40
  const all = Array.from({ length: 400 }, (_, index) => from + index)
  const faults: FleetOptions['faults'] = [
    { match: { operation: 'DescribeInstanceRefreshes' }, calls: [8, 9, 10], effect: { kind: 'drop', when: 'before' } },
    {
      match: { operation: 'DescribeAutoScalingGroups' },
      calls: all.filter((n) => n % 3 === 0),
      effect: { kind: 'throttle' },
    },
    {
      match: { operation: 'DescribeTargetHealth' },
      calls: all.filter((n) => n % 7 === 0),
      effect: { kind: 'status', status: 503 },
    },
    {
      match: { operation: 'FilterLogEvents' },
      calls: all.filter((n) => n % 2 === 0),
      effect: { kind: 'drop', when: 'after' },
    },
    { match: { operation: 'DescribeAlarms' }, rate: 0.5, effect: { kind: 'throttle' } },
  ]
  const fleet = await startFleet({ faults, seed: 3, rollout: { alarms: ['target-5xx'], bakeTime: 300 } })
  const { autoScaling } = fleet.console
  await autoScaling.send(
    new StartInstanceRefreshCommand({
      AutoScalingGroupName: groupName,
      Preferences: { InstanceWarmup: 120, BakeTime: 300 },
    }),
  )
  const startedAt = fleet.clock.now()
  const { ended, events } = await fleet.monitor()
  expect(fleet.clock.now() - startedAt).toBeGreaterThan(5 * 60_000)
  expect(ended.ending).toBe('done')
  expect(of(events, 'rollout.finished')).toMatchObject([{ outcome: 'succeeded' }])
  expect(of(events, 'warning').some(({ message }) => message.includes('Trying again'))).toBe(true)
  expect(sharedView(viewOf(events)).loads.map(([, { state }]) => state)).toEqual(['ready', 'ready', 'ready', 'ready'])
})
