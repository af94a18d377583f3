import * as cloudWatch from '@aws-sdk/client-cloudwatch'
import * as eventBridge from '@aws-sdk/client-eventbridge'
import * as sns from '@aws-sdk/client-sns'
import type { AlarmProperties, Dimension, MetricQuery } from '../domain/monitoring.js'
import { RampartError } from '../errors/rampart-error.js'
import type { AlarmRecord, Monitoring, Tags } from '../ports/monitoring.js'
import { attempt, call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** The Monitoring port on the AWS SDK. */
export function createMonitoring(options: ClientOptions): Monitoring {
  return { ...ofCloudWatch(options), ...ofSns(options), ...ofEventBridge(options) }
}

interface Tag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

const tagsOf = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))

const asTags = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

type Part<K extends keyof Monitoring> = Pick<Monitoring, K>

function ofCloudWatch(
  options: ClientOptions,
): Part<'alarms' | 'alarmTags' | 'putAlarm' | 'deleteAlarms' | 'dashboard' | 'putDashboard'> {
  const client = counted(new cloudWatch.CloudWatchClient(clientSettings(options)), options)
  return {
    async alarms(prefix) {
      const found: AlarmRecord[] = []
      for (let NextToken: string | undefined; ;) {
        const asked = { AlarmNamePrefix: prefix, ...(NextToken !== undefined && { NextToken }) }
        const answer = await call('cloudwatch:DescribeAlarms', () =>
          client.send(new cloudWatch.DescribeAlarmsCommand(asked)),
        )
        found.push(...(answer.MetricAlarms ?? []).map(readAlarm))
        if (answer.NextToken === undefined) return found
        NextToken = answer.NextToken
      }
    },
    async alarmTags(arn) {
      const asked = new cloudWatch.ListTagsForResourceCommand({ ResourceARN: arn })
      return tagsOf((await call('cloudwatch:ListTagsForResource', () => client.send(asked))).Tags)
    },
    async putAlarm(alarm, tags) {
      const { Dimensions, Metrics, AlarmActions, OKActions, ...rest } = alarm
      const input = {
        ...rest,
        ...(Dimensions !== undefined && { Dimensions: [...Dimensions] }),
        ...(Metrics !== undefined && { Metrics: Metrics.map(writeQuery) }),
        ...(AlarmActions !== undefined && { AlarmActions: [...AlarmActions] }),
        ...(OKActions !== undefined && { OKActions: [...OKActions] }),
        Tags: asTags(tags),
      }
      await call('cloudwatch:PutMetricAlarm', () =>
        client.send(new cloudWatch.PutMetricAlarmCommand(input as cloudWatch.PutMetricAlarmCommandInput)),
      )
    },
    async deleteAlarms(names) {
      const asked = new cloudWatch.DeleteAlarmsCommand({ AlarmNames: [...names] })
      await call('cloudwatch:DeleteAlarms', () => client.send(asked))
    },
    async dashboard(name) {
      const asked = new cloudWatch.GetDashboardCommand({ DashboardName: name })
      const answer = await attempt('cloudwatch:GetDashboard', () => client.send(asked))
      if (!('refused' in answer)) return answer.DashboardBody
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetDashboard.html
      if (/^(?:ResourceNotFound|DashboardNotFoundError)$/.test(answer.refused.code)) return undefined
      throw new RampartError('unreachable', `cloudwatch:GetDashboard failed: ${answer.refused.message}`)
    },
    async putDashboard(name, body) {
      const asked = new cloudWatch.PutDashboardCommand({ DashboardName: name, DashboardBody: body })
      await call('cloudwatch:PutDashboard', () => client.send(asked))
    },
  }
}

function ofSns(options: ClientOptions): Part<'topic' | 'topicTags' | 'createTopic' | 'setTopicPolicy' | 'subscribe'> {
  const client = counted(new sns.SNSClient(clientSettings(options)), options)
  return {
    async topic(arn) {
      const asked = new sns.GetTopicAttributesCommand({ TopicArn: arn })
      const answer = await attempt('sns:GetTopicAttributes', () => client.send(asked))
      if ('refused' in answer) {
        if (answer.refused.code === 'NotFound') return undefined
        throw new RampartError('unreachable', `sns:GetTopicAttributes failed: ${answer.refused.message}`)
      }
      const subscriptions: { protocol: string; endpoint: string }[] = []
      for (let NextToken: string | undefined; ;) {
        const page = await call('sns:ListSubscriptionsByTopic', () =>
          client.send(
            new sns.ListSubscriptionsByTopicCommand({ TopicArn: arn, ...(NextToken !== undefined && { NextToken }) }),
          ),
        )
        for (const { Protocol: protocol = '', Endpoint: endpoint = '' } of page.Subscriptions ?? []) {
          subscriptions.push({ protocol, endpoint })
        }
        if (page.NextToken === undefined) return { policy: answer.Attributes?.['Policy'] ?? '', subscriptions }
        NextToken = page.NextToken
      }
    },
    async topicTags(arn) {
      const asked = new sns.ListTagsForResourceCommand({ ResourceArn: arn })
      return tagsOf((await call('sns:ListTagsForResource', () => client.send(asked))).Tags)
    },
    async createTopic(name, policy, tags) {
      const asked = new sns.CreateTopicCommand({ Name: name, Attributes: { Policy: policy }, Tags: asTags(tags) })
      await call('sns:CreateTopic', () => client.send(asked))
    },
    async setTopicPolicy(arn, policy) {
      const input = { TopicArn: arn, AttributeName: 'Policy', AttributeValue: policy }
      await call('sns:SetTopicAttributes', () => client.send(new sns.SetTopicAttributesCommand(input)))
    },
    async subscribe(arn, address) {
      const asked = new sns.SubscribeCommand({ TopicArn: arn, Protocol: 'email', Endpoint: address })
      await call('sns:Subscribe', () => client.send(asked))
    },
  }
}

