import { describe, expect, test } from 'vitest'
import { setAlarmState } from '../../../../src/lib/rehearsal/world/alarms.js'
import {
  enterStandby,
  exitStandby,
  setDesiredCapacity,
  setProtection,
  updateGroup,
} from '../../../../src/lib/rehearsal/world/group-requests.js'
import { setAnswer } from '../../../../src/lib/rehearsal/world/load-balancer.js'
import { cancelRefresh, rollbackRefresh } from '../../../../src/lib/rehearsal/world/refresh/requests.js'
import { liveInstances, type Alarm, type Instance } from '../../../../src/lib/rehearsal/world/state.js'
import type { World } from '../../../../src/lib/rehearsal/world/world.js'
import { createTestWorld, fleet, hasEnded, pass, passUntil, refreshTo, releaseVersion } from '../support.js'

const surge = { MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 180 }
const oneByOne = { MinHealthyPercentage: 90, InstanceWarmup: 60 }

const first = (world: World): Instance => {
  const [instance] = world.state.group.instances
  if (instance === undefined) throw new Error('no instance')
  return instance
}

const alarmOf = (world: World): Alarm => {
  const [alarm] = world.state.alarms
  if (alarm === undefined) throw new Error('no alarm')
  return alarm
}

const protect = (world: World): string => {
  const { id } = first(world)
  setProtection(world.state, [id], true)
  return id
}

/** Rolls a group of one; how many seconds nothing served, and how it ended. */
function rollOne(preferences: Parameters<typeof refreshTo>[2]): { readonly down: number; readonly status: string } {
  const world = createTestWorld({ desired: 1 })
  const refresh = refreshTo(world, releaseVersion(world), preferences)
  let down = 0
  passUntil(world, () => {
    const targets = [...(world.state.targetGroups[0]?.targets.values() ?? [])]
    if (!targets.some(({ state }) => state === 'healthy')) down++
    return hasEnded(refresh)
  })
  return { down, status: refresh.status }
}

const watched = { AlarmSpecification: { Alarms: ['errors'] } }

