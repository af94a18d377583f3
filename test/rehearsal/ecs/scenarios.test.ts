import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { ECSClient } from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { scenarioNames, type ScenarioName } from '../../../src/lib/rehearsal/scenarios.js'
import { start } from '../world/support.js'
import { breaker, deployNext, ends, fleet, openEcs, serviceOf, tasksOf, until, type EcsCloud } from './support.js'

const careful = {
  deploymentConfiguration: {
    deploymentCircuitBreaker: breaker,
    alarms: { alarmNames: ['errors', 'latency'], enable: true, rollback: true },
  },
}

interface Outcome {
  readonly status: string
  /** What the circuit breaker or the alarms say. */
  readonly reason?: RegExp
  /** Why tasks of the release stopped. */
  readonly stopped?: RegExp
  readonly stopCode?: string
  readonly event?: RegExp
  readonly log?: RegExp
}

const outcomes: Readonly<Record<Exclude<ScenarioName, 'crash-loop'>, Outcome>> = {
  healthy: { status: 'SUCCESSFUL' },
  'slow-model': { status: 'SUCCESSFUL' },
  throttled: { status: 'SUCCESSFUL' },
  'bad-image': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    stopped: /^Essential container in task exited$/,
    stopCode: 'EssentialContainerExited',
    event: /deployment failed: tasks failed to start\.$/,
    log: /ModuleNotFoundError: No module named 'jsonlogic'/,
  },
  'never-ready': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    stopped: /^Task failed ELB health checks in \(target-group arn:aws:elasticloadbalancing:/,
    stopCode: 'ServiceSchedulerInitiated',
    event: /is unhealthy in \(target-group .*\) due to \(reason Health checks failed with these codes: \[503\]\)\.$/,
    log: /not ready: database schema/,
  },
  'image-not-found': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    stopped:
      /^CannotPullContainerError: pull image manifest has been retried 1 time\(s\): failed to resolve ref .*: not found$/,
    stopCode: 'TaskFailedToStart',
  },
  'alarm-trip': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment alarms: alarm detected\. errors$/,
    event: /deployment failed: alarm detected\.$/,
  },
  'no-capacity': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    event: /was unable to place a task\. Reason: Capacity is unavailable at this time\./,
  },
}

async function open(scenario: ScenarioName): Promise<EcsCloud> {
  const cloud = await openEcs({ scenario })
  // The calls of this test are to arrive also where three in ten do not.
  return { ...cloud, ecs: new ECSClient({ ...cloud.settings, maxAttempts: 12, retryMode: 'standard' }) }
}

async function logOf(cloud: EcsCloud): Promise<string> {
  const logs = new CloudWatchLogsClient({ ...cloud.settings, maxAttempts: 8 })
  const { events } = await logs.send(
    new FilterLogEventsCommand({
      logGroupName: '/rampart/production',
      logStreamNamePrefix: 'backend/api/',
      startTime: start,
    }),
  )
  return (events ?? []).map(({ message }) => message).join('\n')
}

describe('scenarios with services of ECS', () => {
  test.each(Object.entries(outcomes))('%s', async (name, outcome) => {
    const cloud = await open(name as ScenarioName)
    const { arn } = await deployNext(cloud, careful)
    const step = name === 'throttled' ? 60 : 5
    const ended = await until(cloud, arn, ends, 7200, step)
    expect(ended.status).toBe(outcome.status)
    expect(ended.rollback?.reason ?? '').toMatch(outcome.reason ?? /^$/)
    expect(await fleet(cloud)).toEqual(outcome.status === 'SUCCESSFUL' ? { 8: 4 } : { 7: 4 })
    const service = await serviceOf(cloud)
    const messages = service.events?.map(({ message }) => message) ?? []
    if (outcome.event !== undefined) expect(messages).toContainEqual(expect.stringMatching(outcome.event))
    if (outcome.stopped !== undefined) {
      const stopped = (await tasksOf(cloud, 'STOPPED')).filter(({ taskDefinitionArn }) =>
        taskDefinitionArn?.endsWith(':8'),
      )
      expect(stopped.map(({ stoppedReason }) => stoppedReason)).toContainEqual(expect.stringMatching(outcome.stopped))
      expect(stopped.map(({ stopCode }) => stopCode)).toContain(outcome.stopCode)
    }
    if (outcome.log !== undefined) expect(await logOf(cloud)).toMatch(outcome.log)
    if (outcome.status === 'SUCCESSFUL') return
    expect(service.deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 4 }])
    expect(service.taskDefinition).toMatch(/:7$/)
    const triggered = name === 'alarm-trip' ? ended.alarms : ended.deploymentCircuitBreaker
    expect(triggered?.status).toBe('TRIGGERED')
  })

  test('crash-loop: its tasks exit while the deployment goes on and after it, which the circuit breaker does not see', async () => {
    const cloud = await open('crash-loop')
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { deploymentCircuitBreaker: breaker } })
    expect(await until(cloud, arn, ends, 1800)).toMatchObject({
      status: 'SUCCESSFUL',
      deploymentCircuitBreaker: { status: 'MONITORING_COMPLETE', failureCount: 0 },
    })
    const exits = async () =>
      (await tasksOf(cloud, 'STOPPED')).filter(({ stopCode }) => stopCode === 'EssentialContainerExited')
    const before = await exits()
    expect(before.length).toBeGreaterThan(0)
    expect(before[0]).toMatchObject({
      stoppedReason: 'Essential container in task exited',
      startedBy: (await serviceOf(cloud)).deployments?.[0]?.id,
      containers: [{ exitCode: 1, lastStatus: 'STOPPED' }],
    })
    cloud.wait(300)
    expect((await exits()).length).toBeGreaterThan(before.length)
    expect(await logOf(cloud)).toContain('CacheFull')
  })

  test('crash-loop: a deployment that bakes does not get over it', async () => {
    const cloud = await open('crash-loop')
    const { arn } = await deployNext(cloud, { deploymentConfiguration: { bakeTimeInMinutes: 10 } })
    await expect(until(cloud, arn, ends, 3600, 15)).rejects.toThrow('is still IN_PROGRESS')
  })

  test('crash-loop: with the open point that exits count, it is rolled back', async () => {
    const cloud = await openEcs({ scenario: 'crash-loop', switches: { exitsAfterRunningCount: true } })
    const { arn } = await deployNext(cloud, {
      deploymentConfiguration: { deploymentCircuitBreaker: { ...breaker, resetOnHealthyTask: false } },
    })
    expect((await until(cloud, arn, ends)).status).toBe('ROLLBACK_SUCCESSFUL')
    expect(await fleet(cloud)).toEqual({ 7: 4 })
  })

  test('are all here', () => {
    expect(new Set([...Object.keys(outcomes), 'crash-loop'])).toEqual(new Set(scenarioNames))
  })
})
