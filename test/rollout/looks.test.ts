import { describe, expect, test } from 'vitest'
import type { AutoScalingGroup, GroupInstance, TargetHealthDescription } from '../../src/lib/ports/auto-scaling.js'
import { batchSize, estimateRefresh } from '../../src/lib/rollout/asg/estimate.js'
import { logEvidence } from '../../src/lib/rollout/asg/log-evidence.js'
import { proveGroup } from '../../src/lib/rollout/asg/prove.js'
import { isActive, outcomeOf } from '../../src/lib/rollout/asg/refresh-status.js'
import { targetsOf } from '../../src/lib/rollout/asg/targets.js'
import { startFleet, usual } from './support/fleet.js'

const revision = { name: 'lt-1', number: '8' }

const instance = (id: string, changes: Partial<GroupInstance> = {}): GroupInstance => ({
  id,
  zone: 'us-west-2a',
  lifecycleState: 'InService',
  healthStatus: 'Healthy',
  launchTemplate: { id: 'lt-1', name: 'web', version: '8' },
  protectedFromScaleIn: false,
  ...changes,
})

const group = (instances: readonly GroupInstance[], changes: Partial<AutoScalingGroup> = {}): AutoScalingGroup => ({
  name: 'web',
  desiredCapacity: 2,
  minSize: 0,
  maxSize: 4,
  zones: ['us-west-2a'],
  mixedInstances: false,
  targetGroupArns: ['tg-1', 'tg-2'],
  subnets: ['subnet-1'],
  hasWarmPool: false,
  healthCheckType: 'ELB',
  healthCheckGracePeriod: 300,
  suspendedProcesses: [],
  instances,
  ...changes,
})

const says = (targetGroupArn: string, targetId: string, state: string, reason?: string): TargetHealthDescription => ({
  targetGroupArn,
  targetId,
  state,
  ...(reason !== undefined && { reason }),
})

describe('a target of several target groups', () => {
  test.each([
    [['healthy', 'healthy'], 'healthy'],
    [['healthy', 'unhealthy'], 'unhealthy'],
    [['initial', 'healthy'], 'initial'],
    [['healthy', 'draining'], 'draining'],
    [['draining', 'unhealthy.draining'], 'unhealthy'],
    [['healthy', 'something new'], 'unavailable'],
    [['healthy'], 'unused'],
    [['unhealthy'], 'unhealthy'],
    [[], 'unused'],
  ])('%j is %s', (states, health) => {
    const healths = states.map((state, index) => says(`tg-${index + 1}`, 'i-1', state))
    expect(targetsOf(group([instance('i-1')]), healths, revision)).toMatchObject([{ id: 'i-1', health }])
  })

  test('gives the reason of the group that is worst off', () => {
    const healths = [says('tg-1', 'i-1', 'healthy'), says('tg-2', 'i-1', 'unhealthy', 'Target.Timeout')]
    expect(targetsOf(group([instance('i-1')]), healths, revision)[0]?.reason).toBe('Target.Timeout')
  })

  test('that none of them has heard of says how many are missing', () => {
    expect(targetsOf(group([instance('i-1')]), [says('tg-1', 'i-1', 'healthy')], revision)[0]?.reason).toBe(
      'not registered with 1 of 2 target groups',
    )
  })
})

test('without target groups the word of the group itself counts', () => {
  const alone = group([instance('i-1'), instance('i-2', { healthStatus: 'Unhealthy' })], { targetGroupArns: [] })
  expect(targetsOf(alone, [], revision).map(({ health }) => health)).toEqual(['none', 'unhealthy'])
})

test('new is who was launched by that version of that template, not by one of the same number', () => {
  const instances = [
    instance('i-1'),
    instance('i-2', { launchTemplate: { id: 'lt-2', name: 'other', version: '8' } }),
    instance('i-3', { launchTemplate: { id: 'lt-1', name: 'web', version: '7' } }),
    // Launched by a launch configuration, before the group had a template.
    (({ launchTemplate: _none, ...rest }) => rest)(instance('i-4')),
  ]
  expect(targetsOf(group(instances), [], revision).map(({ isNew }) => isNew)).toEqual([true, false, false, false])
})

const well = (id: string) => [says('tg-1', id, 'healthy'), says('tg-2', id, 'healthy')]

async function prove(instances: readonly GroupInstance[], healths: readonly TargetHealthDescription[]) {
  const fleet = await startFleet()
  const release = fleet.release('next')
  const made = await fleet.driver().record(release)
  const launchTemplate = { id: made.name, name: 'web', version: made.number }
  const own = instances.map((one) => (one.launchTemplate?.id === 'lt-1' ? { ...one, launchTemplate } : one))
  return proveGroup(group(own), healths, fleet.aws.launchTemplates, made, release)
}