describe('a healthy rollout', () => {
  test('of four instances at 100 / 200 takes five to eight minutes and moves the template at its end only', () => {
    const world = createTestWorld()
    const version = releaseVersion(world)
    const refresh = refreshTo(world, version, surge)
    expect(refresh.status).toBe('Pending')
    passUntil(world, () => refresh.status === 'InProgress')
    expect(fleet(world)).toEqual({ 7: 4, 8: 4 })
    const seen = new Set<string>()
    const seconds = passUntil(world, () => {
      seen.add(`${refresh.status} ${world.state.group.template.version}`)
      return hasEnded(refresh)
    })
    expect(refresh.status).toBe('Successful')
    expect(seconds).toBeGreaterThan(300)
    expect(seconds).toBeLessThan(480)
    expect(fleet(world)).toEqual({ [version]: 4 })
    expect(world.state.group.template.version).toBe(version)
    expect(refresh).toMatchObject({ percentage: 100, remaining: 0 })
    expect([...seen]).toEqual(['InProgress 7', `Successful ${version}`])
    expect(world.state.notices.map(({ type }) => type.slice('EC2 Auto Scaling Instance Refresh '.length))).toEqual([
      'Started',
      'Succeeded',
    ])
  })

  test('with the maximum omitted terminates and launches at once', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), oneByOne)
    passUntil(world, () => refresh.status === 'InProgress')
    expect(fleet(world)).toEqual({ 7: 3, 8: 1 })
    const [oldest] = world.state.instances
    expect(oldest?.lifecycle).toBe('Terminating')
  })

  test('with 100 given launches first, one at a time', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), {
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 100,
      InstanceWarmup: 60,
    })
    const seen = new Set<string>()
    passUntil(world, () => {
      seen.add(JSON.stringify(fleet(world)))
      return hasEnded(refresh)
    })
    expect([...seen].map((each) => JSON.parse(each) as unknown)).toEqual([
      { 7: 4 },
      { 7: 4, 8: 1 },
      { 7: 3, 8: 2 },
      { 7: 2, 8: 3 },
      { 7: 1, 8: 4 },
      { 8: 4 },
    ])
  })

  test('of one instance is an outage by default and none when it launches first', () => {
    const outage = rollOne({ InstanceWarmup: 30 })
    expect(outage.status).toBe('Successful')
    expect(outage.down).toBeGreaterThan(60)
    const launchFirst = { MinHealthyPercentage: 100, MaxHealthyPercentage: 100, InstanceWarmup: 30 }
    expect(rollOne(launchFirst)).toEqual({ down: 0, status: 'Successful' })
  })

  test('counts an instance when it is warm, and what remains when a replacement begins', () => {
    const world = createTestWorld({ desired: 2 })
    const refresh = refreshTo(world, releaseVersion(world), {
      MinHealthyPercentage: 50,
      MaxHealthyPercentage: 100,
      InstanceWarmup: 300,
    })
    passUntil(world, () => refresh.status === 'InProgress')
    expect(refresh).toMatchObject({ percentage: 0, remaining: 1 })
    passUntil(world, () => refresh.percentage === 50)
    // AWS's own example: 50 %, nothing left to update, and an instance that warms up.
    pass(world, 60)
    expect(refresh).toMatchObject({ percentage: 50, remaining: 0 })
    expect(refresh.statusReason).toMatch(
      /^Waiting for instances to warm up before continuing\. For example: i-[0-9a-f]{17} is warming up\.$/,
    )
  })

  test('switch: what remains can fall only when a replacement is warm', () => {
    const world = createTestWorld({ desired: 2, switches: { remainingFallsWhen: 'warm' } })
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, InstanceWarmup: 300 })
    passUntil(world, () => refresh.status === 'InProgress')
    expect(refresh.remaining).toBe(2)
  })

  test('launches the desired configuration on a scale-out, and the old one after a cancel', () => {
    const world = createTestWorld()
    const version = releaseVersion(world)
    refreshTo(world, version, { ...oneByOne, InstanceWarmup: 900 })
    pass(world, 30)
    setDesiredCapacity(world.state, 6)
    pass(world, 1)
    expect(fleet(world)).toEqual({ 7: 3, 8: 3 })
    cancelRefresh(world.state, false)
    setDesiredCapacity(world.state, 7)
    pass(world, 1)
    expect(fleet(world)).toEqual({ 7: 4, 8: 3 })
  })

  test('replaces again what $Latest has left behind', () => {
    const world = createTestWorld({ desired: 2 })
    releaseVersion(world)
    const refresh = refreshTo(world, '$Latest', { ...surge, InstanceWarmup: 60 })
    pass(world, 30)
    releaseVersion(world)
    passUntil(world, () => hasEnded(refresh))
    expect(fleet(world)).toEqual({ 9: 2 })
    expect(world.state.group.template.version).toBe('$Latest')
  })
})

test('switch: success can come before the old instances are gone', () => {
  const seconds = [true, false].map((successWaitsForTerminations) => {
    const world = createTestWorld({ switches: { successWaitsForTerminations } })
    const refresh = refreshTo(world, releaseVersion(world), surge)
    return passUntil(world, () => hasEnded(refresh))
  })
  // The deregistration delay and the shutdown.
  expect((seconds[0] ?? 0) - (seconds[1] ?? 0)).toBeGreaterThanOrEqual(120)
})

