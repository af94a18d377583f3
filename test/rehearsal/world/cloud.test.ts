import {
  AutoScalingClient,
  CancelInstanceRefreshCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  DescribeScalingActivitiesCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  InstanceRefreshInProgressFault,
  paginateDescribeScalingActivities,
  RollbackInstanceRefreshCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
  StartInstanceRefreshCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch'
import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs'
import {
  CreateLaunchTemplateVersionCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2'
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { startRehearsal, type Rehearsal } from '../../../src/lib/rehearsal/cloud.js'
import type { ScenarioName } from '../../../src/lib/rehearsal/scenarios.js'
import { imagesInUserData } from '../../../src/lib/rehearsal/world/user-data.js'
import { setupOf, start } from './support.js'

const group = 'rampart-production-asg'
const running: Rehearsal[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()))
})

async function open(scenario: ScenarioName = 'healthy') {
  let now = start
  const rehearsal = await startRehearsal({ setup: setupOf(), scenario, now: () => now })
  running.push(rehearsal)
  const { environment } = rehearsal
  const settings = {
    region: environment['AWS_REGION'] ?? '',
    endpoint: rehearsal.url,
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    maxAttempts: 1,
  }
  return {
    rehearsal,
    wait: (seconds: number) => {
      now += seconds * 1000
    },
    autoScaling: new AutoScalingClient(settings),
    ec2: new EC2Client(settings),
    elb: new ElasticLoadBalancingV2Client(settings),
    logs: new CloudWatchLogsClient(settings),
    cloudWatch: new CloudWatchClient(settings),
  }
}

type Cloud = Awaited<ReturnType<typeof open>>

/** Stores a new image of the backend and a launch-template version that runs it; the version's number. */
async function release({ rehearsal, ec2 }: Cloud): Promise<{ id: string; version: string; digest: Digest }> {
  const { digest } = rehearsal.registry.storeImage({
    repository: 'rampart-backend',
    tag: 'next',
    layers: [{ phantom: { name: 'next app', size: 2_000_000 } }],
  })
  const described = await ec2.send(new DescribeLaunchTemplatesCommand({}))
  const id = described.LaunchTemplates?.[0]?.LaunchTemplateId ?? ''
  const versions = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: ['$Latest'] }),
  )
  const data = versions.LaunchTemplateVersions?.[0]?.LaunchTemplateData
  const script = Buffer.from(data?.UserData ?? '', 'base64').toString()
  const pinned = script.replace(rehearsal.previousImages['rampart-backend'] ?? '', digest)
  const made = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: id,
      SourceVersion: '7',
      VersionDescription: 'next',
      LaunchTemplateData: { UserData: Buffer.from(pinned).toString('base64') },
    }),
  )
  return { id, version: String(made.LaunchTemplateVersion?.VersionNumber), digest }
}

async function startRefresh(cloud: Cloud, { id, version }: { id: string; version: string }): Promise<string> {
  const answer = await cloud.autoScaling.send(
    new StartInstanceRefreshCommand({
      AutoScalingGroupName: group,
      DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: id, Version: version } },
      Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 180, AutoRollback: true },
    }),
  )
  return answer.InstanceRefreshId ?? ''
}

const refreshOf = async ({ autoScaling }: Cloud) => {
  const answer = await autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group }))
  return answer.InstanceRefreshes?.[0]
}