function ofEventBridge(options: ClientOptions): Part<'rule' | 'ruleTags' | 'putRule' | 'putTarget' | 'deleteRule'> {
  const client = counted(new eventBridge.EventBridgeClient(clientSettings(options)), options)
  return {
    async rule(name) {
      const asked = new eventBridge.DescribeRuleCommand({ Name: name })
      const answer = await attempt('events:DescribeRule', () => client.send(asked))
      if ('refused' in answer) {
        if (answer.refused.code === 'ResourceNotFound') return undefined
        throw new RampartError('unreachable', `events:DescribeRule failed: ${answer.refused.message}`)
      }
      // A rule has five targets at most: one page holds them all.
      const targets = await call('events:ListTargetsByRule', () =>
        client.send(new eventBridge.ListTargetsByRuleCommand({ Rule: name })),
      )
      return {
        arn: answer.Arn ?? '',
        pattern: answer.EventPattern ?? '',
        description: answer.Description ?? '',
        isEnabled: answer.State !== 'DISABLED',
        targets: (targets.Targets ?? []).map(({ Id = '', Arn = '' }) => ({ id: Id, arn: Arn })),
      }
    },
    async ruleTags(arn) {
      const asked = new eventBridge.ListTagsForResourceCommand({ ResourceARN: arn })
      return tagsOf((await call('events:ListTagsForResource', () => client.send(asked))).Tags)
    },
    async putRule(name, pattern, description, tags) {
      const input = { Name: name, EventPattern: pattern, Description: description, State: 'ENABLED' } as const
      const asked = new eventBridge.PutRuleCommand({ ...input, ...(tags !== undefined && { Tags: asTags(tags) }) })
      await call('events:PutRule', () => client.send(asked))
    },
    async putTarget(rule, id, arn) {
      const asked = new eventBridge.PutTargetsCommand({ Rule: rule, Targets: [{ Id: id, Arn: arn }] })
      const { FailedEntries } = await call('events:PutTargets', () => client.send(asked))
      const [failed] = FailedEntries ?? []
      if (failed === undefined) return
      throw new RampartError('unreachable', `events:PutTargets failed: ${failed.ErrorMessage ?? ''}`)
    },
    async deleteRule(name, targets) {
      if (targets.length > 0) {
        const asked = new eventBridge.RemoveTargetsCommand({ Rule: name, Ids: [...targets] })
        await call('events:RemoveTargets', () => client.send(asked))
      }
      await call('events:DeleteRule', () => client.send(new eventBridge.DeleteRuleCommand({ Name: name })))
    },
  }
}

const readDimensions = (from: readonly cloudWatch.Dimension[] | undefined): readonly Dimension[] =>
  (from ?? []).map(({ Name = '', Value = '' }) => ({ Name, Value }))

function readQuery({
  Id = '',
  ReturnData,
  Label,
  Expression,
  MetricStat: stat,
}: cloudWatch.MetricDataQuery): MetricQuery {
  return {
    Id,
    ReturnData: ReturnData ?? true,
    ...(Label !== undefined && { Label }),
    ...(Expression !== undefined && { Expression }),
    ...(stat !== undefined && {
      MetricStat: {
        Metric: {
          Namespace: stat.Metric?.Namespace ?? '',
          MetricName: stat.Metric?.MetricName ?? '',
          Dimensions: readDimensions(stat.Metric?.Dimensions),
        },
        Period: stat.Period ?? 0,
        Stat: stat.Stat ?? '',
      },
    }),
  }
}

const writeQuery = ({ MetricStat, ...query }: MetricQuery): cloudWatch.MetricDataQuery => ({
  ...query,
  ...(MetricStat !== undefined && {
    MetricStat: { ...MetricStat, Metric: { ...MetricStat.Metric, Dimensions: [...MetricStat.Metric.Dimensions] } },
  }),
})

/** An alarm as it is asked for; what is empty is left out, as it is when nobody asks for it. */
function readAlarm(from: cloudWatch.MetricAlarm): AlarmRecord {
  const dimensions = readDimensions(from.Dimensions)
  return {
    name: from.AlarmName ?? '',
    arn: from.AlarmArn ?? '',
    state: from.StateValue ?? '',
    reason: from.StateReason ?? '',
    since: from.StateTransitionedTimestamp?.getTime() ?? from.StateUpdatedTimestamp?.getTime() ?? 0,
    properties: definedOnly<AlarmProperties>({
      AlarmName: from.AlarmName ?? '',
      AlarmDescription: from.AlarmDescription ?? '',
      Namespace: from.Namespace,
      MetricName: from.MetricName,
      Dimensions: from.MetricName === undefined ? undefined : dimensions,
      Period: from.MetricName === undefined ? undefined : from.Period,
      Statistic: from.Statistic,
      ExtendedStatistic: from.ExtendedStatistic,
      Metrics: from.Metrics === undefined || from.Metrics.length === 0 ? undefined : from.Metrics.map(readQuery),
      ComparisonOperator: from.ComparisonOperator ?? '',
      Threshold: from.Threshold ?? 0,
      // Left out, all of them must be beyond.
      DatapointsToAlarm: from.DatapointsToAlarm ?? from.EvaluationPeriods ?? 1,
      EvaluationPeriods: from.EvaluationPeriods ?? 1,
      TreatMissingData: from.TreatMissingData ?? 'missing',
      AlarmActions: from.AlarmActions?.length === 0 ? undefined : from.AlarmActions,
      OKActions: from.OKActions?.length === 0 ? undefined : from.OKActions,
    }),
  }
}

function definedOnly<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}