describe('skip matching', () => {
  test('ends at once when nothing differs', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, '7', { ...surge, SkipMatching: true })
    expect(passUntil(world, () => hasEnded(refresh))).toBeLessThan(10)
    expect(refresh).toMatchObject({ status: 'Successful', percentage: 100 })
    expect(world.state.instances.length).toBe(4)
  })

  test('without it the same version is rolled', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, '7', surge)
    passUntil(world, () => hasEnded(refresh))
    expect(world.state.instances.length).toBe(8)
    expect(fleet(world)).toEqual({ 7: 4 })
  })

  test('replaces only what has another version', () => {
    const world = createTestWorld()
    const version = releaseVersion(world)
    const cancelled = refreshTo(world, version, oneByOne)
    passUntil(world, () => cancelled.percentage === 25)
    cancelRefresh(world.state, true)
    passUntil(world, () => cancelled.status === 'Cancelled')
    const before = fleet(world)[version] ?? 0
    expect(before).toBeGreaterThan(0)
    const refresh = refreshTo(world, version, { ...oneByOne, SkipMatching: true })
    pass(world, 5)
    expect(refresh.cohort.size).toBe(4 - before)
    passUntil(world, () => hasEnded(refresh))
    expect(fleet(world)).toEqual({ [version]: 4 })
  })
})

describe('checkpoints', () => {
  test('are reached by the share of the group that is new, and waited at', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), {
      ...surge,
      CheckpointPercentages: [25, 50, 100],
      CheckpointDelay: 600,
    })
    passUntil(world, () => refresh.checkpoint === 25)
    pass(world, 300)
    expect(refresh.statusReason).toMatch(/checkpoint delay after 25 percent/)
    expect(fleet(world)).toEqual({ 7: 3, 8: 1 })
    passUntil(world, () => refresh.checkpoint === 50)
    pass(world, 300)
    expect(fleet(world)).toEqual({ 7: 2, 8: 2 })
    passUntil(world, () => refresh.checkpoint === 100)
    // A last checkpoint of 100 only adds a wait.
    expect(passUntil(world, () => hasEnded(refresh))).toBeGreaterThanOrEqual(599)
    const events = world.state.notices.filter(({ type }) => type.endsWith('Checkpoint Reached'))
    expect(events.map(({ detail }) => detail['CheckpointPercentage'])).toEqual([25, 50])
  })

  test('passed together tell of the higher one only', () => {
    const world = createTestWorld({ desired: 2 })
    const refresh = refreshTo(world, releaseVersion(world), {
      MinHealthyPercentage: 0,
      InstanceWarmup: 60,
      CheckpointPercentages: [10, 50, 100],
      CheckpointDelay: 60,
    })
    passUntil(world, () => hasEnded(refresh))
    const events = world.state.notices.filter(({ type }) => type.endsWith('Checkpoint Reached'))
    expect(events.map(({ detail }) => detail)).toEqual([
      expect.objectContaining({ CheckpointPercentage: 50, CheckpointDelay: 60 }),
    ])
  })

  test('a last one below 100 ends the replacing there', () => {
    const world = createTestWorld()
    const version = releaseVersion(world)
    const refresh = refreshTo(world, version, { ...oneByOne, CheckpointPercentages: [50], CheckpointDelay: 60 })
    passUntil(world, () => hasEnded(refresh))
    expect(refresh).toMatchObject({ status: 'Successful', percentage: 50 })
    expect(fleet(world)).toEqual({ 7: 2, 8: 2 })
    expect(world.state.group.template.version).toBe(version)
  })

  test('are reached again after a scale-out has brought the share down', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), {
      ...oneByOne,
      CheckpointPercentages: [50, 100],
      CheckpointDelay: 120,
    })
    passUntil(world, () => refresh.checkpoint === 50)
    setDesiredCapacity(world.state, 7)
    pass(world, 1)
    expect(refresh.checkpoint).toBe(0)
    passUntil(world, () => hasEnded(refresh), 14_400)
    const reached = world.state.notices.filter(({ type }) => type.endsWith('Checkpoint Reached'))
    expect(reached.length).toBe(2)
    expect(fleet(world)).toEqual({ 8: 7 })
  })
})

