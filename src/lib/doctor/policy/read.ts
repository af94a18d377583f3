import { priceListRegion } from '../../domain/price-table.js'
import { arnOf, inRegion, statement, type PolicyScope, type Statement } from './document.js'
import { readRepositories } from './images.js'

const readGroups = [
  'autoscaling:DescribeAutoScalingGroups',
  'autoscaling:DescribeInstanceRefreshes',
  'autoscaling:DescribeScalingActivities',
  'ec2:DescribeLaunchTemplateVersions',
]
// These have no resource level.
const readDefinitions = ['ecs:DescribeTaskDefinition', 'ecs:ListTaskDefinitions']

const clusterStatements = (
  scope: PolicyScope,
  { cluster, services }: Extract<PolicyScope['fleet'], { kind: 'ecs' }>,
): readonly Statement[] => {
  const own = services.map((name) => `${cluster}/${name}`)
  const ofOwn = (kind: string, rest = ''): readonly string[] =>
    own.map((name) => arnOf(scope, 'ecs', `${kind}/${name}${rest}`))
  return [
    statement('ReadCluster', ['ecs:DescribeClusters'], arnOf(scope, 'ecs', `cluster/${cluster}`)),
    statement('ReadServices', ['ecs:DescribeServices', 'ecs:ListServiceDeployments'], ofOwn('service')),
    statement('ReadDeployments', ['ecs:DescribeServiceDeployments'], ofOwn('service-deployment', '/*')),
    statement('ReadRevisions', ['ecs:DescribeServiceRevisions'], ofOwn('service-revision', '/*')),
    statement('ReadTasks', ['ecs:DescribeTasks'], arnOf(scope, 'ecs', `task/${cluster}/*`)),
    statement('ListTasks', ['ecs:ListTasks'], '*', {
      ArnEquals: { 'ecs:cluster': arnOf(scope, 'ecs', `cluster/${cluster}`) },
    }),
  ]
}

/** What the commands need that change nothing: status, releases, monitor, plan, env, lock and base status. */
export function readStatements(scope: PolicyScope): readonly Statement[] {
  const { fleet, ledger, logGroup } = scope
  return [
    ...readRepositories(scope),
    statement(
      'Read',
      [
        ...(fleet.kind === 'asg' ? readGroups : readDefinitions),
        // Of a composite alarm AWS tells only who may ask of all:
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        ...(scope.alarms ? ['cloudwatch:DescribeAlarms'] : []),
        // For the addresses that are free, and what is left of the quota; without them, a plan says that it has not looked.
        'cloudwatch:GetMetricData',
        'ec2:DescribeSubnets',
        ...(fleet.kind === 'asg' ? ['ec2:DescribeInstanceTypes'] : []),
        'servicequotas:GetServiceQuota',
        'elasticloadbalancing:DescribeTargetGroupAttributes',
        'elasticloadbalancing:DescribeTargetGroups',
        'elasticloadbalancing:DescribeTargetHealth',
      ],
      '*',
      inRegion(scope),
    ),
    ...(fleet.kind === 'asg' ? [] : clusterStatements(scope, fleet)),
    ...(logGroup === undefined ? [] : [readLogs(scope, logGroup)]),
    ...(ledger === undefined
      ? []
      : [
          statement(
            'ReadReleases',
            ['ssm:GetParameter', 'ssm:GetParameterHistory', 'ssm:GetParametersByPath'],
            arnOf(scope, 'ssm', `parameter/rampart/${ledger.app}/${ledger.environment}/*`),
          ),
        ]),
  ]
}

const readLogs = (scope: PolicyScope, group: string): Statement =>
  statement('ReadLogs', ['logs:FilterLogEvents'], arnOf(scope, 'logs', `log-group:${group}:*`))

/** What `logs` needs: to know the targets, and to read their lines; with `--follow`, as they come. */
export function logsStatements(scope: PolicyScope): readonly Statement[] {
  const { logGroup } = scope
  if (logGroup === undefined) return []
  return [
    readLogs(scope, logGroup),
    // A live session names the group by its ARN, which has to be asked for. Where both are refused, lines are polled for.
    statement('FollowLogs', ['logs:StartLiveTail'], arnOf(scope, 'logs', `log-group:${logGroup}`)),
    statement('FindLogs', ['logs:DescribeLogGroups'], arnOf(scope, 'logs', 'log-group:*')),
  ]
}

/** What `prices refresh` asks, of the one place that answers for the prices of all regions. */
export const priceStatements = ({ region }: PolicyScope): readonly Statement[] => [
  statement('ReadPrices', ['pricing:GetProducts'], '*', inRegion({ region: priceListRegion(region) })),
]
