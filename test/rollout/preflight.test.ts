import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import {
  EnterStandbyCommand,
  SetInstanceProtectionCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand, type RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { setAlarmState } from '../../src/lib/rehearsal/world/alarms.js'
import { createAsgDriver } from '../../src/lib/rollout/asg/driver.js'
import { preflightGroup } from '../../src/lib/rollout/asg/preflight.js'
import type { Check } from '../../src/lib/rollout/driver.js'
import { groupName, of, repositories, startFleet, usual, type Fleet } from './support/fleet.js'

async function checks(fleet: Fleet, options: Parameters<Fleet['driver']>[0] = {}): Promise<Record<string, Check>> {
  const all = await fleet.driver(options).preflight(fleet.cloud.registryHost, repositories)
  return Object.fromEntries(all.map((check) => [check.name, check]))
}

/** Moves the group to a version with that data changed. */
async function change(fleet: Fleet, data: RequestLaunchTemplateData, version?: string): Promise<void> {
  const { id } = fleet.cloud.world.state.group.template
  const { LaunchTemplateVersion: made } = await fleet.console.ec2.send(
    new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: id, SourceVersion: '7', LaunchTemplateData: data }),
  )
  await fleet.console.autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: groupName,
      LaunchTemplate: { LaunchTemplateId: id, Version: version ?? String(made?.VersionNumber) },
    }),
  )
}

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')
/** Compressed user data that could not be larger. */
function fullest(text: string): Buffer {
  const filling = randomBytes(16_384).toString('base64')
  for (let length = filling.length; ; length -= 4) {
    const data = gzipSync(`${text}\n${filling.slice(0, length)}`)
    if (data.length <= 16_384) return data
  }
}

const starts = (fleet: Fleet): string =>
  repositories.map((name) => `docker run ${fleet.cloud.registryHost}/${name}:latest`).join('\n')

test('a fleet that is well: every check says what it saw', async () => {
  const fleet = await startFleet()
  const seen = await checks(fleet, { alarms: ['target-5xx'] })
  expect(Object.values(seen).map(({ name, result }) => `${name} ${result}`)).toEqual([
    'group ok',
    'launch template ok',
    'AMI ok',
    'user data ok',
    'held instances ok',
    'room to launch first ok',
    'health check ok',
    'alarms ok',
  ])
  expect(seen['alarms']?.detail).toBe('1 OK')
  expect((await checks(fleet))['alarms']?.result).toBe('skip')
})

describe('user data', () => {
  test('compressed with gzip is read, and stays compressed in the release', async () => {
    const fleet = await startFleet()
    await change(fleet, { UserData: base64(gzipSync(`#!/bin/sh\n${starts(fleet)}\n`)) })
    expect((await checks(fleet))['user data']?.result).toBe('ok')
    const { number } = await fleet.driver().record(fleet.release('next'))
    const stored = fleet.cloud.world.state.templates[0]?.versions.find((one) => String(one.number) === number)
    const bytes = Buffer.from(stored?.data.UserData ?? '', 'base64')
    expect(bytes.subarray(0, 2).toString('hex')).toBe('1f8b')
  })

  test.each<[string, (fleet: Fleet) => string | undefined, RegExp]>([
    [
      'that names no image',
      () => base64('#!/bin/sh\necho hello\n'),
      /does not refer to .*rampart-backend.*rampart-frontend/,
    ],
    [
      'that names one of two',
      (fleet) => base64(starts(fleet).split('\n')[0] ?? ''),
      /does not refer to .*rampart-frontend$/,
    ],
    ['that only looks like gzip', () => base64(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])), /does not refer/],
    [
      'that is too large with digests',
      (fleet) => base64(`${starts(fleet)}\n# ${'x'.repeat(16_200)}`),
      /16\d\d\d bytes.*16384/,
    ],
    [
      'that is too large with digests though it is compressed',
      (fleet) => base64(fullest(starts(fleet))),
      /16\d\d\d bytes.*16384/,
    ],
  ])('%s fails, with the way out', async (_name, userData, detail) => {
    const fleet = await startFleet()
    await change(fleet, { UserData: userData(fleet) ?? '' })
    const check = (await checks(fleet))['user data']
    expect(check).toMatchObject({ result: 'fail', detail: expect.stringMatching(detail) })
    expect(check?.remedy).toBeTruthy()
    const { ended } = await fleet.run()
    expect(ended.ending).toBe('preflight')
    expect(fleet.cloud.world.state.templates[0]?.versions).toHaveLength(2)
  })
})