describe('bake time', () => {
  test('is waited at the end, with the seconds that are left', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, BakeTime: 300 })
    passUntil(world, () => refresh.status === 'Baking')
    pass(world, 100)
    expect(refresh.statusReason).toMatch(/bake time to finish before continuing\. There are \d+ seconds left\.$/)
    expect(world.state.group.template.version).toBe('7')
    const seconds = passUntil(world, () => hasEnded(refresh))
    expect(100 + seconds).toBeGreaterThanOrEqual(299)
    expect(100 + seconds).toBeLessThanOrEqual(301)
    expect(refresh.status).toBe('Successful')
  })

  test('an alarm during it rolls everything back', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, ...watched, BakeTime: 300, AutoRollback: true })
    passUntil(world, () => refresh.status === 'Baking')
    setAlarmState(world.state, alarmOf(world), 'ALARM', 'for the test')
    pass(world, 1)
    expect(refresh).toMatchObject({ status: 'RollbackInProgress', rollback: { percentage: 100, remaining: 0 } })
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('RollbackSuccessful')
    expect(fleet(world)).toEqual({ 7: 4 })
  })
})

describe('alarms', () => {
  test('that go off end a refresh at once, and leave the fleet as it is without AutoRollback', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), { ...oneByOne, ...watched })
    passUntil(world, () => refresh.percentage === 50)
    setAlarmState(world.state, alarmOf(world), 'ALARM', 'for the test')
    pass(world, 1)
    expect(refresh.status).toBe('Failed')
    expect(refresh.statusReason).toContain('errors')
    pass(world, 600)
    expect(fleet(world)).toEqual({ 7: 1, 8: 3 })
    expect(world.state.group.template.version).toBe('7')
  })

  test('without data pause the replacing until they are OK again', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), { ...oneByOne, ...watched })
    passUntil(world, () => refresh.percentage === 25)
    setAlarmState(world.state, alarmOf(world), 'INSUFFICIENT_DATA', 'for the test')
    const before = fleet(world)
    pass(world, 7200)
    expect(refresh.status).toBe('InProgress')
    expect(refresh.statusReason).toContain('INSUFFICIENT_DATA')
    expect(fleet(world)).toEqual(before)
    setAlarmState(world.state, alarmOf(world), 'OK', 'for the test')
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Successful')
  })

  test('switch: a pause for want of data can count towards the hour', () => {
    const world = createTestWorld({ switches: { alarmPauseCountsAsBlocked: true } })
    const refresh = refreshTo(world, releaseVersion(world), { ...oneByOne, ...watched })
    pass(world, 30)
    setAlarmState(world.state, alarmOf(world), 'INSUFFICIENT_DATA', 'for the test')
    expect(passUntil(world, () => hasEnded(refresh))).toBeGreaterThanOrEqual(3600)
    expect(refresh.status).toBe('Failed')
  })

  test('switch: alarms can be watched during a rollback', () => {
    for (const alarmsWatchedDuringRollback of [true, false]) {
      const world = createTestWorld({ switches: { alarmsWatchedDuringRollback } })
      const refresh = refreshTo(world, releaseVersion(world), { ...surge, ...watched, AutoRollback: true })
      pass(world, 100)
      setAlarmState(world.state, alarmOf(world), 'ALARM', 'for the test')
      passUntil(world, () => hasEnded(refresh))
      expect(refresh.status).toBe(alarmsWatchedDuringRollback ? 'RollbackFailed' : 'RollbackSuccessful')
    }
  })
})

