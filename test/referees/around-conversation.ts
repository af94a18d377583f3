import * as cloudWatch from '@aws-sdk/client-cloudwatch'
import * as events from '@aws-sdk/client-eventbridge'
import * as secrets from '@aws-sdk/client-secrets-manager'
import * as sns from '@aws-sdk/client-sns'
import type { Question } from './conversation.js'
import { account, region } from './sides.js'

const SecretId = 'shop/db'
const firstToken = '11111111-1111-4111-8111-111111111111'
const secondToken = '22222222-2222-4222-8222-222222222222'

const ofSecrets: readonly Question[] = [
  {
    name: 'CreateSecret',
    ask: ({ secrets: client }) =>
      client.send(
        new secrets.CreateSecretCommand({
          Name: SecretId,
          SecretString: '{"user":"shop"}',
          Description: 'of the shop',
          ClientRequestToken: firstToken,
          Tags: [{ Key: 'team', Value: 'shop' }],
        }),
      ),
  },
  {
    name: 'CreateSecret: again',
    ask: ({ secrets: client }) =>
      client.send(new secrets.CreateSecretCommand({ Name: SecretId, SecretString: 'other' })),
  },
  {
    name: 'DescribeSecret',
    ask: ({ secrets: client }) => client.send(new secrets.DescribeSecretCommand({ SecretId })),
  },
  {
    name: 'DescribeSecret: no such one',
    ask: ({ secrets: client }) => client.send(new secrets.DescribeSecretCommand({ SecretId: 'nobody' })),
  },
  {
    name: 'GetSecretValue',
    ask: ({ secrets: client }) => client.send(new secrets.GetSecretValueCommand({ SecretId })),
  },
  {
    name: 'GetSecretValue: no such one',
    ask: ({ secrets: client }) => client.send(new secrets.GetSecretValueCommand({ SecretId: 'nobody' })),
  },
  {
    name: 'PutSecretValue',
    ask: ({ secrets: client }) =>
      client.send(
        new secrets.PutSecretValueCommand({
          SecretId,
          SecretString: '{"user":"new"}',
          ClientRequestToken: secondToken,
        }),
      ),
  },
  {
    name: 'PutSecretValue: no such one',
    ask: ({ secrets: client }) =>
      client.send(new secrets.PutSecretValueCommand({ SecretId: 'nobody', SecretString: 'x' })),
  },
  {
    name: 'GetSecretValue: the one before',
    ask: ({ secrets: client }) =>
      client.send(new secrets.GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' })),
  },
  {
    name: 'GetSecretValue: no such stage',
    ask: ({ secrets: client }) => client.send(new secrets.GetSecretValueCommand({ SecretId, VersionStage: 'NOTHING' })),
  },
  {
    name: 'ListSecretVersionIds',
    ask: ({ secrets: client }) => client.send(new secrets.ListSecretVersionIdsCommand({ SecretId })),
  },
  {
    name: 'ListSecrets: by name',
    ask: ({ secrets: client }) =>
      client.send(new secrets.ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['shop/d'] }] })),
  },
  {
    name: 'ListSecrets: none of that name',
    ask: ({ secrets: client }) =>
      client.send(new secrets.ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['nobody'] }] })),
  },
  {
    name: 'TagResource: of a secret',
    ask: ({ secrets: client }) =>
      client.send(new secrets.TagResourceCommand({ SecretId, Tags: [{ Key: 'stage', Value: 'one' }] })),
  },
  {
    name: 'DeleteSecret',
    ask: ({ secrets: client }) => client.send(new secrets.DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 })),
  },
  {
    name: 'GetSecretValue: of a deleted one',
    ask: ({ secrets: client }) => client.send(new secrets.GetSecretValueCommand({ SecretId })),
  },
  {
    name: 'DescribeSecret: of a deleted one',
    ask: ({ secrets: client }) => client.send(new secrets.DescribeSecretCommand({ SecretId })),
  },
  { name: 'RestoreSecret', ask: ({ secrets: client }) => client.send(new secrets.RestoreSecretCommand({ SecretId })) },
  {
    name: 'GetSecretValue: of a restored one',
    ask: ({ secrets: client }) => client.send(new secrets.GetSecretValueCommand({ SecretId })),
  },
]

