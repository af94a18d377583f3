import { CloudWatchClient, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch'
import {
  DescribeServiceDeploymentsCommand,
  ListServiceDeploymentsCommand,
  StopServiceDeploymentCommand,
  UpdateServiceCommand,
  type DeploymentConfiguration,
} from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import {
  breaker,
  cluster,
  deploymentOf,
  deployNext,
  ecsSetup,
  ends,
  fleet,
  openEcs,
  registerNext,
  serviceOf,
  storeImage,
  tasksOf,
  until,
  type EcsCloud,
} from './support.js'

const update = (cloud: EcsCloud, input: Partial<UpdateServiceCommand['input']>) =>
  cloud.ecs.send(new UpdateServiceCommand({ cluster, service: 'finbert-api', ...input }))

/** The largest number of tasks that were to run, and the smallest number of healthy ones, while the deployment went on. */
async function extremes(desired: number, configuration: DeploymentConfiguration) {
  const cloud = await openEcs({ setup: ecsSetup(desired) })
  const { arn } = await deployNext(cloud, { deploymentConfiguration: configuration })
  let most = 0
  let fewest = desired
  for (let passed = 0; passed < 3600; passed += 5) {
    if (ends.includes((await deploymentOf(cloud, arn)).status ?? '')) break
    const tasks = await tasksOf(cloud)
    most = Math.max(most, tasks.length)
    fewest = Math.min(fewest, tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length)
    cloud.wait(5)
  }
  return { most, fewest, status: (await deploymentOf(cloud, arn)).status }
}

describe('a rolling deployment', () => {
  test.each([
    [4, 100, 200, { most: 8, fewest: 4 }],
    [4, 100, 125, { most: 5, fewest: 4 }],
    [4, 50, 100, { most: 4, fewest: 2 }],
    // The minimum is rounded up, the maximum down.
    [5, 50, 150, { most: 7, fewest: 3 }],
    [3, 50, 100, { most: 3, fewest: 2 }],
    [1, 0, 100, { most: 1, fewest: 0 }],
    [1, 100, 200, { most: 2, fewest: 1 }],
  ])('%i tasks at %i to %i %%', async (desired, minimumHealthyPercent, maximumPercent, expected) => {
    expect(await extremes(desired, { minimumHealthyPercent, maximumPercent })).toEqual({
      ...expected,
      status: 'SUCCESSFUL',
    })
  })

  test.each([
    [2, 75, 100],
    [3, 100, 125],
  ])('%i tasks at %i to %i %% is stuck, and says so', async (desired, minimumHealthyPercent, maximumPercent) => {
    const cloud = await openEcs({ setup: ecsSetup(desired) })
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { minimumHealthyPercent, maximumPercent } })
    await expect(until(cloud, arn, ends, 3600, 60)).rejects.toThrow('is still IN_PROGRESS')
    const { events, runningCount } = await serviceOf(cloud)
    expect(runningCount).toBe(desired)
    expect(events?.filter(({ message }) => message?.includes('unable to stop or start tasks'))).toHaveLength(1)
  })

  test('may stop old tasks early, where that open point is read so', async () => {
    const cloud = await openEcs({ switches: { stopsOldTasksEarly: true } })
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { minimumHealthyPercent: 50 } })
    await until(cloud, arn, ['IN_PROGRESS'])
    expect((await tasksOf(cloud)).filter(({ lastStatus }) => lastStatus === 'RUNNING')).toHaveLength(2)
  })

  test('starts nothing when nothing has changed, and when only the desired count has', async () => {
    const cloud = await openEcs()
    const before = await serviceOf(cloud)
    await update(cloud, { taskDefinition: 'finbert-api' })
    await update(cloud, { desiredCount: 6, healthCheckGracePeriodSeconds: 60 })
    cloud.wait(120)
    const after = await serviceOf(cloud)
    expect(after.currentServiceDeployment).toBe(before.currentServiceDeployment)
    expect(after).toMatchObject({ desiredCount: 6, runningCount: 6, healthCheckGracePeriodSeconds: 60 })
    await update(cloud, { desiredCount: 1 })
    cloud.wait(300)
    expect(await serviceOf(cloud)).toMatchObject({ desiredCount: 1, runningCount: 1, pendingCount: 0 })
  })

  test('is forced, and makes a revision of its own', async () => {
    const cloud = await openEcs()
    const { service } = await update(cloud, { forceNewDeployment: true })
    const ended = await until(cloud, service?.currentServiceDeployment ?? '', ends)
    expect(ended.status).toBe('SUCCESSFUL')
    expect(ended.targetServiceRevision?.arn).not.toBe(ended.sourceServiceRevisions?.[0]?.arn)
    expect(await fleet(cloud)).toEqual({ 7: 4 })
  })

  test('goes on for a newer one that takes its place', async () => {
    const cloud = await openEcs()
    const first = await deployNext(cloud, {}, 'first')
    cloud.wait(25)
    const second = await deployNext(cloud, {}, 'second')
    expect(await deploymentOf(cloud, first.arn)).toMatchObject({ status: 'STOPPED' })
    expect((await serviceOf(cloud)).deployments).toHaveLength(3)
    expect((await until(cloud, second.arn, ends)).status).toBe('SUCCESSFUL')
    expect(await fleet(cloud)).toEqual({ 9: 4 })
  })

  test('is for everybody who asks later: listed newest first, and forgotten after 90 days', async () => {
    const cloud = await openEcs({ switches: { trafficSeconds: 0 } })
    const { arn } = await deployNext(cloud)
    await until(cloud, arn, ends)
    const list = async () => {
      const { serviceDeployments } = await cloud.ecs.send(
        new ListServiceDeploymentsCommand({ cluster, service: 'finbert-api' }),
      )
      return serviceDeployments?.map(({ serviceDeploymentArn, status }) => [serviceDeploymentArn, status])
    }
    expect(await list()).toEqual([
      [arn, 'SUCCESSFUL'],
      [expect.stringContaining(':service-deployment/finbert/finbert-api/'), 'SUCCESSFUL'],
    ])
    cloud.wait(82 * 86_400)
    expect(await list()).toEqual([[arn, 'SUCCESSFUL']])
    cloud.wait(9 * 86_400)
    expect(await list()).toEqual([])
    const { failures } = await cloud.ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }))
    expect(failures).toEqual([{ arn, reason: 'MISSING' }])
  })
})