describe('the proof', () => {
  test('of a fleet that is well, one more than wanted and one on its way out', async () => {
    const instances = [
      instance('i-1'),
      instance('i-2'),
      instance('i-3'),
      instance('i-4', { lifecycleState: 'Terminating:Wait' }),
    ]
    const proofs = await prove(instances, ['i-1', 'i-2', 'i-3'].flatMap(well))
    expect(proofs.map(({ target, proved }) => `${target} ${proved}`)).toEqual(['i-1 true', 'i-2 true', 'i-3 true'])
    expect(proofs[0]?.detail).toBe('launched by version 8, InService, healthy')
  })

  test.each<[string, Partial<GroupInstance>, readonly TargetHealthDescription[], RegExp]>([
    ['draining', {}, [says('tg-1', 'i-1', 'draining'), says('tg-2', 'i-1', 'healthy')], /health draining/],
    ['unhealthy', {}, [says('tg-1', 'i-1', 'unhealthy'), says('tg-2', 'i-1', 'healthy')], /health unhealthy/],
    ['not in service', { lifecycleState: 'Pending:Wait' }, well('i-1'), /lifecycle Pending:Wait/],
    ['in standby', { lifecycleState: 'Standby' }, well('i-1'), /lifecycle Standby/],
    [
      'of another version',
      { launchTemplate: { id: 'lt-2', name: 'x', version: '5' } },
      well('i-1'),
      /launched by version 5, not 8/,
    ],
  ])('one that is %s is not proved', async (_name, changes, healths, detail) => {
    const proofs = await prove([instance('i-1', changes), instance('i-2')], [...healths, ...well('i-2')])
    expect(proofs).toMatchObject([
      { target: 'i-1', proved: false, detail: expect.stringMatching(detail) },
      { target: 'i-2', proved: true },
    ])
  })

  test('one that is missing is missed', async () => {
    const proofs = await prove([instance('i-1')], well('i-1'))
    expect(proofs).toMatchObject([
      { target: 'i-1', proved: true },
      { target: 'missing-1', proved: false, detail: 'the group has 1 of 2 instances' },
    ])
  })

  test('a version that does not name the digests proves nothing, whoever it launched', async () => {
    const fleet = await startFleet()
    const own = { id: fleet.cloud.world.state.group.template.id, name: 'web', version: '7' }
    const proofs = await proveGroup(
      group([instance('i-1', { launchTemplate: own }), instance('i-2', { launchTemplate: own })]),
      ['i-1', 'i-2'].flatMap(well),
      fleet.aws.launchTemplates,
      { name: own.id, number: '7' },
      fleet.release('next'),
    )
    expect(proofs.every(({ proved }) => !proved)).toBe(true)
    expect(proofs[0]?.detail).toBe('version 7 does not name the released digests')
  })
})

describe('the estimate', () => {
  test.each([
    [4, 100, 200, 4],
    [4, 100, 125, 1],
    [4, 100, 100, 1],
    [10, 90, 100, 1],
    [10, 50, 100, 5],
    [1, 0, 100, 1],
    [100, 90, 120, 30],
  ])('of %i targets with %i to %i %%: %i at a time', (desired, minHealthyPercentage, maxHealthyPercentage, size) => {
    expect(batchSize(desired, { ...usual, minHealthyPercentage, maxHealthyPercentage })).toBe(size)
  })

  test('counts batches, warmups, pauses and the bake', () => {
    const fleet = group([], { desiredCapacity: 4, defaultInstanceWarmup: 90 })
    const { warmup: _none, ...options } = { ...usual, maxHealthyPercentage: 150 }
    expect(estimateRefresh(fleet, options)).toBe((2 * (60 + 90) + 120) * 1000)
    const slow = { ...options, warmup: 30, checkpointPercentages: [50, 100], checkpointDelay: 600, bakeTime: 300 }
    expect(estimateRefresh(fleet, slow)).toBe((2 * (60 + 30) + 120 + 1200 + 300) * 1000)
    const { defaultInstanceWarmup: _unset, ...plain } = fleet
    expect(estimateRefresh(plain, options)).toBe((2 * (60 + 300) + 120) * 1000)
  })
})

test('every status but an end is active', () => {
  const ends = ['Successful', 'Failed', 'Cancelled', 'RollbackSuccessful', 'RollbackFailed'] as const
  const running = ['Pending', 'InProgress', 'Baking', 'Cancelling', 'RollbackInProgress'] as const
  expect(ends.map(outcomeOf)).toEqual(['succeeded', 'failed', 'cancelled', 'rolled-back', 'failed'])
  expect(running.map(isActive)).toEqual(running.map(() => true))
  expect(ends.map(isActive)).toEqual(ends.map(() => false))
})

const line = (stream: string, text: string) => ({ id: '', stream, time: 0, text })

test('of several streams the one in trouble is shown, its last lines, and none when there are none', () => {
  const calm = Array.from({ length: 20 }, (_, index) => line('i-1/frontend', `GET / ${index}`))
  const loud = ['starting', 'Traceback (most recent call last):', 'ModuleNotFoundError: x\n'].map((text) =>
    line('i-1/backend', text),
  )
  expect(logEvidence([...loud, ...calm], 2)).toEqual([
    'i-1/backend: Traceback (most recent call last):',
    'i-1/backend: ModuleNotFoundError: x',
  ])
  expect(logEvidence(calm, 1)).toEqual(['i-1/frontend: GET / 19'])
  expect(logEvidence([], 5)).toEqual([])
})
