import { arnOf, globalArn, inRegion, statement, type PolicyScope, type Statement } from './document.js'

// AWS puts six characters behind a name.
const named = (names: readonly string[]): readonly string[] => names.map((name) => `${name}-??????`)

/** Whether the secrets that services ask for are there, as verify, doctor and rollback look. Their values stay unread. */
export const lookAtSecrets = (scope: PolicyScope): readonly Statement[] =>
  scope.secrets === undefined
    ? []
    : [
        statement(
          'LookAtSecrets',
          ['secretsmanager:DescribeSecret', 'secretsmanager:ListSecretVersionIds'],
          named(scope.secrets.names).map((name) => arnOf(scope, 'secretsmanager', `secret:${name}`)),
        ),
      ]

/** What `secrets set`, `list`, `check` and `policy` need: the app's own names, and those that its services ask for. */
export function secretsStatements(scope: PolicyScope): readonly Statement[] {
  const { secrets } = scope
  if (secrets === undefined) return []
  const names = [...new Set([`${secrets.app}/*`, ...named(secrets.names)])]
  return [
    statement(
      'KeepSecrets',
      [
        'secretsmanager:CreateSecret',
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:ListSecretVersionIds',
        'secretsmanager:PutSecretValue',
        'secretsmanager:TagResource',
      ],
      names.map((name) => arnOf(scope, 'secretsmanager', `secret:${name}`)),
    ),
    statement('ListSecrets', ['secretsmanager:ListSecrets'], '*', inRegion(scope)),
    ...askAboutReaders(scope),
  ]
}

/** Whose role reads them, and whether it may; without it `secrets check` leaves that out. */
function askAboutReaders(scope: PolicyScope): readonly Statement[] {
  const { fleet } = scope
  const asg = fleet.kind === 'asg'
  return [
    statement(
      'AskWhatRolesMay',
      ['iam:SimulatePrincipalPolicy', ...(asg ? ['iam:GetInstanceProfile'] : [])],
      ['role', ...(asg ? ['instance-profile'] : [])].map((kind) => globalArn(scope, 'iam', `${kind}/*`)),
    ),
    statement(
      'FindRoles',
      asg
        ? [
            'autoscaling:DescribeAutoScalingGroups',
            'ec2:DescribeLaunchTemplateVersions',
            ...(scope.cache?.hasToken === true ? ['ecs:DescribeTaskDefinition'] : []),
          ]
        : ['ecs:DescribeTaskDefinition'],
      '*',
      inRegion(scope),
    ),
    ...(asg
      ? []
      : [
          statement('FindCluster', ['ecs:DescribeClusters'], arnOf(scope, 'ecs', `cluster/${fleet.cluster}`)),
          statement(
            'FindServices',
            ['ecs:DescribeServices'],
            fleet.services.map((name) => arnOf(scope, 'ecs', `service/${fleet.cluster}/${name}`)),
          ),
        ]),
  ]
}