describe('a rollback', () => {
  test('replaces what was replaced and nothing else, with the percentage going back down', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), oneByOne)
    passUntil(world, () => refresh.percentage === 50)
    pass(world, 30)
    const kept = liveInstances(world.state.group).filter(({ template }) => template.version === 7)
    rollbackRefresh(world.state)
    const percentages: number[] = []
    passUntil(world, () => {
      if (percentages.at(-1) !== refresh.percentage) percentages.push(refresh.percentage)
      return hasEnded(refresh)
    })
    expect(refresh).toMatchObject({
      status: 'RollbackSuccessful',
      percentage: 0,
      rollback: { reason: 'Rollback was requested by the user.', percentage: 50, remaining: 1 },
      remaining: 1,
    })
    expect(percentages).toEqual([50, 25, 0])
    expect(fleet(world)).toEqual({ 7: 4 })
    for (const instance of kept) expect(instance.lifecycle).toBe('InService')
    expect(world.state.group.template.version).toBe('7')
  })

  test('of a refresh that never got ready leaves the old instances alone', () => {
    const world = createTestWorld({ switches: { newImages: 'never-ready' } })
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, AutoRollback: true })
    const old = [...world.state.group.instances]
    passUntil(world, () => refresh.status === 'RollbackInProgress')
    expect(refresh.rollback?.reason).toMatch(/could not continue for 1 hour/)
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('RollbackSuccessful')
    for (const instance of old) expect(instance.lifecycle).toBe('InService')
    expect(world.state.group.instances.length).toBe(4)
  })

  // The configuration to go back to is broken as well, so that going back can not work either.
  test.each(['RollbackFailed', 'Failed'] as const)('that is blocked for an hour ends as %s, by a switch', (status) => {
    const world = createTestWorld({ switches: { failedRollbackStatus: status, newImages: 'exit' } })
    updateGroup(world.state, { template: { id: world.state.group.template.id, version: releaseVersion(world) } })
    const refresh = refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 0, InstanceWarmup: 60 })
    pass(world, 60)
    rollbackRefresh(world.state)
    const seconds = passUntil(world, () => hasEnded(refresh), 10_000)
    expect(refresh.status).toBe(status)
    expect(seconds).toBeGreaterThanOrEqual(3600)
    expect(fleet(world)).toEqual({ 8: 4 })
  })
})

describe('a cancel', () => {
  test('lets what is in flight end, and leaves the fleet mixed on the old configuration', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), oneByOne)
    pass(world, 10)
    cancelRefresh(world.state, true)
    expect(refresh.status).toBe('Cancelling')
    expect(passUntil(world, () => hasEnded(refresh))).toBeGreaterThan(60)
    expect(refresh).toMatchObject({ status: 'Cancelled', statusReason: 'Cancelled due to user request.' })
    pass(world, 600)
    expect(fleet(world)).toEqual({ 7: 3, 8: 1 })
    expect(world.state.group.template.version).toBe('7')
  })

  test('keeps what was launched on top until nothing is in flight', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), surge)
    pass(world, 8)
    cancelRefresh(world.state, true)
    pass(world, 1)
    expect(refresh.status).toBe('Cancelling')
    expect(fleet(world)).toEqual({ 7: 4, 8: 4 })
    passUntil(world, () => refresh.status === 'Cancelled')
    expect(liveInstances(world.state.group).length).toBe(4)
  })

  test('without waiting is over at once, and what is in flight goes on', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), oneByOne)
    pass(world, 10)
    cancelRefresh(world.state, false)
    expect(refresh.status).toBe('Cancelled')
    expect(world.state.group.instances.map(({ lifecycle }) => lifecycle)).toContain('Pending')
    pass(world, 600)
    expect(fleet(world)).toEqual({ 7: 3, 8: 1 })
  })

  test('ends a rollback too', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), oneByOne)
    passUntil(world, () => refresh.percentage === 50)
    rollbackRefresh(world.state)
    pass(world, 10)
    cancelRefresh(world.state, true)
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Cancelled')
    expect(Object.keys(fleet(world))).toEqual(['7', '8'])
  })

  test('switch: the surplus that it leaves can go by age alone', () => {
    for (const scaleInPrefersUnready of [true, false]) {
      const world = createTestWorld({ switches: { newImages: 'never-ready', scaleInPrefersUnready } })
      refreshTo(world, releaseVersion(world), surge)
      pass(world, 120)
      cancelRefresh(world.state, false)
      pass(world, 1)
      expect(fleet(world)).toEqual(scaleInPrefersUnready ? { 7: 4 } : { 8: 4 })
    }
  })
})

