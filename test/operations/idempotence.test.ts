import {
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import type { FaultEffect } from '../../src/lib/rehearsal/wire/faults.js'
import {
  digestsOf,
  groupName,
  of,
  servesEverywhere,
  startFleet,
  versions,
  type Fleet,
} from '../rollout/support/fleet.js'

const numbers = (fleet: Fleet): readonly number[] =>
  fleet.cloud.world.state.templates[0]?.versions.map(({ number }) => number) ?? []
const refreshes = (fleet: Fleet): number => fleet.cloud.world.state.refreshes.length
const template = (fleet: Fleet): string => fleet.cloud.world.state.group.template.id

/** What an infrastructure tool does: a version of its own, with another instance type. */
async function makeVersion(fleet: Fleet, source: string): Promise<string> {
  const { LaunchTemplateVersion: made } = await fleet.console.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: template(fleet),
      SourceVersion: source,
      LaunchTemplateData: { InstanceType: 't3.xlarge' },
    }),
  )
  return String(made?.VersionNumber)
}

async function moveGroup(fleet: Fleet, version: string): Promise<void> {
  await fleet.console.autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: groupName,
      LaunchTemplate: { LaunchTemplateId: template(fleet), Version: version },
    }),
  )
}

describe('an answer that never arrives', () => {
  const lost: readonly [string, FaultEffect][] = [
    ['a dropped connection', { kind: 'drop', when: 'after' }],
    ['a 500', { kind: 'status', status: 500, when: 'after' }],
  ]
  for (const [name, effect] of lost) {
    test.each(['CreateLaunchTemplateVersion', 'StartInstanceRefresh'])(
      `${name} after %s: one version, one refresh`,
      async (operation) => {
        const fleet = await startFleet({ maxAttempts: 3, faults: [{ match: { operation }, calls: [1], effect }] })
        const { ended } = await fleet.run()
        expect(ended.ending).toBe('done')
        expect(fleet.calls.filter((call) => call.operation === operation)).toHaveLength(2)
        expect({ numbers: numbers(fleet), refreshes: refreshes(fleet) }).toEqual({ numbers: [7, 8], refreshes: 1 })
      },
    )
  }

  test('of a start, to the end: whether it started is not known, and running again finds out', async () => {
    const fleet = await startFleet({
      faults: [{ match: { operation: 'StartInstanceRefresh' }, calls: [1], effect: { kind: 'drop', when: 'after' } }],
    })
    const first = await fleet.run()
    expect(first.ended).toMatchObject({
      ending: 'unknown',
      message: expect.stringMatching(/Whether the rollout has started is not known.*StartInstanceRefresh/),
      next: ['rampart deploy -c rampart.yml'],
    })
    const second = await fleet.run()
    expect(second.ended.ending).toBe('done')
    expect(of(second.events, 'rollout.started')).toMatchObject([{ attached: true }])
    expect({ numbers: numbers(fleet), refreshes: refreshes(fleet) }).toEqual({ numbers: [7, 8], refreshes: 1 })
  })
})

test('the look at what was just started fails: it has started all the same', async () => {
  const fleet = await startFleet({
    faults: [
      { match: { operation: 'DescribeInstanceRefreshes' }, calls: [4], effect: { kind: 'drop', when: 'before' } },
    ],
  })
  const { ended, events } = await fleet.run()
  expect(ended.ending).toBe('done')
  expect(of(events, 'warning')).toEqual([])
  const operations = fleet.calls.map(({ operation }) => operation)
  expect(operations[operations.indexOf('StartInstanceRefresh') + 1]).toBe('DescribeInstanceRefreshes')
  expect(
    operations
      .slice(0, operations.indexOf('StartInstanceRefresh'))
      .filter((one) => one === 'DescribeInstanceRefreshes'),
  ).toHaveLength(3)
})

test('the same release again: nothing to do, nothing started; with force it rolls to the same version', async () => {
  const fleet = await startFleet()
  await fleet.run()
  const again = await fleet.run()
  expect(again.ended).toMatchObject({ ending: 'done', message: expect.stringMatching(/^Nothing to do: r-/) })
  expect(of(again.events, 'phase.finished').map(({ phase, outcome }) => `${phase} ${outcome}`)).toContain(
    'rollout skipped',
  )
  expect({ numbers: numbers(fleet), refreshes: refreshes(fleet) }).toEqual({ numbers: [7, 8], refreshes: 1 })
  const before = new Set(fleet.live().map(({ id }) => id))
  const forced = await fleet.run({ force: true })
  expect(forced.ended.ending).toBe('done')
  expect(fleet.live().some(({ id }) => before.has(id))).toBe(false)
  // Those that were there are none of the new ones, though they are of the same version.
  const seen = of(forced.events, 'target.changed').map(({ target }) => target)
  expect(new Set(seen.filter(({ isNew }) => !isNew).map(({ id }) => id))).toEqual(before)
  expect(seen.filter(({ id, isNew }) => isNew && before.has(id))).toEqual([])
  expect({ numbers: numbers(fleet), refreshes: refreshes(fleet) }).toEqual({ numbers: [7, 8], refreshes: 2 })
})