describe('what AWS would refuse', () => {
  test('a group that follows $Latest: AWS refuses the rollback, the check says so before', async () => {
    const fleet = await startFleet()
    await change(fleet, { InstanceType: 't3.large' }, '$Latest')
    expect((await checks(fleet))['launch template']).toMatchObject({
      result: 'fail',
      detail: expect.stringContaining('$Latest'),
      remedy: expect.stringContaining('update-auto-scaling-group'),
    })
    // Had the check not been there: AWS's own refusal, and nothing rolled out.
    const { ended } = await fleet.run({ request: { driver: { ...fleet.driver(), preflight: async () => [] } } })
    expect(ended).toMatchObject({ ending: 'preflight', message: expect.stringMatching(/AWS refused.*AutoRollback/) })
    expect(fleet.cloud.world.state.refreshes).toEqual([])
  })

  test('an AMI from a Systems Manager parameter', async () => {
    const fleet = await startFleet()
    await change(fleet, { ImageId: 'resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023' })
    expect((await checks(fleet))['AMI']).toMatchObject({
      result: 'fail',
      detail: expect.stringContaining('resolve:ssm'),
    })
    const { ended } = await fleet.run({ request: { driver: { ...fleet.driver(), preflight: async () => [] } } })
    expect(ended).toMatchObject({ ending: 'preflight', message: expect.stringMatching(/AWS refused.*ImageId/) })
  })

  test.each(['ALARM', 'INSUFFICIENT_DATA'] as const)('an alarm in %s', async (word) => {
    const fleet = await startFleet({ rollout: { alarms: ['target-5xx'] } })
    const [alarm] = fleet.cloud.world.state.alarms
    if (alarm !== undefined) setAlarmState(fleet.cloud.world.state, alarm, word, 'because')
    const { ended, events } = await fleet.run()
    expect(ended).toMatchObject({ ending: 'preflight', problems: [expect.stringContaining(`is ${word}: because`)] })
    expect(of(events, 'check.done').filter(({ result }) => result === 'fail')).toHaveLength(1)
    expect(fleet.cloud.world.state.refreshes).toEqual([])
  })

  test('an alarm that is not there', async () => {
    const fleet = await startFleet()
    expect((await checks(fleet, { alarms: ['target-5xx', 'gone'] }))['alarms']).toMatchObject({
      result: 'fail',
      detail: 'gone does not exist',
    })
  })
})

