import { arnOf, inRegion, statement, type PolicyScope, type Statement } from './document.js'

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
  ]
}