describe('the rehearsal cloud, by the clients of the AWS SDK', () => {
  test('begins with an earlier release that has long been serving', async () => {
    const cloud = await open()
    const described = await cloud.autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] }),
    )
    const found = described.AutoScalingGroups?.[0]
    expect(found).toMatchObject({
      AutoScalingGroupName: group,
      DesiredCapacity: 4,
      HealthCheckType: 'ELB',
      LaunchTemplate: { Version: '7' },
      AvailabilityZones: ['us-west-2a', 'us-west-2b'],
    })
    expect(found?.Instances?.map(({ LifecycleState, HealthStatus }) => `${LifecycleState} ${HealthStatus}`)).toEqual(
      Array.from({ length: 4 }, () => 'InService Healthy'),
    )
    const versions = await cloud.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({
        LaunchTemplateId: found?.LaunchTemplate?.LaunchTemplateId,
        Versions: ['7'],
      }),
    )
    const data = versions.LaunchTemplateVersions?.[0]?.LaunchTemplateData
    const script = Buffer.from(data?.UserData ?? '', 'base64').toString()
    const images = imagesInUserData(script, cloud.rehearsal.registryHost)
    expect(Object.fromEntries(images.map(({ repository, digest }) => [repository, digest]))).toEqual(
      cloud.rehearsal.previousImages,
    )
    const groups = await cloud.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: found?.TargetGroupARNs }))
    expect(groups.TargetGroups?.map(({ HealthCheckPath }) => HealthCheckPath)).toEqual(['/api/v1/health', '/'])
    const health = await cloud.elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: found?.TargetGroupARNs?.[0] }),
    )
    expect(health.TargetHealthDescriptions?.map(({ TargetHealth }) => TargetHealth?.State)).toEqual(
      Array.from({ length: 4 }, () => 'healthy'),
    )
    const balancers = await cloud.elb.send(new DescribeLoadBalancersCommand({}))
    expect(balancers.LoadBalancers?.[0]?.State?.Code).toBe('active')
    const events = await cloud.logs.send(new FilterLogEventsCommand({ logGroupName: '/rampart/production' }))
    expect(events.events?.length).toBeGreaterThan(20)
    const alarms = await cloud.cloudWatch.send(new DescribeAlarmsCommand({}))
    expect(alarms.MetricAlarms?.map(({ StateValue }) => StateValue)).toEqual(['OK', 'OK'])
  })

  test('rolls a release out in virtual time, which its answers carry', async () => {
    const cloud = await open()
    const { id, version } = await release(cloud)
    const refreshId = await startRefresh(cloud, { id, version })
    expect(await refreshOf(cloud)).toMatchObject({
      InstanceRefreshId: refreshId,
      Status: 'Pending',
      StartTime: new Date(start),
      Strategy: 'Rolling',
      Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200, InstanceWarmup: 180, AutoRollback: true },
      DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: id, Version: version } },
    })
    cloud.wait(60)
    expect(await refreshOf(cloud)).toMatchObject({ Status: 'InProgress', PercentageComplete: 0, InstancesToUpdate: 0 })
    cloud.wait(420)
    const done = await refreshOf(cloud)
    expect(done).toMatchObject({ Status: 'Successful', PercentageComplete: 100, InstancesToUpdate: 0 })
    const seconds = ((done?.EndTime?.getTime() ?? 0) - start) / 1000
    expect(seconds).toBeGreaterThan(300)
    expect(seconds).toBeLessThan(480)
    const reservations: (string | undefined)[] = []
    const filters = [
      { Name: 'tag:aws:autoscaling:groupName', Values: [group] },
      { Name: 'tag:aws:ec2launchtemplate:version', Values: [version] },
      { Name: 'instance-state-name', Values: ['running'] },
    ]
    for await (const page of paginateDescribeInstances({ client: cloud.ec2, pageSize: 5 }, { Filters: filters })) {
      reservations.push(...(page.Reservations ?? []).map(({ Instances }) => Instances?.[0]?.InstanceId))
    }
    expect(reservations.length).toBe(4)
  })

  test('tells a second start, a cancel and a rollback what AWS would', async () => {
    const cloud = await open()
    const next = await release(cloud)
    const cancel = new CancelInstanceRefreshCommand({ AutoScalingGroupName: group })
    await expect(cloud.autoScaling.send(cancel)).rejects.toMatchObject({ name: 'ActiveInstanceRefreshNotFoundFault' })
    const refreshId = await startRefresh(cloud, next)
    await expect(startRefresh(cloud, next)).rejects.toBeInstanceOf(InstanceRefreshInProgressFault)
    cloud.wait(100)
    const rollback = new RollbackInstanceRefreshCommand({ AutoScalingGroupName: group })
    expect((await cloud.autoScaling.send(rollback)).InstanceRefreshId).toBe(refreshId)
    expect(await refreshOf(cloud)).toMatchObject({
      Status: 'RollbackInProgress',
      RollbackDetails: { RollbackStartTime: new Date(start + 100_000), PercentageCompleteOnRollback: 0 },
    })
    await expect(cloud.autoScaling.send(rollback)).rejects.toMatchObject({ name: 'IrreversibleInstanceRefreshFault' })
    cloud.wait(300)
    expect((await refreshOf(cloud))?.Status).toBe('RollbackSuccessful')
    const elsewhere = new CancelInstanceRefreshCommand({ AutoScalingGroupName: 'nobody' })
    await expect(cloud.autoScaling.send(elsewhere)).rejects.toMatchObject({ name: 'ValidationError' })
  })

  test('shows why a bad image does not come up', async () => {
    const cloud = await open('bad-image')
    await startRefresh(cloud, await release(cloud))
    cloud.wait(120)
    const events = await cloud.logs.send(
      new FilterLogEventsCommand({
        logGroupName: '/rampart/production',
        startTime: start,
        filterPattern: 'ModuleNotFoundError',
      }),
    )
    const [event] = events.events ?? []
    expect(event).toMatchObject({ message: "ModuleNotFoundError: No module named 'jsonlogic'" })
    const [instance = ''] = event?.logStreamName?.split('/') ?? []
    const groups = await cloud.elb.send(new DescribeTargetGroupsCommand({}))
    const health = await cloud.elb.send(
      new DescribeTargetHealthCommand({
        TargetGroupArn: groups.TargetGroups?.[0]?.TargetGroupArn,
        Targets: [{ Id: instance }],
      }),
    )
    expect(health.TargetHealthDescriptions?.[0]?.TargetHealth).toEqual({
      State: 'unhealthy',
      Reason: 'Target.FailedHealthChecks',
      Description: 'Health checks failed',
    })
  })

  test('pages through activities and log lines, and refuses other tokens', async () => {
    const cloud = await open()
    await startRefresh(cloud, await release(cloud))
    cloud.wait(600)
    const ids: (string | undefined)[] = []
    const input = { AutoScalingGroupName: group }
    for await (const page of paginateDescribeScalingActivities(
      { client: cloud.autoScaling, pageSize: 5 },
      { ...input },
    )) {
      expect(page.Activities?.length).toBeLessThanOrEqual(5)
      ids.push(...(page.Activities ?? []).map(({ ActivityId }) => ActivityId))
    }
    expect(new Set(ids).size).toBe(12)
    const newest = await cloud.autoScaling.send(new DescribeScalingActivitiesCommand({ ...input, MaxRecords: 1 }))
    expect(newest.Activities?.[0]).toMatchObject({
      Description: expect.stringMatching(/^Terminating EC2 instance: i-/) as string,
      Cause: expect.stringMatching(
        /^At 2026-11-22T09:\d\d:\d\dZ an instance was taken out of service in response to an instance refresh\.$/,
      ) as string,
      StatusCode: 'Successful',
    })
    await expect(
      cloud.autoScaling.send(new DescribeScalingActivitiesCommand({ ...input, NextToken: 'nonsense' })),
    ).rejects.toMatchObject({ name: 'InvalidNextToken' })

    const streams = await cloud.logs.send(
      new DescribeLogStreamsCommand({
        logGroupName: '/rampart/production',
        orderBy: 'LastEventTime',
        descending: true,
      }),
    )
    const times = streams.logStreams?.map(({ lastEventTimestamp }) => lastEventTimestamp ?? 0) ?? []
    expect(times).toEqual([...times].sort((a, b) => b - a))
    const [stream = ''] = streams.logStreams?.map(({ logStreamName }) => logStreamName) ?? []
    const request = { logGroupName: '/rampart/production', logStreamNamePrefix: stream.split('/')[0] }
    const lines: (string | undefined)[] = []
    for await (const page of paginateFilterLogEvents({ client: cloud.logs, pageSize: 7 }, { ...request })) {
      lines.push(...(page.events ?? []).map(({ eventId }) => eventId))
    }
    const all = await cloud.logs.send(new FilterLogEventsCommand(request))
    expect(lines).toEqual(all.events?.map(({ eventId }) => eventId))
    expect(lines.length).toBeGreaterThan(7)
    const stamps = all.events?.map(({ timestamp }) => timestamp ?? 0) ?? []
    const [from, to] = [stamps[2], stamps[5]]
    const within = await cloud.logs.send(new FilterLogEventsCommand({ ...request, startTime: from, endTime: to }))
    expect(within.events?.length).toBe(stamps.filter((time) => time >= (from ?? 0) && time <= (to ?? 0)).length)
    const backwards = { ...request, startTime: from, startFromHead: false, limit: 3 }
    const last = await cloud.logs.send(new FilterLogEventsCommand(backwards))
    expect(last.events?.map(({ timestamp }) => timestamp)).toEqual(stamps.slice(-3).reverse())
    await expect(cloud.logs.send(new FilterLogEventsCommand({ ...backwards, startTime: 0 }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    })
    await expect(cloud.logs.send(new FilterLogEventsCommand({ logGroupName: '/elsewhere' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    await expect(
      cloud.logs.send(new FilterLogEventsCommand({ logGroupName: '/rampart/production', logStreamNames: ['none'] })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  test('changes the group, and says what it will not', async () => {
    const cloud = await open()
    const { autoScaling } = cloud
    const input = { AutoScalingGroupName: group }
    const first = cloud.rehearsal.world.state.group.instances[0]?.id ?? ''
    await autoScaling.send(new SetDesiredCapacityCommand({ ...input, DesiredCapacity: 5 }))
    await expect(
      autoScaling.send(new SetDesiredCapacityCommand({ ...input, DesiredCapacity: 50 })),
    ).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('above max value 10') as string,
    })
    await autoScaling.send(new UpdateAutoScalingGroupCommand({ ...input, MaxSize: 12, MinSize: 1 }))
    await autoScaling.send(
      new SetInstanceProtectionCommand({ ...input, InstanceIds: [first], ProtectedFromScaleIn: true }),
    )
    const entered = await autoScaling.send(
      new EnterStandbyCommand({ ...input, InstanceIds: [first], ShouldDecrementDesiredCapacity: true }),
    )
    expect(entered.Activities?.[0]?.Description).toBe(`EC2 instance ${first} moved to Standby`)
    const described = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}))
    expect(described.AutoScalingGroups?.[0]).toMatchObject({ DesiredCapacity: 4, MaxSize: 12, MinSize: 1 })
    expect(described.AutoScalingGroups?.[0]?.Instances?.[0]).toMatchObject({
      InstanceId: first,
      LifecycleState: 'Standby',
      ProtectedFromScaleIn: true,
    })
    await autoScaling.send(new ExitStandbyCommand({ ...input, InstanceIds: [first] }))
    cloud.wait(60)
    const after = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}))
    expect(after.AutoScalingGroups?.[0]?.Instances?.[0]?.LifecycleState).toBe('InService')
    await expect(
      autoScaling.send(
        new EnterStandbyCommand({ ...input, InstanceIds: ['i-1'], ShouldDecrementDesiredCapacity: true }),
      ),
    ).rejects.toMatchObject({ name: 'ValidationError' })
  })

  test('keeps launch-template versions as EC2 does', async () => {
    const cloud = await open()
    const { id } = await release(cloud)
    const byName = { LaunchTemplateName: 'rampart-ai-production' }
    const listed = await cloud.ec2.send(new DescribeLaunchTemplateVersionsCommand(byName))
    expect(listed.LaunchTemplateVersions?.map(({ VersionNumber }) => VersionNumber)).toEqual([8, 7])
    const [newest, oldest] = listed.LaunchTemplateVersions ?? []
    expect(newest?.LaunchTemplateData).toEqual({
      ...oldest?.LaunchTemplateData,
      UserData: newest?.LaunchTemplateData?.UserData,
    })
    expect(newest).toMatchObject({ DefaultVersion: false, VersionDescription: 'next', CreateTime: new Date(start) })
    const from8 = await cloud.ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, MinVersion: '8' }),
    )
    expect(from8.LaunchTemplateVersions?.length).toBe(1)
    const defaults = await cloud.ec2.send(new DescribeLaunchTemplateVersionsCommand({ Versions: ['$Default'] }))
    expect(defaults.LaunchTemplateVersions?.[0]?.VersionNumber).toBe(7)
    await expect(
      cloud.ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: ['99'] })),
    ).rejects.toMatchObject({ name: 'InvalidLaunchTemplateId.VersionNotFound' })
    await expect(
      cloud.ec2.send(new DescribeLaunchTemplatesCommand({ LaunchTemplateIds: ['lt-0123456789abcdef0'] })),
    ).rejects.toMatchObject({ name: 'InvalidLaunchTemplateId.NotFound' })
    await expect(
      cloud.ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-0123456789abcdef0'] })),
    ).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' })
    const token = { LaunchTemplateId: id, SourceVersion: '7', ClientToken: 'rampart-1' }
    const create = (VersionDescription: string) =>
      cloud.ec2.send(
        new CreateLaunchTemplateVersionCommand({
          ...token,
          VersionDescription,
          LaunchTemplateData: { EbsOptimized: true },
        }),
      )
    expect((await create('a')).LaunchTemplateVersion?.VersionNumber).toBe(9)
    expect((await create('a')).LaunchTemplateVersion?.VersionNumber).toBe(9)
    await expect(create('b')).rejects.toMatchObject({ name: 'IdempotentParameterMismatch' })
  })

  test('sets and shows alarms', async () => {
    const { cloudWatch } = await open()
    await cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'for the test' }),
    )
    const answer = await cloudWatch.send(new DescribeAlarmsCommand({ StateValue: 'ALARM' }))
    expect(answer.MetricAlarms).toEqual([
      expect.objectContaining({ AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'for the test' }),
    ])
    await expect(
      cloudWatch.send(new SetAlarmStateCommand({ AlarmName: 'nobody', StateValue: 'OK', StateReason: 'x' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFound' })
  })
})

test('a rehearsal that is closed leaves no server and no files', async () => {
  const { rehearsal } = await open()
  const { directory } = rehearsal.registry
  expect(existsSync(directory)).toBe(true)
  await Promise.all(running.splice(0).map((each) => each.close()))
  expect(existsSync(directory)).toBe(false)
  await expect(fetch(rehearsal.url)).rejects.toThrow('fetch failed')
})

test('a rehearsal that can not listen leaves no files either', async () => {
  const { rehearsal } = await open()
  await expect(
    startRehearsal({ setup: setupOf(), scenario: 'healthy', now: () => start, port: rehearsal.port }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