const AlarmName = 'shop-5xx'

const ofMonitoring: readonly Question[] = [
  {
    name: 'PutMetricAlarm',
    ask: ({ cloudWatch: client }) =>
      client.send(
        new cloudWatch.PutMetricAlarmCommand({
          AlarmName,
          AlarmDescription: 'answers of 500 and more',
          Namespace: 'AWS/ApplicationELB',
          MetricName: 'HTTPCode_Target_5XX_Count',
          Dimensions: [{ Name: 'LoadBalancer', Value: 'app/shop/1' }],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 3,
          DatapointsToAlarm: 2,
          Threshold: 5,
          ComparisonOperator: 'GreaterThanThreshold',
          TreatMissingData: 'notBreaching',
          AlarmActions: [`arn:aws:sns:${region}:${account}:shop`],
        }),
      ),
  },
  {
    name: 'DescribeAlarms',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DescribeAlarmsCommand({ AlarmNames: [AlarmName] })),
  },
  {
    name: 'DescribeAlarms: none of that name',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DescribeAlarmsCommand({ AlarmNames: ['nobody'] })),
  },
  {
    name: 'DescribeAlarms: by a prefix',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DescribeAlarmsCommand({ AlarmNamePrefix: 'shop-5' })),
  },
  {
    name: 'SetAlarmState',
    ask: ({ cloudWatch: client }) =>
      client.send(new cloudWatch.SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'tried' })),
  },
  {
    name: 'SetAlarmState: no such one',
    ask: ({ cloudWatch: client }) =>
      client.send(new cloudWatch.SetAlarmStateCommand({ AlarmName: 'nobody', StateValue: 'OK', StateReason: 'tried' })),
  },
  {
    name: 'DescribeAlarms: in that state',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DescribeAlarmsCommand({ StateValue: 'ALARM' })),
  },
  {
    name: 'PutDashboard',
    ask: ({ cloudWatch: client }) =>
      client.send(new cloudWatch.PutDashboardCommand({ DashboardName: 'shop', DashboardBody: '{"widgets":[]}' })),
  },
  {
    name: 'GetDashboard',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.GetDashboardCommand({ DashboardName: 'shop' })),
  },
  {
    name: 'GetDashboard: no such one',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.GetDashboardCommand({ DashboardName: 'nobody' })),
  },
  { name: 'ListDashboards', ask: ({ cloudWatch: client }) => client.send(new cloudWatch.ListDashboardsCommand({})) },
  {
    name: 'DeleteDashboards',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DeleteDashboardsCommand({ DashboardNames: ['shop'] })),
  },
  {
    name: 'DeleteDashboards: again',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DeleteDashboardsCommand({ DashboardNames: ['shop'] })),
  },
  {
    name: 'DeleteAlarms',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DeleteAlarmsCommand({ AlarmNames: [AlarmName] })),
  },
  {
    name: 'DescribeAlarms: of a deleted one',
    ask: ({ cloudWatch: client }) => client.send(new cloudWatch.DescribeAlarmsCommand({ AlarmNames: [AlarmName] })),
  },
]

const Rule = 'shop-refresh'