describe('early success', () => {
  test('BLOCKING is over when enough are healthy and the old tasks are gone', async () => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: {
        minimumHealthyPercent: 50,
        earlySuccessCriteria: { enable: true, healthyPercent: 50, sourceServiceRevisionCleanup: 'BLOCKING' },
      },
    })
    expect((await until(cloud, arn, ends)).status).toBe('SUCCESSFUL')
    expect(await fleet(cloud)).toEqual({ 8: 4 })
  })

  test('DEFERRED is over while old tasks still go', async () => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: {
        deploymentCircuitBreaker: breaker,
        earlySuccessCriteria: { enable: true, healthyPercent: 100, sourceServiceRevisionCleanup: 'DEFERRED' },
      },
    })
    const early = await until(cloud, arn, ends, 3600, 1)
    expect(early.status).toBe('SUCCESSFUL')
    expect((await serviceOf(cloud)).deployments).toHaveLength(2)
    cloud.wait(300)
    expect((await serviceOf(cloud)).deployments).toHaveLength(1)
    expect(await fleet(cloud)).toEqual({ 8: 4 })
  })
})

describe('the circuit breaker', () => {
  test.each([
    [undefined, 4, 3],
    [undefined, 9, 5],
    [{ type: 'BOUNDED_PERCENT', value: 50 }, 1, 3],
    [{ type: 'COUNT', value: 1 }, 4, 1],
    [{ type: 'COUNT', value: 7 }, 4, 7],
    [{ type: 'UNBOUNDED_PERCENT', value: 50 }, 2, 1],
  ] as const)('%j with %i tasks has the threshold %i', async (thresholdConfiguration, desired, threshold) => {
    const cloud = await openEcs({ scenario: 'bad-image', setup: ecsSetup(desired) })
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: {
        deploymentCircuitBreaker: { ...breaker, ...(thresholdConfiguration && { thresholdConfiguration }) },
      },
    })
    const failed = await until(cloud, arn, ['ROLLBACK_REQUESTED'], 3600, 1)
    expect(failed.deploymentCircuitBreaker).toMatchObject({ status: 'TRIGGERED', threshold })
    expect(failed.deploymentCircuitBreaker?.failureCount).toBeGreaterThanOrEqual(threshold)
    expect((await until(cloud, arn, ends)).status).toBe('ROLLBACK_SUCCESSFUL')
  })

  test('without the rollback option stops and leaves the old tasks', async () => {
    const cloud = await openEcs({ scenario: 'bad-image' })
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } },
    })
    const ended = await until(cloud, arn, ends)
    expect(ended).toMatchObject({
      status: 'STOPPED',
      statusReason: 'ECS deployment circuit breaker: tasks failed to start.',
    })
    expect(ended.stoppedAt).toBeDefined()
    cloud.wait(3600)
    expect(await fleet(cloud)).toEqual({ 7: 4 })
    expect((await serviceOf(cloud)).deployments).toMatchObject([
      { status: 'PRIMARY', rolloutState: 'FAILED', runningCount: 0 },
      { status: 'ACTIVE', runningCount: 4 },
    ])
  })

  test('stalls where nothing was ever completed, and launches nothing', async () => {
    const cloud = await openEcs({ scenario: 'bad-image' })
    for (const service of cloud.rehearsal.world.state.ecs.services) service.completed = undefined
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { deploymentCircuitBreaker: breaker } })
    expect((await until(cloud, arn, ends)).status).toBe('ROLLBACK_FAILED')
    const tasks = cloud.rehearsal.world.state.ecs.tasks.length
    cloud.wait(7200)
    await serviceOf(cloud)
    expect(cloud.rehearsal.world.state.ecs.tasks.length).toBe(tasks)
  })

  test('off, the scheduler tries for ever, more and more seldom', async () => {
    const cloud = await openEcs({ scenario: 'image-not-found' })
    const { arn } = await deployNext(cloud)
    await expect(until(cloud, arn, ends, 7200, 120)).rejects.toThrow('is still IN_PROGRESS')
    const { deployments, events } = await serviceOf(cloud)
    expect(deployments?.[0]?.failedTasks).toBeGreaterThan(10)
    expect(deployments?.[0]?.failedTasks).toBeLessThan(100)
    expect(events?.some(({ message }) => message?.includes('unable to consistently start tasks'))).toBe(true)
    expect(await fleet(cloud)).toMatchObject({ 7: 4 })
  })
})

