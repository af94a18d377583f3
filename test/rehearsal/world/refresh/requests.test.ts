import type { StartInstanceRefreshType } from '@aws-sdk/client-auto-scaling'
import { describe, expect, test } from 'vitest'
import { setAlarmState } from '../../../../src/lib/rehearsal/world/alarms.js'
import { updateGroup } from '../../../../src/lib/rehearsal/world/group-requests.js'
import { addVersion } from '../../../../src/lib/rehearsal/world/launch-templates.js'
import { echoPreferences } from '../../../../src/lib/rehearsal/world/refresh/preferences.js'
import { cancelRefresh, rollbackRefresh, startRefresh } from '../../../../src/lib/rehearsal/world/refresh/requests.js'
import type { World } from '../../../../src/lib/rehearsal/world/world.js'
import { createTestWorld, pass, passUntil, refreshTo, releaseVersion } from '../support.js'

const start = (world: World, input: Partial<StartInstanceRefreshType>) =>
  startRefresh(world.state, { AutoScalingGroupName: world.state.group.name, ...input })

describe('StartInstanceRefresh', () => {
  test.each([
    [
      'minimum above 100',
      { MinHealthyPercentage: 101 },
      /at 'preferences.minHealthyPercentage'.*less than or equal to 100/,
    ],
    [
      'maximum below 100',
      { MinHealthyPercentage: 90, MaxHealthyPercentage: 99 },
      /maxHealthyPercentage.*greater than or equal to 100/,
    ],
    ['maximum above 200', { MinHealthyPercentage: 100, MaxHealthyPercentage: 201 }, /less than or equal to 200/],
    [
      'maximum alone',
      { MaxHealthyPercentage: 110 },
      /MaxHealthyPercentage parameter cannot be specified when the MinHealthyPercentage/,
    ],
    [
      'more than 100 between them',
      { MinHealthyPercentage: 50, MaxHealthyPercentage: 151 },
      /cannot be greater than 100/,
    ],
    [
      'a checkpoint delay alone',
      { CheckpointDelay: 60 },
      /CheckpointDelay parameter cannot be specified when the CheckpointPercentages/,
    ],
    [
      'a checkpoint delay of more than two days',
      { CheckpointPercentages: [50], CheckpointDelay: 172_801 },
      /less than or equal to 172800/,
    ],
    ['checkpoints out of order', { CheckpointPercentages: [50, 20] }, /ascending order/],
    ['a checkpoint twice', { CheckpointPercentages: [50, 50] }, /unique/],
    ['a bake time of more than two days', { BakeTime: 172_801 }, /bakeTime/],
    ['a negative warmup', { InstanceWarmup: -1 }, /instanceWarmup/],
    ['eleven alarms', { AlarmSpecification: { Alarms: Array.from({ length: 11 }, (_, n) => `a${n}`) } }, /up to 10/],
    ['an alarm that does not exist', { AlarmSpecification: { Alarms: ['nobody'] } }, /nobody does not exist/],
  ])('refuses %s', (_name, preferences, message) => {
    const world = createTestWorld()
    expect(() => start(world, { Preferences: preferences })).toThrow(
      expect.objectContaining({ code: 'ValidationError', message: expect.stringMatching(message) as string }),
    )
    expect(world.state.refreshes).toEqual([])
  })

  test('resolves every default and echoes it', () => {
    const world = createTestWorld()
    expect(echoPreferences(start(world, {}).preferences)).toEqual({
      MinHealthyPercentage: 90,
      InstanceWarmup: 300,
      SkipMatching: false,
      AutoRollback: false,
      ScaleInProtectedInstances: 'Wait',
      StandbyInstances: 'Wait',
    })
  })

  test('takes the warmup from the group when it has a default one', () => {
    const world = createTestWorld({ switches: { defaultWarmupSeconds: 77 } })
    expect(start(world, {}).preferences.warmup).toBe(77)
  })

  test('takes both percentages from an instance maintenance policy', () => {
    const world = createTestWorld()
    world.state.group.maintenancePolicy = { minimum: 100, maximum: 150 }
    expect(start(world, {}).preferences).toMatchObject({ minimum: 100, maximum: 150 })
    const open = createTestWorld({ switches: { policyMaximumIsExplicit: false } })
    open.state.group.maintenancePolicy = { minimum: 100, maximum: 150 }
    expect(start(open, {}).preferences).toMatchObject({ minimum: 100, maximum: undefined })
    const other = createTestWorld()
    other.state.group.maintenancePolicy = { minimum: 100, maximum: 150 }
    expect(start(other, { Preferences: { MinHealthyPercentage: 50 } }).preferences.maximum).toBeUndefined()
  })

  test('a checkpoint delay defaults to an hour', () => {
    const world = createTestWorld()
    expect(start(world, { Preferences: { CheckpointPercentages: [50, 100] } }).preferences.checkpointDelay).toBe(3600)
  })

  test('there is one active refresh per group', () => {
    const world = createTestWorld()
    refreshTo(world, releaseVersion(world))
    expect(() => start(world, {})).toThrow(
      expect.objectContaining({
        code: 'InstanceRefreshInProgress',
        message: 'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
      }),
    )
  })

  test.each(['99', 'x'])('refuses the launch-template version %s', (version) => {
    const world = createTestWorld()
    expect(() => refreshTo(world, version)).toThrow(
      expect.objectContaining({ code: 'ValidationError', message: expect.stringContaining(version) as string }),
    )
  })

  test('refuses an unknown launch template and an empty configuration', () => {
    const world = createTestWorld()
    const unknown = { LaunchTemplate: { LaunchTemplateName: 'nobody', Version: '1' } }
    for (const configuration of [unknown, {}]) {
      expect(() => start(world, { DesiredConfiguration: configuration })).toThrow(
        expect.objectContaining({ code: 'ValidationError' }),
      )
    }
  })

  test.each(['ALARM', 'INSUFFICIENT_DATA'] as const)('refuses an alarm that is in %s', (state) => {
    const world = createTestWorld()
    const [alarm] = world.state.alarms
    if (alarm === undefined) throw new Error('no alarm')
    setAlarmState(world.state, alarm, state, 'for the test')
    const preferences = { AlarmSpecification: { Alarms: [alarm.name] } }
    expect(() => refreshTo(world, releaseVersion(world), preferences)).toThrow(/must be in the OK state/)
  })
})

