import { ledgerStatements } from './deploy.js'
import {
  arnOf,
  globalArn,
  inRegion,
  partition,
  principal,
  statement,
  type PolicyScope,
  type PolicyStack,
  type Statement,
} from './document.js'
import { readStatements } from './read.js'
import { ownRoles, stackActions } from './stack-actions.js'

/**
 * Only what CloudFormation does for this identity, not what the identity does by itself:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia
 */
const throughStacks = { 'ForAnyValue:StringEquals': { 'aws:CalledVia': ['cloudformation.amazonaws.com'] } }

/** What `infra diff`, `deploy`, `destroy` and `outputs` need; nothing where others keep the infrastructure. */
export function infraStatements(scope: PolicyScope): readonly Statement[] {
  const { infra, fleet, region } = scope
  if (infra === undefined) return []
  return [
    ...readStatements(scope),
    ...ledgerStatements(scope),
    statement(
      'KeepStack',
      [
        'cloudformation:ContinueUpdateRollback',
        'cloudformation:CreateChangeSet',
        'cloudformation:DeleteChangeSet',
        'cloudformation:DeleteStack',
        'cloudformation:DescribeChangeSet',
        'cloudformation:DescribeStackEvents',
        'cloudformation:DescribeStacks',
        'cloudformation:ExecuteChangeSet',
        'cloudformation:GetTemplate',
        'cloudformation:TagResource',
      ],
      arnOf(scope, 'cloudformation', `stack/${infra.name}/*`),
    ),
    // The first machines of a group are the newest Amazon Linux.
    ...(fleet.kind === 'asg'
      ? [statement('FindMachineImage', ['ssm:GetParameter'], `arn:${partition(region)}:ssm:${region}::parameter/aws/*`)]
      : []),
    ...resourceStatements(scope, infra),
  ]
}

// CloudFormation names roles by the stack, and cuts names that become too long.
const ownNames = ({ name }: PolicyStack): string => `${name.slice(0, 20)}*`

function resourceStatements(scope: PolicyScope, stack: PolicyStack): readonly Statement[] {
  const all = [...new Set(stack.types.flatMap((type) => stackActions[type] ?? []))]
  const of = (pattern: RegExp): readonly string[] => all.filter((action) => pattern.test(action))
  const regional = of(/^(?!iam:|route53:|cloudwatch:\w+Dashboard)/)
  const when = { ...throughStacks, ...inRegion(scope) }
  const roles = of(/^iam:/)
  const dashboards = of(/^cloudwatch:\w+Dashboard/)
  const zones = of(/^route53:/)
  const handsOn = scope.fleet.kind === 'asg' ? principal('ec2', scope.region) : 'ecs-tasks.amazonaws.com'
  const services = [...new Set(stack.types.flatMap((type) => ownRoles[type] ?? []))].toSorted()
  return [
    // Names and ids of most of it are CloudFormation's own, made as it goes: these are bound to its being asked.
    statement('BuildStack', regional, '*', when),
    statement(
      'KeepRolesOfStack',
      roles,
      ['role', 'instance-profile'].map((kind) => globalArn(scope, 'iam', `${kind}/${ownNames(stack)}`)),
      throughStacks,
    ),
    statement('PassRolesOfStack', ['iam:PassRole'], globalArn(scope, 'iam', `role/${ownNames(stack)}`), {
      StringEquals: { 'iam:PassedToService': handsOn },
    }),
    statement(
      'MakeRolesOfServices',
      ['iam:CreateServiceLinkedRole'],
      services.map((service) => globalArn(scope, 'iam', `role/aws-service-role/${service}/*`)),
      { StringEquals: { 'iam:AWSServiceName': services } },
    ),
    statement(
      'KeepDashboardOfStack',
      dashboards,
      globalArn(scope, 'cloudwatch', `dashboard/${scope.monitoring?.prefix ?? '*'}`),
      throughStacks,
    ),
    ...(zones.length === 0
      ? []
      : [
          statement(
            'KeepRecordsOfStack',
            zones,
            [`hostedzone/${stack.zone ?? '*'}`, 'change/*'].map(
              (resource) => `arn:${partition(scope.region)}:route53:::${resource}`,
            ),
            throughStacks,
          ),
        ]),
  ]
}
