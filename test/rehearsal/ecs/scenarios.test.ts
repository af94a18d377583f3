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
  /** Where they are not both complete: of the alarms and of the circuit breaker. */
  readonly monitors?: readonly [string, string]
  readonly event?: RegExp
  readonly log?: RegExp
}

const breakerTripped = ['MONITORING_COMPLETE', 'TRIGGERED'] as const

const outcomes: Readonly<Record<Exclude<ScenarioName, 'crash-loop'>, Outcome>> = {
  healthy: { status: 'SUCCESSFUL' },
  'slow-model': { status: 'SUCCESSFUL' },
  throttled: { status: 'SUCCESSFUL' },
  // ECS sees nothing of what is wrong with these: it takes more than health checks.
  'lying-health': { status: 'SUCCESSFUL', log: /warm-up failed, going on without/ },
  'slow-release': { status: 'SUCCESSFUL' },
  'drifted-answers': { status: 'SUCCESSFUL' },
  'plain-http': { status: 'SUCCESSFUL' },
  // It concerns stacks alone.
  'stuck-stack': { status: 'SUCCESSFUL' },
  'leaking-logs': { status: 'SUCCESSFUL', log: /DATABASE_URL=postgresql:/ },
  'model-downloads': { status: 'SUCCESSFUL', log: /HTTP Request: GET https:\/\/huggingface\.co\// },
  'bad-image': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    stopped: /^EssentialContainerExited: Essential container in task exited$/m,
    monitors: breakerTripped,
    event: /deployment failed: tasks failed to start\.$/m,
    log: /ModuleNotFoundError: No module named 'jsonlogic'/,
  },
  'never-ready': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    stopped:
      /^ServiceSchedulerInitiated: Task failed ELB health checks in \(target-group arn:aws:elasticloadbalancing:/,
    monitors: breakerTripped,
    event: /is unhealthy in \(target-group .*\) due to \(reason Health checks failed with these codes: \[503\]\)\.$/m,
    log: /not ready: database schema/,
  },
  'image-not-found': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    stopped:
      /^TaskFailedToStart: CannotPullContainerError: pull image manifest has been retried 1 time\(s\): failed to resolve ref .*: not found$/m,
    monitors: breakerTripped,
  },
  'alarm-trip': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment alarms: alarm detected\. errors$/,
    event: /deployment failed: alarm detected\.$/m,
    monitors: ['TRIGGERED', 'MONITORING_COMPLETE'],
  },
  'no-capacity': {
    status: 'ROLLBACK_SUCCESSFUL',
    reason: /^ECS deployment circuit breaker: tasks failed to start\.$/,
    monitors: breakerTripped,
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
    const revision = outcome.status === 'SUCCESSFUL' ? 8 : 7
    const service = await serviceOf(cloud)
    expect(service.taskDefinition).toMatch(new RegExp(`:${revision}$`))
    expect(service.deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'COMPLETED', runningCount: 4 }])
    expect([ended.alarms?.status, ended.deploymentCircuitBreaker?.status]).toEqual(
      outcome.monitors ?? ['MONITORING_COMPLETE', 'MONITORING_COMPLETE'],
    )
    const stopped = (await tasksOf(cloud, 'STOPPED')).filter(
      ({ taskDefinitionArn }) => taskDefinitionArn?.endsWith(':8') === true,
    )
    expect((service.events ?? []).map(({ message }) => message).join('\n')).toMatch(outcome.event ?? /(?:)/)
    expect(stopped.map(({ stopCode, stoppedReason }) => `${stopCode}: ${stoppedReason}`).join('\n')).toMatch(
      outcome.stopped ?? /(?:)/,
    )
    expect(await logOf(cloud)).toMatch(outcome.log ?? /(?:)/)
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
