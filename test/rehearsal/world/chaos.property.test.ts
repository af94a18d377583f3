import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServiceError } from '../../../src/lib/rehearsal/wire/service.js'
import { setAlarmState } from '../../../src/lib/rehearsal/world/alarms.js'
import {
  enterStandby,
  exitStandby,
  setDesiredCapacity,
  setProtection,
} from '../../../src/lib/rehearsal/world/group-requests.js'
import { setAnswer } from '../../../src/lib/rehearsal/world/load-balancer.js'
import { activeRefresh } from '../../../src/lib/rehearsal/world/refresh/refresh.js'
import { cancelRefresh, rollbackRefresh } from '../../../src/lib/rehearsal/world/refresh/requests.js'
import { liveInstances, type Instance } from '../../../src/lib/rehearsal/world/state.js'
import type { World } from '../../../src/lib/rehearsal/world/world.js'
import { createTestWorld, pass, refreshTo, releaseVersion } from './support.js'

const deeds = {
  refresh: (world) =>
    refreshTo(world, releaseVersion(world), {
      MinHealthyPercentage: 50,
      MaxHealthyPercentage: 125,
      InstanceWarmup: 90,
      AutoRollback: true,
      CheckpointPercentages: [40, 100],
      CheckpointDelay: 120,
      AlarmSpecification: { Alarms: ['errors'] },
    }),
  refreshAnyway: (world) => refreshTo(world, '7', { MinHealthyPercentage: 0, StandbyInstances: 'Terminate' }),
  cancel: (world) => cancelRefresh(world.state, true),
  cancelAtOnce: (world) => cancelRefresh(world.state, false),
  rollback: (world) => rollbackRefresh(world.state),
  grow: (world) => setDesiredCapacity(world.state, world.state.group.desired + 1),
  shrink: (world) => setDesiredCapacity(world.state, world.state.group.desired - 1),
  protect: (world, { id }) => setProtection(world.state, [id], true),
  unprotect: (world, { id }) => setProtection(world.state, [id], false),
  standby: (world, { id }) => enterStandby(world.state, [id], true),
  standbyReplaced: (world, { id }) => enterStandby(world.state, [id], false),
  serveAgain: (world, { id }) => exitStandby(world.state, [id]),
  fail: (world, instance) => setAnswer(world.state, instance, 8000, 503),
  crash: (_world, instance) => {
    if (instance.state === 'running') instance.state = 'terminated'
  },
  alarm: (world) => setAlarm(world, 'ALARM'),
  noData: (world) => setAlarm(world, 'INSUFFICIENT_DATA'),
  calm: (world) => setAlarm(world, 'OK'),
} satisfies Record<string, (world: World, instance: Instance) => unknown>

function setAlarm(world: World, state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'): void {
  const [alarm] = world.state.alarms
  if (alarm !== undefined) setAlarmState(world.state, alarm, state, 'for the test')
}

const steps = fc.array(
  fc.record({
    deed: fc.constantFrom(...(Object.keys(deeds) as (keyof typeof deeds)[])),
    which: fc.nat({ max: 3 }),
    thenWait: fc.integer({ min: 0, max: 900 }),
  }),
  { minLength: 5, maxLength: 40, size: 'max' },
)

function attempt(world: World, deed: keyof typeof deeds, which: number): void {
  const { instances } = world.state.group
  const instance = instances[which % Math.max(1, instances.length)]
  if (instance === undefined) return
  try {
    deeds[deed](world, instance)
  } catch (error) {
    // AWS would have refused it as well.
    if (!(error instanceof ServiceError)) throw error
  }
}

/** What can not be, whatever happens. */
function impossibilities({ state }: World): readonly string[] {
  const { group, targetGroups, refreshes } = state
  const active = refreshes.filter(({ endTime }) => endTime === undefined)
  const registered = targetGroups.flatMap(({ targets }) => [...targets.values()])
  return [
    ...(active.length > 1 ? ['two active refreshes'] : []),
    ...refreshes.flatMap(({ percentage, remaining }) =>
      percentage >= 0 && percentage <= 100 && remaining >= 0 ? [] : [`${percentage} %, ${remaining} to update`],
    ),
    ...group.instances.filter(({ lifecycle }) => lifecycle === 'Terminated').map(({ id }) => `${id} is still there`),
    ...registered
      .filter(({ host }) => !group.instances.some(({ id }) => id === host.id))
      .map(({ host }) => `${host.id} is gone and still a target`),
    ...group.instances
      .filter(({ id, lifecycle }) => lifecycle === 'InService' && !targetGroups.every(({ targets }) => targets.has(id)))
      .map(({ id }) => `${id} is in service and no target`),
    ...state.activities
      .filter(({ startTime, endTime }) => !Number.isInteger(startTime) || !Number.isInteger(endTime ?? 0))
      .map(({ startTime }) => `a time is ${startTime}`),
  ]
}

test('whatever is done to a group, the world stays possible, and calm brings the group back', () => {
  fc.assert(
    fc.property(steps, fc.integer(), fc.constantFrom(0, 0.3, 1), (doings, seed, flakyRate) => {
      const world = createTestWorld({ desired: 3, seed, switches: { newImages: 'flaky', flakyRate } })
      for (const { deed, which, thenWait } of doings) {
        attempt(world, deed, which)
        expect(impossibilities(world)).toEqual([])
        pass(world, thenWait)
        expect(impossibilities(world)).toEqual([])
      }
      setAlarm(world, 'OK')
      for (const { id } of world.state.group.instances) setProtection(world.state, [id], false)
      // A refresh ends within its hours, and its rollback too; then health checks bring everything back.
      pass(world, 30 * 3600)
      expect(activeRefresh(world.state)).toBeUndefined()
      expect(liveInstances(world.state.group).length).toBe(world.state.group.desired)
    }),
    { numRuns: 200 },
  )
}, 120_000)
