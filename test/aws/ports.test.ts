import { CreateLaunchTemplateVersionCommand } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { groupName, logGroup, startFleet } from '../rollout/support/fleet.js'
import { answering, awsAt, listen } from './support.js'

describe('over the rehearsal’s wire', () => {
  test('a group, its refreshes and what is not there', async () => {
    const { aws, cloud } = await startFleet()
    expect(await aws.autoScaling.describeGroup(groupName)).toMatchObject({
      name: groupName,
      desiredCapacity: 4,
      maxSize: 8,
      mixedInstances: false,
      suspendedProcesses: [],
      healthCheckType: 'ELB',
      launchTemplate: { id: cloud.world.state.group.template.id, version: '7' },
    })
    expect(await aws.autoScaling.describeGroup('another')).toBeUndefined()
    expect(await aws.autoScaling.describeInstanceRefreshes(groupName)).toEqual([])
    expect(await aws.autoScaling.describeInstanceRefresh(groupName, 'none')).toBeUndefined()
    expect(await aws.autoScaling.cancelInstanceRefresh(groupName)).toMatchObject({
      code: 'ActiveInstanceRefreshNotFound',
    })
    expect(await aws.autoScaling.rollbackInstanceRefresh(groupName)).toMatchObject({
      code: 'ActiveInstanceRefreshNotFound',
    })
  })

  test('activities since a time, newest first', async () => {
    const { aws, cloud } = await startFleet()
    const all = await aws.autoScaling.describeScalingActivities(groupName, 0)
    expect(all.map(({ startTime }) => startTime)).toEqual(all.map(({ startTime }) => startTime).sort((a, b) => b - a))
    expect(all).toHaveLength(4)
    const since = all[1]?.startTime ?? 0
    expect(await aws.autoScaling.describeScalingActivities(groupName, since)).toEqual(all.slice(0, 2))
    expect(await aws.autoScaling.describeScalingActivities(groupName, cloud.world.state.now)).toEqual([])
  })

  test('launch-template versions: by number and name, above a number, over several pages, and none', async () => {
    const { aws, cloud, console: people } = await startFleet()
    const { id } = cloud.world.state.group.template
    for (let count = 0; count < 205; count++) {
      await people.ec2.send(
        new CreateLaunchTemplateVersionCommand({
          LaunchTemplateId: id,
          SourceVersion: '7',
          LaunchTemplateData: { KeyName: `key-${count}` },
        }),
      )
    }
    const above = await aws.launchTemplates.listVersions(id, 7)
    expect(above.map(({ number }) => number)).toEqual(Array.from({ length: 205 }, (_, index) => 212 - index))
    expect((await aws.launchTemplates.listVersions(id, 211)).map(({ number }) => number)).toEqual([212])
    expect(await aws.launchTemplates.listVersions(id, 212)).toEqual([])
    expect((await aws.launchTemplates.describeVersion(id, '$Latest'))?.number).toBe(212)
    expect((await aws.launchTemplates.describeVersion(id, '$Default'))?.number).toBe(7)
    expect(await aws.launchTemplates.describeVersion(id, '999')).toBeUndefined()
    expect(await aws.launchTemplates.describeVersion('lt-0123456789abcdef0', '1')).toBeUndefined()
  })

  test('target groups and alarms: nothing is asked for nothing', async () => {
    const { aws, cloud, calls } = await startFleet()
    const arns = cloud.world.state.targetGroups.map(({ arn }) => arn)
    expect((await aws.loadBalancing.describeTargetGroups(arns)).map(({ healthCheckPath }) => healthCheckPath)).toEqual([
      '/api/v1/health',
      '/',
    ])
    const health = await aws.loadBalancing.describeTargetHealth(arns)
    expect(health).toHaveLength(8)
    expect(new Set(health.map(({ state }) => state))).toEqual(new Set(['healthy']))
    expect(await aws.alarms.describeAlarms(['target-5xx', 'gone'])).toMatchObject([{ name: 'target-5xx', state: 'OK' }])
    const before = calls.length
    expect(await aws.loadBalancing.describeTargetGroups([])).toEqual([])
    expect(await aws.loadBalancing.describeTargetHealth([])).toEqual([])
    expect(await aws.alarms.describeAlarms([])).toEqual([])
    expect(calls.length).toBe(before)
  })

  test('a log: the last lines of a target, oldest first; none of a group that is not there', async () => {
    const { aws, cloud } = await startFleet()
    const { logs, now } = cloud.world.state
    for (let count = 0; count < 30; count++) logs.append('i-99/backend', now + count, `line ${count}`)
    logs.append('i-98/backend', now, 'of another')
    const last = await aws.logs.read(logGroup, { since: now, streamPrefix: 'i-99', limit: 3 })
    expect(last.map(({ text }) => text)).toEqual(['line 27', 'line 28', 'line 29'])
    expect(last.every(({ stream }) => stream === 'i-99/backend')).toBe(true)
    expect(await aws.logs.read(logGroup, { since: now, streamPrefix: 'i-99' })).toHaveLength(30)
    expect(await aws.logs.read('/none', { since: 0 })).toEqual([])
  })

  test('who asks, where images live, and a repository that is not there', async () => {
    const { aws, cloud } = await startFleet()
    expect(await aws.account.whoAmI()).toMatchObject({
      account: '123456789012',
      arn: expect.stringMatching(/^arn:aws:/),
    })
    const authorization = await aws.account.registryAuthorization()
    expect(authorization).toMatchObject({ username: 'AWS', endpoint: expect.stringContaining(cloud.registryHost) })
    expect(authorization.expiresAt).toBeGreaterThan(cloud.world.state.now)
    expect(await aws.account.describeRepository('rampart-backend')).toMatchObject({ immutableTags: false })
    expect(await aws.account.describeRepository('none')).toBeUndefined()
  })
})

