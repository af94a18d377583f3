import { arnOf, globalArn, inRegion, statement, type PolicyScope, type Statement } from './document.js'

/** A deploy draws its release into the dashboard. Dashboards are in no region. */
export const markDashboard = (scope: PolicyScope): readonly Statement[] =>
  scope.monitoring === undefined
    ? []
    : [
        statement(
          'MarkDashboard',
          ['cloudwatch:GetDashboard', 'cloudwatch:PutDashboard'],
          globalArn(scope, 'cloudwatch', `dashboard/${scope.monitoring.prefix}`),
        ),
      ]

/** A stack tells of the file system of its models. */
function readCache(scope: PolicyScope): readonly Statement[] {
  const { isStack, hasCache, prefix } = scope.monitoring ?? { isStack: false, hasCache: false, prefix: '' }
  return isStack && hasCache
    ? [statement('ReadCache', ['cloudformation:DescribeStacks'], arnOf(scope, 'cloudformation', `stack/${prefix}/*`))]
    : []
}

const findGroups = (scope: PolicyScope): Statement =>
  statement('FindTargetGroups', ['elasticloadbalancing:DescribeTargetGroups'], '*', inRegion(scope))

/** What `dashboard apply` and `open` need. */
export const dashboardStatements = (scope: PolicyScope): readonly Statement[] =>
  scope.monitoring === undefined ? [] : [...markDashboard(scope), findGroups(scope), ...readCache(scope)]

/** What `alarms apply` and `status` need. */
export function alarmsStatements(scope: PolicyScope): readonly Statement[] {
  if (scope.monitoring === undefined) return []
  const { prefix, topic, rule, isStack } = scope.monitoring
  return [
    findGroups(scope),
    statement('ReadAlarms', ['cloudwatch:DescribeAlarms'], '*', inRegion(scope)),
    statement(
      'KeepAlarms',
      [
        'cloudwatch:DeleteAlarms',
        'cloudwatch:ListTagsForResource',
        'cloudwatch:PutMetricAlarm',
        'cloudwatch:TagResource',
      ],
      arnOf(scope, 'cloudwatch', `alarm:${prefix}-*`),
    ),
    ...readCache(scope),
    // A stack keeps its topic and its rule itself.
    ...(isStack ? [] : [...topicStatements(scope, topic), ruleStatement(scope, rule)]),
  ]
}

const topicStatements = (scope: PolicyScope, topic: string | undefined): readonly Statement[] =>
  topic === undefined
    ? []
    : [
        statement(
          'KeepTopic',
          [
            'sns:CreateTopic',
            'sns:GetTopicAttributes',
            'sns:ListSubscriptionsByTopic',
            'sns:ListTagsForResource',
            'sns:SetTopicAttributes',
            'sns:Subscribe',
            'sns:TagResource',
          ],
          topic.startsWith('arn:') ? topic : arnOf(scope, 'sns', topic),
        ),
      ]

const ruleStatement = (scope: PolicyScope, rule: string): Statement =>
  statement(
    'KeepRule',
    [
      'events:DeleteRule',
      'events:DescribeRule',
      'events:ListTagsForResource',
      'events:ListTargetsByRule',
      'events:PutRule',
      'events:PutTargets',
      'events:RemoveTargets',
      'events:TagResource',
    ],
    arnOf(scope, 'events', `rule/${rule}`),
  )
