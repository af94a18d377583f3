import * as cw from '@aws-sdk/client-cloudwatch'
import * as eb from '@aws-sdk/client-eventbridge'
import { CreateTopicCommand } from '@aws-sdk/client-sns'
import { describe, expect, test } from 'vitest'
import { matchesPattern, readPattern } from '../../../src/lib/rehearsal/world/monitoring/event-pattern.js'
import { endRefresh } from '../../../src/lib/rehearsal/world/refresh/ending.js'
import { refreshTo, releaseVersion } from '../world/support.js'
import { monitored, type Monitored } from './support.js'

const policy = (service: string): string =>
  JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sns:Publish' }] })

async function failedRefresh(cloud: Monitored, Policy: string | undefined): Promise<void> {
  const { TopicArn = '' } = await cloud.sns.send(
    new CreateTopicCommand({ Name: 'operations', ...(Policy !== undefined && { Attributes: { Policy } }) }),
  )
  const pattern = { source: ['aws.autoscaling'], detail: { AutoScalingGroupName: ['rampart-production-asg'] } }
  await cloud.events.send(new eb.PutRuleCommand({ Name: 'failed', EventPattern: JSON.stringify(pattern) }))
  await cloud.events.send(new eb.PutTargetsCommand({ Rule: 'failed', Targets: [{ Id: 'told', Arn: TopicArn }] }))
  const { world } = cloud.rehearsal
  endRefresh(world.state, refreshTo(world, releaseVersion(world)), 'Failed', 'a test')
}

describe('a rule', () => {
  test('tells a topic of a refresh that failed', async () => {
    const cloud = await monitored()
    await failedRefresh(cloud, policy('events.amazonaws.com'))
    const said = cloud.rehearsal.world.state.messages.map(({ body }) => JSON.parse(body) as Record<string, unknown>)
    expect(said.at(-1)).toMatchObject({
      source: 'aws.autoscaling',
      'detail-type': 'EC2 Auto Scaling Instance Refresh Failed',
      detail: { AutoScalingGroupName: 'rampart-production-asg' },
    })
  })

  test('tells nobody by a topic whose policy does not let EventBridge write', async () => {
    const cloud = await monitored()
    await failedRefresh(cloud, undefined)
    expect(cloud.rehearsal.world.state.messages).toEqual([])
    const { Metrics } = await cloud.cloudWatch.send(new cw.ListMetricsCommand({ Namespace: 'AWS/Events' }))
    expect(Metrics?.map(({ MetricName }) => MetricName)).toEqual(['FailedInvocations'])
  })

  test('is put, listed and described; it goes only without its targets', async () => {
    const { events } = await monitored()
    const pattern = JSON.stringify({ source: ['aws.ecs'] })
    await events.send(new eb.PutRuleCommand({ Name: 'one', EventPattern: pattern, Description: 'first' }))
    await events.send(new eb.PutTargetsCommand({ Rule: 'one', Targets: [{ Id: 'a', Arn: 'arn:aws:sns:x:1:t' }] }))
    expect((await events.send(new eb.ListRulesCommand({ NamePrefix: 'on' }))).Rules?.map(({ Name }) => Name)).toEqual([
      'one',
    ])
    expect(await events.send(new eb.DescribeRuleCommand({ Name: 'one' }))).toMatchObject({
      EventPattern: pattern,
      Description: 'first',
      State: 'ENABLED',
    })
    await expect(events.send(new eb.DeleteRuleCommand({ Name: 'one' }))).rejects.toThrow('since it has targets')
    await events.send(new eb.RemoveTargetsCommand({ Rule: 'one', Ids: ['a'] }))
    expect((await events.send(new eb.ListTargetsByRuleCommand({ Rule: 'one' }))).Targets).toEqual([])
    await events.send(new eb.DeleteRuleCommand({ Name: 'one' }))
    await expect(events.send(new eb.DescribeRuleCommand({ Name: 'one' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    await expect(
      events.send(new eb.PutRuleCommand({ Name: 'one', EventPattern: '{"source":"aws.ecs"}' })),
    ).rejects.toMatchObject({ name: 'InvalidEventPatternException' })
  })
})

test.each([
  [{ source: ['a', 'b'] }, { source: 'b' }, true],
  [{ source: ['a'] }, { source: 'b' }, false],
  [{ detail: { n: [1] } }, { detail: { n: 1 } }, true],
  [{ detail: { n: [1] } }, { detail: 1 }, false],
  [{ resources: ['x'] }, { resources: ['y', 'x'] }, true],
  [{ detail: { n: [{ prefix: 'ab' }] } }, { detail: { n: 'abc' } }, true],
  [{ n: [{ 'anything-but': ['x'] }] }, { n: 'x' }, false],
  [{ n: [{ exists: false }] }, {}, true],
])('the pattern %j and the event %j: %j', (pattern, event, expected) => {
  expect(matchesPattern(pattern, event)).toBe(expected)
})

test('a pattern of an unknown comparison is refused', () => {
  expect(readPattern('{"n":[{"near":1}]}')).toMatch(/Unrecognized match type near/)
})

const metric = { type: 'metric', properties: { region: 'us-west-2', metrics: [['AWS/EC2', 'CPUUtilization']] } }
const body = (...widgets: readonly object[]): string => JSON.stringify({ widgets })

describe('a dashboard', () => {
  test('is put, listed, got and deleted', async () => {
    const { cloudWatch } = await monitored()
    const put = await cloudWatch.send(new cw.PutDashboardCommand({ DashboardName: 'own', DashboardBody: body(metric) }))
    expect(put.DashboardValidationMessages).toEqual([])
    const { DashboardEntries } = await cloudWatch.send(new cw.ListDashboardsCommand({ DashboardNamePrefix: 'o' }))
    expect(DashboardEntries?.map(({ DashboardName, Size }) => [DashboardName, Size])).toEqual([
      ['own', body(metric).length],
    ])
    const got = await cloudWatch.send(new cw.GetDashboardCommand({ DashboardName: 'own' }))
    expect(got.DashboardBody).toBe(body(metric))
    await cloudWatch.send(new cw.DeleteDashboardsCommand({ DashboardNames: ['own'] }))
    await expect(cloudWatch.send(new cw.GetDashboardCommand({ DashboardName: 'own' }))).rejects.toMatchObject({
      name: 'ResourceNotFound',
    })
  })

  test.each([
    ['{', ''],
    ['[]', '/'],
    [body({ type: 'graph', properties: {} }), '/widgets/0/type'],
    [body(metric, { type: 'metric' }), '/widgets/1'],
    [body({ ...metric, width: 25 }), '/widgets/0/width'],
    [body({ type: 'metric', properties: { metrics: [] } }), '/widgets/0/properties'],
    [
      body({ ...metric, properties: { ...metric.properties, annotations: { vertical: [{ value: 'soon' }] } } }),
      '/widgets/0/properties/annotations/vertical/0/value',
    ],
  ])('with the body %s is refused at %s', async (DashboardBody, DataPath) => {
    const { cloudWatch } = await monitored()
    const answer = cloudWatch.send(new cw.PutDashboardCommand({ DashboardName: 'own', DashboardBody }))
    const error: unknown = await answer.catch((reason: unknown) => reason)
    if (!(error instanceof cw.DashboardInvalidInputError)) throw error
    expect(error.dashboardValidationMessages?.map((one) => one.DataPath)).toEqual([DataPath])
  })
})
