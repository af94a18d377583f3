import {
  ContinueServiceDeploymentCommand,
  StopServiceDeploymentCommand,
  type DeploymentConfiguration,
  type DeploymentLifecycleHook,
} from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import type { ScenarioName } from '../../../src/lib/rehearsal/scenarios.js'
import type { Switches } from '../../../src/lib/rehearsal/world/switches.js'
import { breaker, deploymentOf, deployNext, ecsSetup, ends, fleet, openEcs, until, type EcsCloud } from './support.js'

const openWith = (
  strategy: 'BLUE_GREEN' | 'CANARY' | 'LINEAR',
  options: { readonly scenario?: ScenarioName; readonly switches?: Partial<Switches> } = {},
) => openEcs({ setup: ecsSetup(4, { strategy }), ...options })

/** What the deployment went through: each stage with the weights of the production traffic, old and new, in it. */
async function stagesOf(cloud: EcsCloud, arn: string): Promise<readonly string[]> {
  const seen: string[] = []
  for (let passed = 0; passed < 3 * 3600; passed++) {
    const { status, lifecycleStage, sourceServiceRevisions, targetServiceRevision } = await deploymentOf(cloud, arn)
    const [source] = sourceServiceRevisions ?? []
    const line = `${lifecycleStage} ${source?.requestedProductionTrafficWeight}/${targetServiceRevision?.requestedProductionTrafficWeight}`
    if (lifecycleStage !== undefined && seen.at(-1) !== line) seen.push(line)
    if (ends.includes(status ?? '')) return seen
    cloud.wait(2)
  }
  throw new Error('the deployment did not end')
}

const pause = (changes: Partial<DeploymentLifecycleHook> = {}): DeploymentConfiguration => ({
  strategy: 'BLUE_GREEN',
  bakeTimeInMinutes: 1,
  lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['POST_TEST_TRAFFIC_SHIFT'], ...changes }],
})

async function paused(cloud: EcsCloud, arn: string): Promise<string> {
  for (let passed = 0; passed < 3600; passed += 5) {
    const { lifecycleHookDetails } = await deploymentOf(cloud, arn)
    const hook = lifecycleHookDetails?.find(({ status }) => status === 'AWAITING_ACTION')
    if (hook !== undefined) return hook.hookId ?? ''
    cloud.wait(5)
  }
  throw new Error('the deployment never paused')
}

describe('a deployment that shifts traffic', () => {
  test('BLUE_GREEN goes through its stages, all traffic at once', async () => {
    const cloud = await openWith('BLUE_GREEN')
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 2 },
    })
    expect(await stagesOf(cloud, arn)).toEqual([
      'PRE_SCALE_UP 100/0',
      'SCALE_UP 100/0',
      'POST_SCALE_UP 100/0',
      'TEST_TRAFFIC_SHIFT 100/0',
      'POST_TEST_TRAFFIC_SHIFT 100/0',
      'PRE_PRODUCTION_TRAFFIC_SHIFT 100/0',
      'PRODUCTION_TRAFFIC_SHIFT 0/100',
      'POST_PRODUCTION_TRAFFIC_SHIFT 0/100',
      'BAKE_TIME 0/100',
      'CLEAN_UP 0/100',
    ])
    expect((await deploymentOf(cloud, arn)).status).toBe('SUCCESSFUL')
    expect(await fleet(cloud)).toEqual({ 8: 4 })
    const groups = cloud.rehearsal.world.state.targetGroups.filter(({ service }) => service === 'backend')
    expect(groups.map(({ targets }) => targets.size)).toEqual([0, 4])
    // And back to the first target group with the next one.
    const next = await deployNext(cloud, {}, 'third')
    expect((await until(cloud, next.arn, ends)).status).toBe('SUCCESSFUL')
    expect(groups.map(({ targets }) => targets.size)).toEqual([4, 0])
  })

  test('CANARY shifts a part, waits, and shifts the rest', async () => {
    const cloud = await openWith('CANARY')
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: {
        strategy: 'CANARY',
        canaryConfiguration: { canaryPercent: 10.5, canaryBakeTimeInMinutes: 5 },
      },
    })
    const stages = await stagesOf(cloud, arn)
    expect(stages.filter((line) => line.startsWith('PRODUCTION_'))).toEqual([
      'PRODUCTION_TRAFFIC_SHIFT 89.5/10.5',
      'PRODUCTION_TRAFFIC_SHIFT 0/100',
    ])
    expect(stages.filter((line) => line.startsWith('PRE_PRODUCTION_'))).toEqual([
      'PRE_PRODUCTION_TRAFFIC_SHIFT 100/0',
      'PRE_PRODUCTION_TRAFFIC_SHIFT 89.5/10.5',
    ])
  })

  test('of one strategy leaves nothing to the next one of another', async () => {
    const cloud = await openWith('CANARY')
    const canary = { strategy: 'CANARY', canaryConfiguration: { canaryPercent: 50 } } as const
    await until(cloud, (await deployNext(cloud, { deploymentConfiguration: canary })).arn, ends)
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { strategy: 'ROLLING' } }, 'third')
    const { status, deploymentConfiguration } = await until(cloud, arn, ends)
    expect(status).toBe('SUCCESSFUL')
    expect(deploymentConfiguration).toMatchObject({ strategy: 'ROLLING' })
    expect(deploymentConfiguration?.canaryConfiguration).toBeUndefined()
    expect(await fleet(cloud)).toEqual({ 9: 4 })
  })

  test('LINEAR shifts step by step', async () => {
    const cloud = await openWith('LINEAR')
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: {
        strategy: 'LINEAR',
        linearConfiguration: { stepPercent: 33.4, stepBakeTimeInMinutes: 1 },
      },
    })
    const stages = await stagesOf(cloud, arn)
    expect(stages.filter((line) => line.startsWith('PRODUCTION_'))).toEqual([
      'PRODUCTION_TRAFFIC_SHIFT 66.6/33.4',
      'PRODUCTION_TRAFFIC_SHIFT 33.2/66.8',
      'PRODUCTION_TRAFFIC_SHIFT 0/100',
    ])
  })

  test.each(['bad-image', 'never-ready', 'no-capacity', 'image-not-found'] as const)(
    '%s never gets traffic',
    async (scenario) => {
      const cloud = await openWith('CANARY', { scenario })
      const { arn } = await deployNext(cloud, {
        deploymentConfiguration: { strategy: 'CANARY', deploymentCircuitBreaker: breaker },
      })
      const stages = await stagesOf(cloud, arn)
      expect(stages.every((line) => line.endsWith('100/0'))).toBe(true)
      expect((await deploymentOf(cloud, arn)).status).toBe('ROLLBACK_SUCCESSFUL')
      expect(await fleet(cloud)).toEqual({ 7: 4 })
    },
  )

  test.each([60, 200, 400])('goes back when it is stopped after %i s', async (seconds) => {
    const cloud = await openWith('LINEAR')
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { strategy: 'LINEAR' } })
    cloud.wait(seconds)
    await cloud.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ROLLBACK' }))
    const ended = await until(cloud, arn, ends)
    expect(ended.status).toBe('ROLLBACK_SUCCESSFUL')
    expect(ended.sourceServiceRevisions?.[0]?.requestedProductionTrafficWeight).toBe(100)
    expect(ended.targetServiceRevision?.requestedProductionTrafficWeight).toBe(0)
    expect(await fleet(cloud)).toEqual({ 7: 4 })
  })
})