const ofEvents: readonly Question[] = [
  {
    name: 'PutRule',
    ask: ({ events: client }) =>
      client.send(
        new events.PutRuleCommand({
          Name: Rule,
          Description: 'refreshes that fail',
          EventPattern: '{"source":["aws.autoscaling"]}',
          State: 'ENABLED',
        }),
      ),
  },
  { name: 'DescribeRule', ask: ({ events: client }) => client.send(new events.DescribeRuleCommand({ Name: Rule })) },
  {
    name: 'DescribeRule: no such one',
    ask: ({ events: client }) => client.send(new events.DescribeRuleCommand({ Name: 'nobody' })),
  },
  {
    name: 'PutTargets',
    ask: ({ events: client }) =>
      client.send(
        new events.PutTargetsCommand({
          Rule,
          Targets: [{ Id: 'people', Arn: `arn:aws:sns:${region}:${account}:shop` }],
        }),
      ),
  },
  {
    name: 'PutTargets: no such rule',
    ask: ({ events: client }) =>
      client.send(
        new events.PutTargetsCommand({
          Rule: 'nobody',
          Targets: [{ Id: 'a', Arn: `arn:aws:sns:${region}:${account}:a` }],
        }),
      ),
  },
  {
    name: 'ListTargetsByRule',
    ask: ({ events: client }) => client.send(new events.ListTargetsByRuleCommand({ Rule })),
  },
  { name: 'ListRules', ask: ({ events: client }) => client.send(new events.ListRulesCommand({ NamePrefix: 'shop' })) },
  {
    name: 'DeleteRule: with targets',
    ask: ({ events: client }) => client.send(new events.DeleteRuleCommand({ Name: Rule })),
  },
  {
    name: 'RemoveTargets',
    ask: ({ events: client }) => client.send(new events.RemoveTargetsCommand({ Rule, Ids: ['people'] })),
  },
  { name: 'DeleteRule', ask: ({ events: client }) => client.send(new events.DeleteRuleCommand({ Name: Rule })) },
  {
    name: 'DescribeRule: of a deleted one',
    ask: ({ events: client }) => client.send(new events.DescribeRuleCommand({ Name: Rule })),
  },
]

const TopicArn = `arn:aws:sns:${region}:${account}:shop`

const ofTopics: readonly Question[] = [
  {
    name: 'CreateTopic',
    ask: ({ sns: client }) =>
      client.send(new sns.CreateTopicCommand({ Name: 'shop', Tags: [{ Key: 'team', Value: 'shop' }] })),
  },
  { name: 'CreateTopic: again', ask: ({ sns: client }) => client.send(new sns.CreateTopicCommand({ Name: 'shop' })) },
  {
    name: 'GetTopicAttributes',
    ask: ({ sns: client }) => client.send(new sns.GetTopicAttributesCommand({ TopicArn })),
  },
  {
    name: 'GetTopicAttributes: no such one',
    ask: ({ sns: client }) => client.send(new sns.GetTopicAttributesCommand({ TopicArn: `${TopicArn}-none` })),
  },
  {
    name: 'SetTopicAttributes',
    ask: ({ sns: client }) =>
      client.send(
        new sns.SetTopicAttributesCommand({ TopicArn, AttributeName: 'DisplayName', AttributeValue: 'The shop' }),
      ),
  },
  {
    name: 'GetTopicAttributes: changed',
    ask: ({ sns: client }) => client.send(new sns.GetTopicAttributesCommand({ TopicArn })),
  },
  {
    name: 'ListTagsForResource: of a topic',
    ask: ({ sns: client }) => client.send(new sns.ListTagsForResourceCommand({ ResourceArn: TopicArn })),
  },
  {
    name: 'Subscribe: no such topic',
    ask: ({ sns: client }) =>
      client.send(
        new sns.SubscribeCommand({ TopicArn: `${TopicArn}-none`, Protocol: 'email', Endpoint: 'shop@example.com' }),
      ),
  },
  {
    name: 'Publish',
    ask: ({ sns: client }) => client.send(new sns.PublishCommand({ TopicArn, Message: 'hello', Subject: 'one' })),
  },
  {
    name: 'Publish: no such topic',
    ask: ({ sns: client }) =>
      client.send(new sns.PublishCommand({ TopicArn: `${TopicArn}-none`, Message: 'hello', Subject: 'one' })),
  },
  { name: 'DeleteTopic', ask: ({ sns: client }) => client.send(new sns.DeleteTopicCommand({ TopicArn })) },
  {
    name: 'GetTopicAttributes: of a deleted one',
    ask: ({ sns: client }) => client.send(new sns.GetTopicAttributesCommand({ TopicArn })),
  },
]

/** Secrets, alarms, dashboards, rules and topics: what stands around a deploy. Answers are compared value by value. */
export const aroundConversation: readonly Question[] = [...ofSecrets, ...ofMonitoring, ...ofEvents, ...ofTopics].map(
  (question) => ({ ...question, exact: true }),
)
