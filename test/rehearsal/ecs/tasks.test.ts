import { CloudWatchLogsClient, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeServiceRevisionsCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
  type RunTaskCommandInput,
} from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { setAnswer } from '../../../src/lib/rehearsal/world/load-balancer.js'
import {
  breaker,
  cluster,
  deploymentOf,
  deployNext,
  ecsSetup,
  ends,
  openEcs,
  registerNext,
  serviceOf,
  storeImage,
  tasksOf,
  until,
  type EcsCloud,
} from './support.js'

const network: RunTaskCommandInput['networkConfiguration'] = {
  awsvpcConfiguration: { subnets: ['subnet-0a', 'subnet-0b'], assignPublicIp: 'ENABLED' },
}

/** The states that a task goes through until it is STOPPED or that many seconds have gone by. */
async function statesOf(cloud: EcsCloud, arn: string, seconds: number): Promise<readonly string[]> {
  const seen: string[] = []
  for (let passed = 0; passed < seconds; passed++) {
    const { tasks } = await cloud.ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }))
    const status = tasks?.[0]?.lastStatus ?? 'MISSING'
    if (seen.at(-1) !== status) seen.push(status)
    if (status === 'STOPPED') break
    cloud.wait(1)
  }
  return seen
}

describe('a task', () => {
  test('comes up, serves, writes its log, and goes', async () => {
    const cloud = await openEcs()
    const { arn } = await deployNext(cloud)
    cloud.wait(4)
    const fresh = (await tasksOf(cloud)).find(({ taskDefinitionArn }) => taskDefinitionArn?.endsWith(':8'))
    const taskArn = fresh?.taskArn ?? ''
    expect(await statesOf(cloud, taskArn, 60)).toEqual(['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING'])
    await until(cloud, arn, ends)
    const logs = new CloudWatchLogsClient(cloud.settings)
    const { logStreams } = await logs.send(
      new DescribeLogStreamsCommand({
        logGroupName: '/rampart/production',
        logStreamNamePrefix: `backend/api/${taskArn.slice(taskArn.lastIndexOf('/') + 1)}`,
      }),
    )
    expect(logStreams).toHaveLength(1)
    await cloud.ecs.send(new StopTaskCommand({ cluster, task: taskArn, reason: 'a test' }))
    expect(await statesOf(cloud, taskArn, 300)).toEqual(['DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED'])
    const { tasks } = await cloud.ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }))
    expect(tasks?.[0]).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'a test', desiredStatus: 'STOPPED' })
    expect((await serviceOf(cloud)).runningCount).toBe(4)
    cloud.wait(3700)
    const { failures } = await cloud.ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }))
    expect(failures).toEqual([{ arn: taskArn, reason: 'MISSING' }])
  })

  test('with too little memory for its models is killed', async () => {
    const cloud = await openEcs()
    const image = `${cloud.rehearsal.registryHost}/rampart-backend@${storeImage(cloud)}`
    const taskDefinition = await registerNext(cloud, image, 'finbert-api', { cpu: '256', memory: '1024' })
    const { service } = await cloud.ecs.send(
      new UpdateServiceCommand({ cluster, service: 'finbert-api', taskDefinition }),
    )
    await deploymentOf(cloud, service?.currentServiceDeployment ?? '')
    cloud.wait(120)
    const stopped = (await tasksOf(cloud, 'STOPPED')).find(({ taskDefinitionArn }) => taskDefinitionArn?.endsWith(':8'))
    expect(stopped).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
    })
  })

  test('resolves a tag once, for all tasks of the revision', async () => {
    const cloud = await openEcs()
    const first = storeImage(cloud, 'moving')
    const taskDefinition = await registerNext(cloud, `${cloud.rehearsal.registryHost}/rampart-backend:moving`)
    const { service } = await cloud.ecs.send(
      new UpdateServiceCommand({ cluster, service: 'finbert-api', taskDefinition }),
    )
    const { targetServiceRevision } = await until(cloud, service?.currentServiceDeployment ?? '', ends)
    cloud.rehearsal.registry.storeImage({
      repository: 'rampart-backend',
      tag: 'moving',
      layers: [{ phantom: { name: 'moved on', size: 1000 } }],
    })
    await cloud.ecs.send(new UpdateServiceCommand({ cluster, service: 'finbert-api', desiredCount: 6 }))
    cloud.wait(120)
    const digests = (await tasksOf(cloud)).map(({ containers }) => containers?.[0]?.imageDigest)
    expect(digests).toEqual(Array.from({ length: 6 }, () => first))
    const { serviceRevisions } = await cloud.ecs.send(
      new DescribeServiceRevisionsCommand({ serviceRevisionArns: [targetServiceRevision?.arn ?? ''] }),
    )
    expect(serviceRevisions?.[0]?.containerImages).toEqual([
      {
        containerName: 'api',
        image: `${cloud.rehearsal.registryHost}/rampart-backend:moving`,
        imageDigest: first,
      },
    ])
  })

  test('that fails after its release is replaced on its own revision', async () => {
    const cloud = await openEcs()
    const { state } = cloud.rehearsal.world
    await serviceOf(cloud)
    const [sick] = state.ecs.tasks
    if (sick === undefined) throw new Error('no task')
    setAnswer(state, sick, 8000, 503)
    cloud.wait(60)
    const { events, runningCount, pendingCount } = await serviceOf(cloud)
    expect(events?.map(({ message }) => message)).toContainEqual(
      `(service finbert-api) (task ${sick.taskId}) (port 8000) is unhealthy in (target-group ${state.targetGroups[0]?.arn}) due to (reason Health checks failed with these codes: [503]).`,
    )
    expect((runningCount ?? 0) + (pendingCount ?? 0)).toBe(4)
    cloud.wait(120)
    expect((await serviceOf(cloud)).runningCount).toBe(4)
  })

  test.each([
    ['healthy', 'SUCCESSFUL', 'HEALTHY', 'Scaling activity initiated by'],
    ['never-ready', 'ROLLBACK_SUCCESSFUL', 'UNKNOWN', 'Task failed container health checks'],
  ] as const)('with a health check of its container: %s', async (scenario, status, health, reason) => {
    const cloud = await openEcs({ scenario })
    const image = `${cloud.rehearsal.registryHost}/rampart-backend@${storeImage(cloud)}`
    const { containerDefinitions } = cloud.rehearsal.world.state.ecs.definitions[0]?.definition ?? {}
    const taskDefinition = await registerNext(cloud, image, 'finbert-api', {
      containerDefinitions: containerDefinitions?.map((each) => ({
        ...each,
        image,
        healthCheck: { command: ['CMD-SHELL', 'curl -f localhost:8000'], interval: 5, retries: 2, startPeriod: 10 },
      })),
    })
    const { service } = await cloud.ecs.send(
      new UpdateServiceCommand({
        cluster,
        service: 'finbert-api',
        taskDefinition,
        healthCheckGracePeriodSeconds: 0,
        loadBalancers: [],
        deploymentConfiguration: { deploymentCircuitBreaker: breaker },
      }),
    )
    expect((await until(cloud, service?.currentServiceDeployment ?? '', ends)).status).toBe(status)
    expect((await tasksOf(cloud))[0]?.healthStatus).toBe(health)
    const stopped = await tasksOf(cloud, 'STOPPED')
    expect(stopped.map(({ stoppedReason }) => stoppedReason)).toContainEqual(expect.stringContaining(reason))
  })

  test('is not judged by its health checks in the grace period', async () => {
    const cloud = await openEcs({ scenario: 'never-ready', setup: ecsSetup(1) })
    await deployNext(cloud, { healthCheckGracePeriodSeconds: 400 })
    for (let passed = 0; passed < 900 && (await tasksOf(cloud, 'STOPPED')).length === 0; passed += 10) cloud.wait(10)
    const [stopped] = await tasksOf(cloud, 'STOPPED')
    expect(stopped?.stoppedReason).toMatch(/^Task failed ELB health checks/)
    expect((stopped?.stoppingAt?.getTime() ?? 0) - (stopped?.startedAt?.getTime() ?? 0)).toBe(400_000)
  })

  test('without any health check counts 40 seconds after it is RUNNING', async () => {
    const cloud = await openEcs({ setup: ecsSetup(1), switches: { deregistrationDelaySeconds: 0 } })
    const { arn } = await deployNext(cloud, { loadBalancers: [] })
    await until(cloud, arn, ends, 3600, 1)
    const [task] = await tasksOf(cloud)
    const [old] = await tasksOf(cloud, 'STOPPED')
    const counted = (old?.stoppingAt?.getTime() ?? 0) - (task?.startedAt?.getTime() ?? 0)
    expect(counted).toBe(40_000)
  })
})