describe('AutoRollback', () => {
  test('needs a desired configuration', () => {
    const world = createTestWorld()
    expect(() => start(world, { Preferences: { AutoRollback: true } })).toThrow(
      "The request isn't valid. The AutoRollback parameter cannot be set to true when the DesiredConfiguration parameter is empty. Set AutoRollback to false or specify a desired configuration and try again.",
    )
  })

  test.each(['$Latest', '$Default'])('needs a group that does not follow %s', (version) => {
    const world = createTestWorld()
    updateGroup(world.state, { template: { id: world.state.group.template.id, version } })
    const next = releaseVersion(world)
    expect(() => refreshTo(world, next, { AutoRollback: true })).toThrow(/\$Latest or \$Default/)
    expect(refreshTo(world, next).status).toBe('Pending')
  })

  test('may go to $Latest from a numbered version', () => {
    const world = createTestWorld()
    releaseVersion(world)
    expect(refreshTo(world, '$Latest', { AutoRollback: true }).status).toBe('Pending')
  })
})

test('a desired configuration is refused while an image is a Systems Manager parameter', () => {
  const world = createTestWorld()
  const [template] = world.state.templates
  if (template === undefined) throw new Error('no template')
  const data = { ImageId: 'resolve:ssm:/images/web' }
  const version = addVersion(world.state, template, { source: '7', description: undefined, data, token: undefined })
  expect(() => refreshTo(world, String(version.number))).toThrow(/Systems Manager parameter/)
})

const baking = (bakingIsActive: boolean): World => {
  const world = createTestWorld({ switches: { bakingIsActive } })
  const preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 60, BakeTime: 600 }
  const refresh = refreshTo(world, releaseVersion(world), preferences)
  passUntil(world, () => refresh.status === 'Baking')
  return world
}

describe('CancelInstanceRefresh and RollbackInstanceRefresh', () => {
  const none = expect.objectContaining({ code: 'ActiveInstanceRefreshNotFound' })

  test('need an active refresh', () => {
    const world = createTestWorld()
    expect(() => cancelRefresh(world.state, true)).toThrow(none)
    expect(() => rollbackRefresh(world.state)).toThrow(none)
    const refresh = refreshTo(world, '7', { SkipMatching: true })
    passUntil(world, () => refresh.status === 'Successful')
    expect(() => cancelRefresh(world.state, true)).toThrow(none)
    expect(() => rollbackRefresh(world.state)).toThrow(none)
  })

  test('a cancel is not cancelled again, but can be cut short', () => {
    const world = createTestWorld()
    const refresh = refreshTo(world, releaseVersion(world))
    pass(world, 60)
    cancelRefresh(world.state, true)
    expect(refresh.status).toBe('Cancelling')
    expect(() => cancelRefresh(world.state, true)).toThrow(none)
    expect(() => rollbackRefresh(world.state)).toThrow(none)
    cancelRefresh(world.state, false)
    expect(refresh.status).toBe('Cancelled')
  })

  test.each([
    ['there is no desired configuration', (world: World) => start(world, {})],
    [
      'the group follows $Latest',
      (world: World) => {
        updateGroup(world.state, { template: { id: world.state.group.template.id, version: '$Latest' } })
        return refreshTo(world, releaseVersion(world))
      },
    ],
    [
      'it is on its way back already',
      (world: World) => {
        const refresh = refreshTo(world, releaseVersion(world))
        pass(world, 60)
        rollbackRefresh(world.state)
        return refresh
      },
    ],
  ])('a rollback is irreversible when %s', (_name, begin) => {
    const world = createTestWorld()
    begin(world)
    pass(world, 60)
    expect(() => rollbackRefresh(world.state)).toThrow(expect.objectContaining({ code: 'IrreversibleInstanceRefresh' }))
  })

  test('switch: a baking refresh can be out of reach', () => {
    expect(rollbackRefresh(baking(true).state).status).toBe('RollbackInProgress')
    expect(cancelRefresh(baking(true).state, true).status).toBe('Cancelling')
    expect(() => rollbackRefresh(baking(false).state)).toThrow(none)
    expect(() => cancelRefresh(baking(false).state, true)).toThrow(none)
  })
})

test('while a refresh to a desired configuration is active the group keeps its launch template', () => {
  const world = createTestWorld()
  const next = releaseVersion(world)
  refreshTo(world, next)
  expect(() => updateGroup(world.state, { template: { id: world.state.group.template.id, version: next } })).toThrow(
    /^An active instance refresh with a desired configuration exists\./,
  )
  updateGroup(world.state, { desired: 5 })
  expect(world.state.group.desired).toBe(5)
})