test('a forced roll of the same release that fails is rolled back to itself, and called so', async () => {
  const fleet = await startFleet({ rollout: { warmup: 7200 } })
  const { ended } = await fleet.run({ release: 'previous', force: true, timeout: 600_000 })
  expect(ended.ending).toBe('rolledBack')
  servesEverywhere(fleet, fleet.cloud.previousImages)
})

test('two deploys of the same release: the second attaches to the refresh of the first, and both end done', async () => {
  const fleet = await startFleet()
  const first = fleet.run()
  const { promise, resolve } = Promise.withResolvers<Awaited<typeof first>>()
  let joined = false
  fleet.clock.meanwhile = () => {
    if (joined) return
    joined = true
    fleet.run().then(resolve, () => undefined)
  }
  const [one, two] = await Promise.all([first, promise])
  expect([one.ended.ending, two.ended.ending]).toEqual(['done', 'done'])
  expect(of(two.events, 'rollout.started')).toMatchObject([{ attached: true }])
  expect({ numbers: numbers(fleet), refreshes: refreshes(fleet) }).toEqual({ numbers: [7, 8], refreshes: 1 })
})

async function begin(fleet: Fleet, version: string): Promise<void> {
  await fleet.console.autoScaling.send(
    new StartInstanceRefreshCommand({
      AutoScalingGroupName: groupName,
      DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: template(fleet), Version: version } },
    }),
  )
}

describe('a rollout of somebody else', () => {
  test('found before anything is pushed: conflict, nothing made', async () => {
    const fleet = await startFleet()
    await begin(fleet, await makeVersion(fleet, '7'))
    const { ended, events } = await fleet.run()
    expect(ended).toMatchObject({ ending: 'conflict', message: expect.stringMatching(/Pending.*to version 8/) })
    expect(of(events, 'phase.started').map(({ phase }) => phase)).toEqual(['preflight', 'build'])
    expect(numbers(fleet)).toEqual([7, 8])
  })

  test('of another release of ours', async () => {
    const fleet = await startFleet()
    let other: Awaited<ReturnType<Fleet['run']>> | undefined
    fleet.clock.meanwhile = async (n) => {
      if (n === 5) other = await fleet.run({ release: 'other' })
    }
    const { ended } = await fleet.run()
    expect(ended.ending).toBe('done')
    expect(other?.ended.ending).toBe('conflict')
    servesEverywhere(fleet, digestsOf(fleet.release('next')))
  })

  test('that starts in the last moment', async () => {
    const fleet = await startFleet()
    const theirs = await makeVersion(fleet, '7')
    const driver = fleet.driver()
    const { ended } = await fleet.run({
      request: {
        driver: {
          ...driver,
          settledOn: async (revision) => {
            const settled = await driver.settledOn(revision)
            await begin(fleet, theirs)
            return settled
          },
        },
      },
    })
    expect(ended.ending).toBe('conflict')
    expect(refreshes(fleet)).toBe(1)
  })
})

test('a group that was given another version meanwhile is not moved back', async () => {
  const fleet = await startFleet()
  const theirs = await makeVersion(fleet, '7')
  const driver = fleet.driver()
  const { ended } = await fleet.run({
    request: {
      driver: {
        ...driver,
        record: async (release) => {
          const revision = await driver.record(release)
          await moveGroup(fleet, theirs)
          return revision
        },
      },
    },
  })
  expect(ended).toMatchObject({ ending: 'conflict', message: expect.stringContaining('moved from version 7 to 8') })
  expect(refreshes(fleet)).toBe(0)
  // Again: made from theirs, so that what they changed stays.
  const again = await fleet.run()
  expect(again.ended.ending).toBe('done')
  expect(fleet.cloud.world.state.group.template.version).toBe('10')
  expect(new Set(fleet.live().map(({ instanceType }) => instanceType))).toEqual(new Set(['t3.xlarge']))
})

test('a release that was rolled back uses its version again', async () => {
  const fleet = await startFleet({ rollout: { warmup: 7200 } })
  const first = await fleet.run({ timeout: 600_000 })
  expect(first.ended.ending).toBe('rolledBack')
  const driver = fleet.driver({ warmup: 60 })
  const second = await fleet.run({ request: { driver } })
  expect(second.ended.ending).toBe('done')
  expect(of(second.events, 'release.recorded')).toMatchObject([{ reused: true, revision: { number: '8' } }])
  expect(numbers(fleet)).toEqual([7, 8])
  expect(versions(fleet)).toEqual({ 8: 4 })
})

test('going back by deploying the code of before: its digests, made from the version that serves now', async () => {
  const fleet = await startFleet()
  await fleet.run()
  await moveGroup(fleet, await makeVersion(fleet, '8'))
  const back = await fleet.run({ release: 'previous' })
  expect(back.ended.ending).toBe('done')
  expect(of(back.events, 'release.recorded')).toMatchObject([{ reused: false, revision: { number: '10' } }])
  servesEverywhere(fleet, fleet.cloud.previousImages)
  // What the infrastructure changed in between is kept.
  expect(new Set(fleet.live().map(({ instanceType }) => instanceType))).toEqual(new Set(['t3.xlarge']))
  const { InstanceRefreshes: all } = await fleet.console.autoScaling.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: groupName }),
  )
  expect(all?.map(({ Status }) => Status)).toEqual(['Successful', 'Successful'])
})