const setAlarm = (cloud: EcsCloud, state: 'ALARM' | 'OK') =>
  new CloudWatchClient(cloud.settings).send(
    new SetAlarmStateCommand({ AlarmName: 'latency', StateValue: state, StateReason: 'a test' }),
  )

describe('alarms', () => {
  const alarms = { alarmNames: ['errors', 'latency'], enable: true, rollback: true }

  test('roll back a deployment that bakes', async () => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { alarms } })
    for (let passed = 0; (await serviceOf(cloud)).deployments?.length === 2 && passed < 600; passed += 5) cloud.wait(5)
    expect((await deploymentOf(cloud, arn)).status).toBe('IN_PROGRESS')
    await setAlarm(cloud, 'ALARM')
    const ended = await until(cloud, arn, ends)
    expect(ended).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      alarms: { status: 'TRIGGERED', triggeredAlarmNames: ['latency'] },
    })
    expect(await fleet(cloud)).toEqual({ 7: 4 })
  })

  test('that are in ALARM already are not monitored', async () => {
    const cloud = await openEcs()
    await setAlarm(cloud, 'ALARM')
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { alarms } })
    cloud.wait(10)
    await deploymentOf(cloud, arn)
    await setAlarm(cloud, 'OK')
    await setAlarm(cloud, 'ALARM')
    expect((await until(cloud, arn, ends)).status).toBe('SUCCESSFUL')
  })
})

const stop = (cloud: EcsCloud, serviceDeploymentArn: string, stopType?: 'ABORT' | 'ROLLBACK') =>
  cloud.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, ...(stopType && { stopType }) }))

describe('StopServiceDeployment', () => {
  test.each([0, 20, 90])('rolls back after %i s, without any such option', async (seconds) => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud)
    cloud.wait(seconds)
    await stop(cloud, arn)
    expect((await deploymentOf(cloud, arn)).status).toBe('ROLLBACK_REQUESTED')
    // Once more is no harm.
    await stop(cloud, arn, 'ROLLBACK')
    const ended = await until(cloud, arn, ends)
    expect(ended).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      rollback: { reason: 'Service deployment was stopped by the user.' },
    })
    expect(ended.rollback?.serviceRevisionArn).toBe(ended.sourceServiceRevisions?.[0]?.arn)
    expect(await fleet(cloud)).toEqual({ 7: 4 })
    await expect(stop(cloud, arn)).rejects.toMatchObject({ name: 'ConflictException' })
  })

  test('ABORT leaves what runs', async () => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { maximumPercent: 125 } })
    cloud.wait(60)
    await stop(cloud, arn, 'ABORT')
    expect((await deploymentOf(cloud, arn)).status).toBe('STOP_REQUESTED')
    expect((await until(cloud, arn, ends)).status).toBe('STOPPED')
    cloud.wait(1200)
    const left = await fleet(cloud)
    expect(Object.keys(left)).toEqual(['7', '8'])
    // The next deployment goes on from there.
    const image = `${cloud.rehearsal.registryHost}/rampart-backend@${storeImage(cloud, 'third')}`
    const { service } = await update(cloud, { taskDefinition: await registerNext(cloud, image) })
    expect((await until(cloud, service?.currentServiceDeployment ?? '', ends)).status).toBe('SUCCESSFUL')
    expect(await fleet(cloud)).toEqual({ 9: 4 })
  })

  test('knows its own', async () => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud)
    await expect(stop(cloud, `${arn.slice(0, -3)}xyz`)).rejects.toMatchObject({
      name: 'ServiceDeploymentNotFoundException',
    })
    await expect(stop(cloud, 'mine')).rejects.toMatchObject({ name: 'InvalidParameterException' })
  })
})