const groups = (inside: string): string =>
  `<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>${inside}</member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`

describe('what AWS may leave out', () => {
  test('a group that follows the default version has no version', async () => {
    const body = groups('<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId></LaunchTemplate>')
    const aws = awsAt(await answering({ status: 200, body }))
    expect((await aws.autoScaling.describeGroup('web'))?.launchTemplate).toEqual({
      id: 'lt-1',
      name: '',
      version: '$Default',
    })
  })

  test('mixed instances, suspended processes, and an instance of a launch configuration', async () => {
    const body = groups(
      '<MixedInstancesPolicy/><SuspendedProcesses><member><ProcessName>Launch</ProcessName></member></SuspendedProcesses>' +
        '<Instances><member><InstanceId>i-1</InstanceId></member></Instances>',
    )
    const aws = awsAt(await answering({ status: 200, body }))
    const group = await aws.autoScaling.describeGroup('web')
    expect(group).toMatchObject({ mixedInstances: true, suspendedProcesses: ['Launch'], instances: [{ id: 'i-1' }] })
    expect(group?.instances[0]).not.toHaveProperty('launchTemplate')
  })

  test('a token without a password is no token', async () => {
    const body = JSON.stringify({ authorizationData: [{ authorizationToken: Buffer.from('AWS').toString('base64') }] })
    const aws = awsAt(await answering({ status: 200, type: 'application/x-amz-json-1.1', body }))
    await expect(aws.account.registryAuthorization()).rejects.toThrow('answered without a token')
  })
})

test('what is sent to start a refresh: always an explicit maximum, nothing that was not asked for', async () => {
  const sent: URLSearchParams[] = []
  const url = await listen((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      sent.push(new URLSearchParams(body))
      response.writeHead(200, { 'content-type': 'text/xml' })
      response.end(
        '<StartInstanceRefreshResponse><StartInstanceRefreshResult><InstanceRefreshId>r-1</InstanceRefreshId></StartInstanceRefreshResult></StartInstanceRefreshResponse>',
      )
    })
  })
  const aws = awsAt(url)
  const plain = {
    group: 'web',
    launchTemplate: { id: 'lt-1', version: '8' },
    minHealthyPercentage: 100,
    maxHealthyPercentage: 100,
    skipMatching: true,
    autoRollback: true,
    checkpointPercentages: [],
    bakeTime: 0,
    alarms: [],
  }
  expect(await aws.autoScaling.startInstanceRefresh(plain)).toEqual({ id: 'r-1' })
  expect(Object.fromEntries(sent[0] ?? [])).toEqual({
    Action: 'StartInstanceRefresh',
    Version: '2011-01-01',
    AutoScalingGroupName: 'web',
    Strategy: 'Rolling',
    'DesiredConfiguration.LaunchTemplate.LaunchTemplateId': 'lt-1',
    'DesiredConfiguration.LaunchTemplate.Version': '8',
    'Preferences.MinHealthyPercentage': '100',
    'Preferences.MaxHealthyPercentage': '100',
    'Preferences.SkipMatching': 'true',
    'Preferences.AutoRollback': 'true',
  })
  const full = {
    ...plain,
    instanceWarmup: 0,
    checkpointPercentages: [50, 100],
    checkpointDelay: 0,
    bakeTime: 60,
    alarms: ['a'],
  }
  await aws.autoScaling.startInstanceRefresh(full)
  expect(Object.fromEntries(sent[1] ?? [])).toMatchObject({
    'Preferences.InstanceWarmup': '0',
    'Preferences.CheckpointPercentages.member.2': '100',
    'Preferences.CheckpointDelay': '0',
    'Preferences.BakeTime': '60',
    'Preferences.AlarmSpecification.Alarms.member.1': 'a',
  })
})