describe('lifecycle hooks', () => {
  test('PAUSE waits until it is continued', async () => {
    const cloud = await openWith('BLUE_GREEN')
    const { arn } = await deployNext(cloud, { deploymentConfiguration: pause() })
    const hookId = await paused(cloud, arn)
    cloud.wait(3600)
    expect(await deploymentOf(cloud, arn)).toMatchObject({
      status: 'IN_PROGRESS',
      lifecycleStage: 'POST_TEST_TRAFFIC_SHIFT',
      lifecycleHookDetails: [{ hookId, targetType: 'PAUSE', status: 'AWAITING_ACTION', timeoutAction: 'ROLLBACK' }],
    })
    await expect(
      cloud.ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId: 'another' })),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await cloud.ecs.send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId }))
    expect((await until(cloud, arn, ends)).status).toBe('SUCCESSFUL')
  })

  test('PAUSE goes back when it is told to', async () => {
    const cloud = await openWith('BLUE_GREEN')
    const { arn } = await deployNext(cloud, { deploymentConfiguration: pause() })
    const hookId = await paused(cloud, arn)
    await cloud.ecs.send(
      new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId, action: 'ROLLBACK' }),
    )
    expect((await until(cloud, arn, ends)).status).toBe('ROLLBACK_SUCCESSFUL')
    expect(await fleet(cloud)).toEqual({ 7: 4 })
  })

  test.each([
    ['ROLLBACK', 'ROLLBACK_SUCCESSFUL'],
    ['CONTINUE', 'SUCCESSFUL'],
  ] as const)('that time out %s', async (action, status) => {
    const cloud = await openWith('BLUE_GREEN')
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: pause({ timeoutConfiguration: { timeoutInMinutes: 30, action } }),
    })
    await paused(cloud, arn)
    cloud.wait(1700)
    expect((await deploymentOf(cloud, arn)).status).toBe('IN_PROGRESS')
    cloud.wait(120)
    expect((await until(cloud, arn, ends)).status).toBe(status)
  })

  test.each([
    ['SUCCEEDED', 'SUCCESSFUL'],
    ['FAILED', 'ROLLBACK_SUCCESSFUL'],
  ] as const)('with a function that answers %s', async (hookFunctions, status) => {
    const cloud = await openWith('BLUE_GREEN', { switches: { hookFunctions } })
    const hookTargetArn = 'arn:aws:lambda:us-west-2:123456789012:function:check'
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: pause({
        targetType: 'AWS_LAMBDA',
        hookTargetArn,
        lifecycleStages: ['PRE_SCALE_UP', 'PRODUCTION_TRAFFIC_SHIFT'],
      }),
    })
    expect((await until(cloud, arn, ends)).status).toBe(status)
  })
})