describe('the group', () => {
  test('that is not there', async () => {
    const fleet = await startFleet()
    const driver = createAsgDriver('another-asg', usual, { ...fleet.aws, clock: fleet.clock }, undefined)
    expect(await driver.preflight(fleet.cloud.registryHost, repositories)).toMatchObject([
      { name: 'group', result: 'fail', detail: expect.stringContaining('another-asg') },
    ])
  })

  test('whose launch-template version was deleted', async () => {
    const fleet = await startFleet()
    fleet.cloud.world.state.group.template = { ...fleet.cloud.world.state.group.template, version: '3' }
    expect((await checks(fleet))['user data']).toMatchObject({
      result: 'fail',
      detail: expect.stringMatching(/^version 3 .* gone$/),
    })
  })

  test('that wants no instances: nothing could be proved', async () => {
    const fleet = await startFleet({ desired: 0 })
    const { ended } = await fleet.run()
    expect(ended).toMatchObject({ ending: 'preflight', problems: [expect.stringContaining('wants no instances')] })
  })

  test('without room above its size, and with room', async () => {
    const fleet = await startFleet({ max: 4 })
    expect((await checks(fleet))['room to launch first']).toMatchObject({
      result: 'warn',
      remedy: expect.stringContaining('--max-size 8'),
    })
    expect((await checks(fleet, { maxHealthyPercentage: 100 }))['room to launch first']?.remedy).toContain(
      '--max-size 5',
    )
    expect(
      (await checks(fleet, { minHealthyPercentage: 50, maxHealthyPercentage: 100 }))['room to launch first']?.result,
    ).toBe('ok')
  })

  test('that asks EC2 alone whether an instance is well', async () => {
    const fleet = await startFleet({ switches: { healthCheckType: 'EC2' } })
    expect((await checks(fleet))['health check']).toMatchObject({
      result: 'warn',
      remedy: expect.stringContaining('--health-check-grace-period 120'),
    })
  })

  test('with instances that a refresh may not touch', async () => {
    const fleet = await startFleet()
    const [first, second] = fleet.live().map(({ id }) => id)
    const ids = { AutoScalingGroupName: groupName, InstanceIds: [second ?? ''] }
    await fleet.console.autoScaling.send(new EnterStandbyCommand({ ...ids, ShouldDecrementDesiredCapacity: true }))
    expect((await checks(fleet))['held instances']).toMatchObject({
      result: 'warn',
      detail: expect.stringMatching(new RegExp(`^${second} is in standby`)),
      remedy: expect.stringContaining('exit-standby'),
    })
    await fleet.console.autoScaling.send(
      new SetInstanceProtectionCommand({ ...ids, InstanceIds: [first ?? ''], ProtectedFromScaleIn: true }),
    )
    expect((await checks(fleet))['held instances']).toMatchObject({
      detail: expect.stringMatching(new RegExp(`^${first} is protected`)),
      remedy: expect.stringContaining(`--no-protected-from-scale-in --auto-scaling-group-name ${groupName}`),
    })
  })

  // The rehearsal has neither; the group is a real one's description with one thing changed.
  test.each([
    ['a mixed-instances policy', { mixedInstances: true }, 'launch template', /mixed-instances policy/],
    ['suspended processes', { suspendedProcesses: ['Launch', 'AZRebalance'] }, 'group', /has Launch suspended/],
  ])('with %s', async (_name, changed, check, detail) => {
    const fleet = await startFleet()
    const group = await fleet.aws.autoScaling.describeGroup(groupName)
    if (group === undefined) throw new Error('no group')
    const seen = await preflightGroup(
      { ...group, ...changed },
      usual,
      fleet.aws,
      fleet.cloud.registryHost,
      repositories,
    )
    expect(seen.find(({ name }) => name === check)).toMatchObject({
      result: 'fail',
      detail: expect.stringMatching(detail),
      remedy: expect.any(String),
    })
  })

  test('without a launch template of any kind', async () => {
    const fleet = await startFleet()
    const { launchTemplate: _gone, ...group } = (await fleet.aws.autoScaling.describeGroup(groupName)) ?? {}
    const seen = await preflightGroup(group as never, usual, fleet.aws, fleet.cloud.registryHost, repositories)
    expect(seen.find(({ name }) => name === 'launch template')).toMatchObject({
      result: 'fail',
      detail: expect.stringContaining('has no launch template'),
    })
  })
})

test('every obstacle is shown at once, each with its remedy', async () => {
  const fleet = await startFleet({ rollout: { alarms: ['gone'] } })
  await change(fleet, { UserData: base64('#!/bin/sh'), ImageId: 'resolve:ssm:/x' }, '$Latest')
  const { ended } = await fleet.run()
  expect(ended.message).toBe('4 checks failed; nothing was changed.')
  expect(ended.problems).toHaveLength(4)
  expect(ended.next).toHaveLength(4)
})
