import { arnOf, globalArn, inRegion, statement, type PolicyScope, type Statement } from './document.js'

/** What `cache warm` and `cache status` need, where there is a model cache. */
export function cacheStatements(scope: PolicyScope): readonly Statement[] {
  if (scope.cache === undefined) return []
  const { app, environment, stack, cluster, logGroup } = scope.cache
  const inCluster = { ArnEquals: { 'ecs:cluster': arnOf(scope, 'ecs', `cluster/${cluster}`) } }
  return [
    statement('FindCache', ['cloudformation:DescribeStacks'], arnOf(scope, 'cloudformation', `stack/${stack}/*`)),
    statement(
      'ReadFileSystem',
      ['elasticfilesystem:DescribeFileSystems', 'elasticfilesystem:DescribeMountTargets'],
      arnOf(scope, 'elasticfilesystem', 'file-system/*'),
    ),
    statement('ReadCredits', ['cloudwatch:GetMetricStatistics'], '*', inRegion(scope)),
    statement('FillCache', ['ecs:RunTask'], arnOf(scope, 'ecs', `task-definition/${stack}-cache:*`), inCluster),
    statement('FollowFill', ['ecs:DescribeTasks'], arnOf(scope, 'ecs', `task/${cluster}/*`)),
    statement('FindFill', ['ecs:ListTasks'], '*', inCluster),
    // Whoever runs a task hands its two roles on.
    statement('PassFillRoles', ['iam:PassRole'], globalArn(scope, 'iam', 'role/*'), {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    }),
    statement('ReadFillLines', ['logs:FilterLogEvents'], arnOf(scope, 'logs', `log-group:${logGroup}:*`)),
    statement(
      'KeepCacheRecords',
      ['ssm:GetParametersByPath', 'ssm:PutParameter'],
      arnOf(scope, 'ssm', `parameter/rampart/${app}/${environment}/cache*`),
    ),
  ]
}