describe('protected and standby instances', () => {
  test('Wait: an hour, then the refresh fails', () => {
    const world = createTestWorld()
    const id = protect(world)
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, InstanceWarmup: 60 })
    passUntil(world, () => refresh.statusReason?.includes('is protected') === true)
    expect(refresh.statusReason).toBe(`${id} is protected. Remove instance scale-in protection to continue.`)
    expect(refresh.remaining).toBe(1)
    expect(passUntil(world, () => hasEnded(refresh))).toBeGreaterThanOrEqual(3590)
    expect(refresh.status).toBe('Failed')
    expect(fleet(world)).toEqual({ 7: 1, 8: 3 })
  })

  test('Wait: goes on when the protection is removed within the hour', () => {
    const world = createTestWorld()
    const id = protect(world)
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, InstanceWarmup: 60 })
    passUntil(world, () => refresh.statusReason?.includes('is protected') === true)
    pass(world, 3000)
    setProtection(world.state, [id], false)
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Successful')
    expect(fleet(world)).toEqual({ 8: 4 })
  })

  test('Ignore: leaves them', () => {
    const world = createTestWorld()
    const id = protect(world)
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, ScaleInProtectedInstances: 'Ignore' })
    passUntil(world, () => hasEnded(refresh))
    expect(refresh).toMatchObject({ status: 'Successful', percentage: 100 })
    expect(fleet(world)).toEqual({ 7: 1, 8: 3 })
    expect(world.state.group.instances.find((each) => each.id === id)?.lifecycle).toBe('InService')
  })

  test('Refresh: replaces them', () => {
    const world = createTestWorld()
    protect(world)
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, ScaleInProtectedInstances: 'Refresh' })
    passUntil(world, () => hasEnded(refresh))
    expect(fleet(world)).toEqual({ 8: 4 })
  })

  test.each([
    ['Wait', 'Failed', 'Standby'],
    ['Ignore', 'Successful', 'Standby'],
    ['Terminate', 'Successful', 'Terminated'],
  ] as const)('standby %s: %s', (StandbyInstances, status, lifecycle) => {
    const world = createTestWorld()
    const instance = first(world)
    enterStandby(world.state, [instance.id], true)
    expect(world.state.group.desired).toBe(3)
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, InstanceWarmup: 60, StandbyInstances })
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe(status)
    expect(instance.lifecycle).toBe(lifecycle)
    expect(fleet(world)).toEqual({ 8: 3 })
  })

  test('one that returns from standby is replaced', () => {
    const world = createTestWorld()
    const instance = first(world)
    enterStandby(world.state, [instance.id], true)
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, InstanceWarmup: 60 })
    passUntil(world, () => refresh.statusReason?.includes('Standby') === true)
    exitStandby(world.state, [instance.id])
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Successful')
    expect(fleet(world)).toEqual({ 8: 4 })
  })
})

