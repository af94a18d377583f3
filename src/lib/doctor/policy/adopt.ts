import { arnOf, inRegion, statement, type PolicyScope, type Statement } from './document.js'

/**
 * What `init --from-stack` and `--from-service` read. The names of what is adopted are not known before, so that these
 * are bound to the account and the region alone. Each of them may be left out: what is refused becomes a comment.
 */
export const adoptStatements = (scope: PolicyScope): readonly Statement[] => [
  statement(
    'ReadStacks',
    ['cloudformation:GetTemplate', 'cloudformation:ListStackResources'],
    arnOf(scope, 'cloudformation', 'stack/*'),
  ),
  statement('ReadClusters', ['ecs:DescribeClusters'], arnOf(scope, 'ecs', 'cluster/*')),
  statement('ReadAllServices', ['ecs:DescribeServices'], arnOf(scope, 'ecs', 'service/*')),
  statement(
    'ReadAllRepositories',
    ['ecr:DescribeImages', 'ecr:DescribeRepositories'],
    arnOf(scope, 'ecr', 'repository/*'),
  ),
  statement(
    'ReadEstate',
    [
      'autoscaling:DescribeAutoScalingGroups',
      'cloudwatch:DescribeAlarms',
      'ec2:DescribeLaunchTemplateVersions',
      'ecs:DescribeTaskDefinition',
      'elasticloadbalancing:DescribeListeners',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeRules',
      'elasticloadbalancing:DescribeTargetGroups',
    ],
    '*',
    inRegion(scope),
  ),
]
