import type { MakeStatement, PolicyScope, Statement } from './policy.js'

/** The statements that `cache warm` and `cache status` need, and a deploy does not. */
export const cacheOnlyStatements: readonly string[] = [
  'FindCache',
  'ReadFileSystem',
  'ReadCredits',
  'FillCache',
  'FollowFill',
  'FindFill',
  'PassFillRoles',
  'ReadFillLines',
  'KeepCacheRecords',
]

/** What they need beside, where there is a model cache. */
export function cacheStatements(
  { cache, region, ledger }: PolicyScope,
  statement: MakeStatement,
  arn: (service: string, resource: string) => string,
  roles: string,
): readonly Statement[] {
  if (cache === undefined) return []
  const { app, environment, stack, cluster, logGroup } = cache
  const inCluster = { ArnEquals: { 'ecs:cluster': arn('ecs', `cluster/${cluster}`) } }
  return [
    statement('FindCache', ['cloudformation:DescribeStacks'], arn('cloudformation', `stack/${stack}/*`)),
    statement(
      'ReadFileSystem',
      ['elasticfilesystem:DescribeFileSystems', 'elasticfilesystem:DescribeMountTargets'],
      arn('elasticfilesystem', 'file-system/*'),
    ),
    statement('ReadCredits', ['cloudwatch:GetMetricStatistics'], '*', {
      StringEquals: { 'aws:RequestedRegion': region },
    }),
    statement('FillCache', ['ecs:RunTask'], arn('ecs', `task-definition/${stack}-cache:*`), inCluster),
    statement('FollowFill', ['ecs:DescribeTasks'], arn('ecs', `task/${cluster}/*`)),
    statement('FindFill', ['ecs:ListTasks'], '*', inCluster),
    // Whoever runs a task hands its two roles on.
    statement('PassFillRoles', ['iam:PassRole'], roles, {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    }),
    statement('ReadFillLines', ['logs:FilterLogEvents'], arn('logs', `log-group:${logGroup}:*`)),
    // Who keeps releases may keep these already.
    ...(ledger === undefined
      ? [
          statement(
            'KeepCacheRecords',
            ['ssm:GetParametersByPath', 'ssm:PutParameter'],
            arn('ssm', `parameter/rampart/${app}/${environment}/cache*`),
          ),
        ]
      : []),
  ]
}