describe('limits', () => {
  test('a refresh whose replacements stay unhealthy fails after an hour', () => {
    const world = createTestWorld({ switches: { newImages: 'never-ready' } })
    const refresh = refreshTo(world, releaseVersion(world), surge)
    const seconds = passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Failed')
    expect(refresh.statusReason).toMatch(/^The instance refresh could not continue for 1 hour\./)
    // An hour from when the first replacement was warm and yet not healthy.
    expect(seconds).toBeGreaterThan(3600 + 180)
    expect(seconds).toBeLessThan(3600 + 300)
  })

  test('switch: warming up can count towards the hour', () => {
    const world = createTestWorld({ switches: { warmupCountsAsBlocked: true } })
    const refresh = refreshTo(world, releaseVersion(world), { ...surge, InstanceWarmup: 4000 })
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Failed')
    const patient = createTestWorld()
    const other = refreshTo(patient, releaseVersion(patient), { ...surge, InstanceWarmup: 4000 })
    passUntil(patient, () => hasEnded(other))
    expect(other.status).toBe('Successful')
  })

  test('a group that may not grow above its MaxSize is blocked when it would have to, by a switch', () => {
    const options = { switches: { surgeMayExceedMaxSize: false } }
    const world = createTestWorld({ ...options, setup: { group: { name: 'g', desired: 4, min: 4, max: 4 } } })
    const refresh = refreshTo(world, releaseVersion(world), { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 })
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Failed')
    expect(refresh.statusReason).toContain('maximum size')
    expect(world.state.instances.length).toBe(4)
  })

  test('fourteen days of replacing are the most, checkpoint delays not counted', () => {
    const day = 86_400
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world), {
      ...oneByOne,
      InstanceWarmup: 4 * day,
      CheckpointPercentages: [25, 100],
      CheckpointDelay: 2 * day,
    })
    const seconds = passUntil(world, () => hasEnded(refresh), 20 * day, 600)
    expect(refresh.status).toBe('Failed')
    expect(refresh.statusReason).toContain('14 days')
    expect(seconds / day).toBeCloseTo(16, 1)
  })

  test('no capacity fails after an hour, and EC2 says why in the activities', () => {
    const world = createTestWorld({ switches: { capacity: 'none' } })
    const refresh = refreshTo(world, releaseVersion(world), surge)
    pass(world, 60)
    expect(refresh.statusReason).toContain('We currently do not have sufficient t3.large capacity')
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Failed')
    const failed = world.state.activities.filter(({ statusCode }) => statusCode === 'Failed')
    expect(failed.length).toBeGreaterThan(5)
    expect(failed[0]?.statusMessage).toContain('Launching EC2 instance failed.')
    expect(fleet(world)).toEqual({ 7: 4 })
  })
})

test('a rollback after a shortage of capacity launches the old configuration at once', () => {
  const world = createTestWorld({ switches: { capacity: 'none' } })
  const preferences = { MinHealthyPercentage: 50, InstanceWarmup: 60, AutoRollback: true }
  const refresh = refreshTo(world, releaseVersion(world), preferences)
  passUntil(world, () => refresh.status === 'RollbackInProgress')
  pass(world, 1)
  expect(fleet(world)).toEqual({ 7: 4 })
  passUntil(world, () => hasEnded(refresh))
  expect(refresh.status).toBe('RollbackSuccessful')
})

describe('health', () => {
  test('a target that fails is replaced after the grace period, and no sooner', () => {
    const world = createTestWorld()
    const instance = first(world)
    setAnswer(world.state, instance, 8000, 503)
    pass(world, 60)
    expect(instance.lifecycle).toBe('Terminating')
    const activity = world.state.activities.find(
      ({ description }) => description === `Terminating EC2 instance: ${instance.id}`,
    )
    expect(activity?.cause).toContain('ELB system health check failure')
    const fresh = world.state.instances.at(-1)
    if (fresh === undefined) throw new Error('not replaced')
    passUntil(world, () => fresh.answers.get(8000) === 200)
    setAnswer(world.state, fresh, 8000, 503)
    pass(world, 60)
    expect(fresh.lifecycle).toBe('InService')
    passUntil(world, () => fresh.lifecycle === 'Terminating')
    expect((world.state.now - (fresh.inServiceAt ?? 0)) / 1000).toBeCloseTo(300, -1)
  })

  test('an instance that does not run is unhealthy at once, within the grace period too', () => {
    const world = createTestWorld()
    pass(world, 1)
    const instance = first(world)
    instance.inServiceAt = world.state.now
    instance.state = 'terminated'
    pass(world, 1)
    expect(instance).toMatchObject({ lifecycle: 'Terminating', healthStatus: 'Unhealthy' })
    const activity = world.state.activities.find(({ description }) => description.startsWith('Terminating'))
    expect(activity?.cause).toContain('EC2 health check')
  })

  test('with EC2 health checks the load balancer does not matter', () => {
    const world = createTestWorld({ switches: { healthCheckType: 'EC2', newImages: 'never-ready' } })
    const refresh = refreshTo(world, releaseVersion(world), surge)
    passUntil(world, () => hasEnded(refresh))
    expect(refresh.status).toBe('Successful')
  })
})
