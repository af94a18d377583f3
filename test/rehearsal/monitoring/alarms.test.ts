import * as cw from '@aws-sdk/client-cloudwatch'
import { CreateTopicCommand, ListSubscriptionsByTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns'
import { array, assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAlarmRule } from '../../../src/lib/rehearsal/world/monitoring/composite.js'
import { readExpression } from '../../../src/lib/rehearsal/world/monitoring/expression.js'
import { dimensionsOf, monitored, type Monitored } from './support.js'

const base = {
  Namespace: 'Test/App',
  MetricName: 'Errors',
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 3,
  DatapointsToAlarm: 2,
  Threshold: 5,
  ComparisonOperator: 'GreaterThanThreshold',
} as const satisfies Partial<cw.PutMetricAlarmInput>

const put = (cloud: Monitored, changes: Partial<cw.PutMetricAlarmInput> = {}): Promise<unknown> =>
  cloud.cloudWatch.send(new cw.PutMetricAlarmCommand({ AlarmName: 'own', ...base, ...changes }))

async function stateOf(cloud: Monitored, name = 'own'): Promise<string | undefined> {
  const answer = await cloud.cloudWatch.send(
    new cw.DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
  )
  return (answer.MetricAlarms?.[0] ?? answer.CompositeAlarms?.[0])?.StateValue
}

const measure = (cloud: Monitored, value: number, minutesAgo: number): Promise<unknown> =>
  cloud.cloudWatch.send(
    new cw.PutMetricDataCommand({
      Namespace: 'Test/App',
      MetricData: [{ MetricName: 'Errors', Value: value, Timestamp: new Date(cloud.now() - minutesAgo * 60_000) }],
    }),
  )

describe('an alarm', () => {
  test('rings when enough of its last data points are beyond its threshold, and tells its topic', async () => {
    const cloud = await monitored()
    const { TopicArn = '' } = await cloud.sns.send(new CreateTopicCommand({ Name: 'operations' }))
    await put(cloud, { AlarmActions: [TopicArn], OKActions: [TopicArn] })
    expect(await stateOf(cloud)).toBe('INSUFFICIENT_DATA')
    await measure(cloud, 9, 0)
    cloud.wait(1)
    expect(await stateOf(cloud)).toBe('OK')
    await measure(cloud, 9, 0)
    cloud.wait(1)
    expect(await stateOf(cloud)).toBe('ALARM')
    const { messages } = cloud.rehearsal.world.state
    expect(messages.map(({ subject }) => subject)).toEqual(['OK: "own" in us-west-2', 'ALARM: "own" in us-west-2'])
    expect(JSON.parse(messages[1]?.body ?? '')).toMatchObject({ OldStateValue: 'OK', NewStateValue: 'ALARM' })
    const history = await cloud.cloudWatch.send(new cw.DescribeAlarmHistoryCommand({ AlarmName: 'own' }))
    expect(history.AlarmHistoryItems?.map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm updated from OK to ALARM',
      'Alarm updated from INSUFFICIENT_DATA to OK',
      'Alarm "own" created',
    ])
  })

  test.each([
    ['breaching', 'ALARM'],
    ['notBreaching', 'OK'],
    ['missing', 'INSUFFICIENT_DATA'],
    ['ignore', 'INSUFFICIENT_DATA'],
  ])('without data that it treats as %s is %s', async (TreatMissingData, expected) => {
    const cloud = await monitored()
    await put(cloud, { TreatMissingData })
    cloud.wait(5)
    expect(await stateOf(cloud)).toBe(expected)
  })

  test('on the rate of failed requests sees a release that answers every request with 503', async () => {
    const cloud = await monitored({ scenario: 'lying-health' })
    const stat = (id: string, metric: string): cw.MetricDataQuery => ({
      Id: id,
      ReturnData: false,
      MetricStat: {
        Metric: {
          Namespace: 'AWS/ApplicationELB',
          MetricName: metric,
          Dimensions: dimensionsOf(cloud.rehearsal, 'backend'),
        },
        Period: 60,
        Stat: 'Sum',
      },
    })
    await cloud.cloudWatch.send(
      new cw.PutMetricAlarmCommand({
        AlarmName: 'rate',
        Metrics: [
          { Id: 'rate', Expression: 'IF(requests >= 10, 100 * FILL(bad, 0) / requests, 0)' },
          stat('bad', 'HTTPCode_Target_5XX_Count'),
          stat('requests', 'RequestCount'),
        ],
        EvaluationPeriods: 3,
        DatapointsToAlarm: 2,
        Threshold: 5,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    )
    cloud.wait(3)
    expect(await stateOf(cloud, 'rate')).toBe('OK')
    // What the trouble of a new release does to a target, done to one of the four.
    const [instance] = cloud.rehearsal.world.state.group.instances
    const serving = instance?.serving.get(8000)
    if (serving !== undefined) instance?.serving.set(8000, { ...serving, troubled: true })
    cloud.wait(3)
    expect(await stateOf(cloud, 'rate')).toBe('ALARM')
    const { MetricDataResults } = await cloud.cloudWatch.send(
      new cw.GetMetricDataCommand({
        StartTime: new Date(cloud.now() - 120_000),
        EndTime: new Date(cloud.now()),
        MetricDataQueries: [
          { Id: 'rate', Expression: '100 * bad / requests' },
          stat('bad', 'HTTPCode_Target_5XX_Count'),
          stat('requests', 'RequestCount'),
        ],
      }),
    )
    expect(MetricDataResults?.map(({ Id, Values }) => [Id, Values])).toEqual([['rate', [25, 25]]])
  })

  test('of several others follows them', async () => {
    const cloud = await monitored()
    await cloud.cloudWatch.send(
      new cw.PutCompositeAlarmCommand({ AlarmName: 'both', AlarmRule: 'ALARM("errors") AND NOT OK(latency)' }),
    )
    const set = (AlarmName: string, StateValue: cw.StateValue): Promise<unknown> =>
      cloud.cloudWatch.send(new cw.SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'a test' }))
    await set('errors', 'ALARM')
    cloud.wait(1)
    expect(await stateOf(cloud, 'both')).toBe('OK')
    await set('latency', 'ALARM')
    cloud.wait(1)
    expect(await stateOf(cloud, 'both')).toBe('ALARM')
    await expect(cloud.cloudWatch.send(new cw.DeleteAlarmsCommand({ AlarmNames: ['errors'] }))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })

  test('is refused when it can not be', async () => {
    const cloud = await monitored()
    for (const [changes, words] of [
      [{ DatapointsToAlarm: 4 }, /DatapointsToAlarm/],
      [{ Period: 45 }, /Period/],
      [{ ExtendedStatistic: 'p95' }, /Exactly one of Statistic/],
      [{ TreatMissingData: 'hope' }, /not supported/],
      [{ Metrics: [{ Id: 'a', Expression: 'b + 1' }] }, /together/],
    ] as const) {
      await expect(put(cloud, changes as Partial<cw.PutMetricAlarmInput>)).rejects.toThrow(words)
    }
    const { MetricName: _m, Namespace: _n, Statistic: _s, Period: _p, ...rest } = base
    const Metrics = [{ Id: 'a', Expression: 'b + 1' }]
    await expect(
      cloud.cloudWatch.send(new cw.PutMetricAlarmCommand({ AlarmName: 'own', ...rest, Metrics })),
    ).rejects.toThrow('Unknown identifier b')
    await expect(
      cloud.cloudWatch.send(new cw.DeleteAlarmsCommand({ AlarmNames: ['errors', 'nobody'] })),
    ).rejects.toMatchObject({ name: 'ResourceNotFound' })
    expect(await stateOf(cloud, 'errors')).toBe('OK')
  })
})

const value = (text: string, values: Readonly<Record<string, number>> = {}): number | undefined =>
  readExpression(text)?.valueAt((id) => values[id])

describe('metric math', () => {
  test('has the usual order, and misses what is missing', () => {
    expect(value('1 + 2 * 3 ^ 2')).toBe(19)
    expect(value('-(a - 1) / 2', { a: 5 })).toBe(-2)
    expect(value('a + 1')).toBeUndefined()
    expect(value('FILL(a, 0) + 1')).toBe(1)
    expect(value('IF(a > 2 && b != 1, 10, 20)', { a: 3, b: 1 })).toBe(20)
    expect(value('1 / 0')).toBeUndefined()
    for (const wrong of ['', '1 +', 'IF(1, 2)', 'NOBODY(1)', '(1', '1)', 'a b', '$']) {
      expect(readExpression(wrong)).toBeUndefined()
    }
  })

  test('adds as a machine does', () => {
    assert(
      property(array(integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 9 }), (numbers) => {
        expect(value(numbers.join(' - '))).toBe(numbers.reduce((a, b) => a - b))
      }),
    )
  })

  test('a rule of a composite alarm that can not be read is none', () => {
    expect(readAlarmRule('ALARM(a) OR (OK("b c") AND TRUE)')?.names).toEqual(['a', 'b c'])
    for (const wrong of ['', 'ALARM()', 'ALARM(a) OR', 'a', '(ALARM(a)', 'ALARM(a) ALARM(b)']) {
      expect(readAlarmRule(wrong)).toBeUndefined()
    }
  })
})

test('who is asked by mail has to agree first; the same topic again is the same one', async () => {
  const { sns } = await monitored()
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'operations' }))
  expect((await sns.send(new CreateTopicCommand({ Name: 'operations' }))).TopicArn).toBe(TopicArn)
  const mail = { TopicArn, Protocol: 'email', Endpoint: 'operations@example.com' }
  expect((await sns.send(new SubscribeCommand(mail))).SubscriptionArn).toBe('pending confirmation')
  await sns.send(new SubscribeCommand(mail))
  const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))
  expect(Subscriptions?.map(({ Endpoint, SubscriptionArn }) => [Endpoint, SubscriptionArn])).toEqual([
    ['operations@example.com', 'PendingConfirmation'],
  ])
  await expect(sns.send(new SubscribeCommand({ ...mail, Protocol: 'pigeon' }))).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})