const run = async (cloud: EcsCloud, input: Partial<RunTaskCommandInput> = {}) =>
  cloud.ecs.send(
    new RunTaskCommand({
      cluster,
      taskDefinition: 'finbert-api',
      launchType: 'FARGATE',
      networkConfiguration: network,
      ...input,
    }),
  )

describe('RunTask', () => {
  test('runs a command to its end', async () => {
    const cloud = await openEcs()
    const { tasks } = await run(cloud, {
      startedBy: 'migration',
      overrides: { containerOverrides: [{ name: 'api', command: ['alembic', 'upgrade', 'head'] }] },
    })
    expect(tasks?.[0]).toMatchObject({
      lastStatus: 'PROVISIONING',
      group: 'family:finbert-api',
      startedBy: 'migration',
    })
    const taskArn = tasks?.[0]?.taskArn ?? ''
    expect((await statesOf(cloud, taskArn, 120)).at(-1)).toBe('STOPPED')
    const described = await cloud.ecs.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }))
    expect(described.tasks?.[0]?.containers?.[0]?.exitCode).toBe(0)
    const { taskArns } = await cloud.ecs.send(
      new ListTasksCommand({ cluster, startedBy: 'migration', desiredStatus: 'STOPPED' }),
    )
    expect(taskArns).toEqual([taskArn])
  })

  test('does the same thing once for a client token', async () => {
    const cloud = await openEcs()
    const first = await run(cloud, { clientToken: 'one', count: 2 })
    const again = await run(cloud, { clientToken: 'one', count: 2 })
    expect(again.tasks?.map(({ taskArn }) => taskArn)).toEqual(first.tasks?.map(({ taskArn }) => taskArn))
    await expect(run(cloud, { clientToken: 'one', count: 3 })).rejects.toMatchObject({
      name: 'ConflictException',
      resourceIds: first.tasks?.map(({ taskArn }) => taskArn),
    })
  })

  test('says when there is no capacity', async () => {
    const cloud = await openEcs({ scenario: 'no-capacity' })
    const taskDefinition = await registerNext(
      cloud,
      `${cloud.rehearsal.registryHost}/rampart-backend@${storeImage(cloud)}`,
    )
    const { tasks, failures } = await run(cloud, { taskDefinition })
    expect(tasks).toEqual([])
    expect(failures?.[0]?.reason).toMatch(/^Capacity is unavailable at this time/)
  })

  test('refuses what can not be', async () => {
    const cloud = await openEcs()
    await expect(run(cloud, { taskDefinition: 'nothing' })).rejects.toMatchObject({ name: 'ClientException' })
    await expect(run(cloud, { count: 11 })).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await expect(run(cloud, { networkConfiguration: undefined })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    })
  })
})
