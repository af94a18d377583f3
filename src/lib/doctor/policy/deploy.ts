import {
  arnOf,
  globalArn,
  inRegion,
  partition,
  principal,
  statement,
  type PolicyScope,
  type Statement,
} from './document.js'
import { pushAppImages } from './images.js'
import { markDashboard } from './monitoring.js'
import { readStatements } from './read.js'
import { lookAtSecrets } from './secrets.js'

const scalesServices = 'ecs.application-autoscaling.amazonaws.com'

/** What `verify` needs beside what only looks: instances are asked what they run. */
export function verifyStatements(scope: PolicyScope): readonly Statement[] {
  const { region, fleet } = scope
  const looks = [...readStatements(scope), ...lookAtSecrets(scope)]
  if (fleet.kind === 'ecs') {
    return [
      ...looks,
      statement('ReadBounds', ['application-autoscaling:DescribeScalableTargets'], '*', inRegion(scope)),
      // Metrics have no resource level. Without it, the memory of the services is not looked at.
      statement('ReadMemory', ['cloudwatch:GetMetricData'], '*', inRegion(scope)),
    ]
  }
  return [
    ...looks,
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html: a command needs both, its
    // document and its machines. Without these the proof is of a lower grade.
    statement(
      'AskInstancesBy',
      ['ssm:SendCommand'],
      `arn:${partition(region)}:ssm:${region}::document/AWS-RunShellScript`,
    ),
    statement('AskInstances', ['ssm:SendCommand'], arnOf(scope, 'ec2', 'instance/*'), {
      StringEquals: { 'ssm:resourceTag/aws:autoscaling:groupName': fleet.group },
    }),
    statement(
      'ReadAnswersOfInstances',
      ['ssm:DescribeInstanceInformation', 'ssm:GetCommandInvocation', 'ssm:ListCommandInvocations'],
      '*',
      inRegion(scope),
    ),
    ...(fleet.direct === true ? [statement('FindInstances', ['ec2:DescribeInstances'], '*', inRegion(scope))] : []),
  ]
}

/** Notes of releases, and the lock. */
export const ledgerStatements = (scope: PolicyScope): readonly Statement[] =>
  scope.ledger === undefined
    ? []
    : [
        statement(
          'KeepReleases',
          [
            'ssm:DeleteParameter',
            'ssm:GetParameter',
            'ssm:GetParameterHistory',
            'ssm:GetParametersByPath',
            'ssm:PutParameter',
          ],
          arnOf(scope, 'ssm', `parameter/rampart/${scope.ledger.app}/${scope.ledger.environment}/*`),
        ),
      ]

/** What deploy, rollback, abort, scale and the lock need beside what `verify` does. */
export function deployStatements(scope: PolicyScope): readonly Statement[] {
  const { fleet } = scope
  return [
    ...pushAppImages(scope),
    ...verifyStatements(scope),
    ...ledgerStatements(scope),
    ...markDashboard(scope),
    ...(fleet.kind === 'asg' ? groupStatements(scope, fleet.group) : serviceStatements(scope, fleet)),
  ]
}

function groupStatements(scope: PolicyScope, group: string): readonly Statement[] {
  const template = arnOf(scope, 'ec2', `launch-template/${scope.launchTemplate ?? '*'}`)
  return [
    statement('Record', ['ec2:CreateLaunchTemplateVersion'], template),
    // Asked where the type has changed since memory was measured; it has no resource level.
    statement('ReadSizes', ['ec2:DescribeInstanceTypes'], '*', inRegion(scope)),
    statement(
      'RollOut',
      [
        'autoscaling:CancelInstanceRefresh',
        'autoscaling:RollbackInstanceRefresh',
        'autoscaling:SetDesiredCapacity',
        'autoscaling:StartInstanceRefresh',
        'autoscaling:UpdateAutoScalingGroup',
      ],
      arnOf(scope, 'autoscaling', `autoScalingGroup:*:autoScalingGroupName/${group}`),
    ),
    // Whoever names a launch template to Auto Scaling must be allowed to launch from it, to set the tags in it and to
    // pass its role: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    statement('LaunchFromTemplate', ['ec2:RunInstances'], '*', { ArnLike: { 'ec2:LaunchTemplate': template } }),
    statement('TagWhatIsLaunched', ['ec2:CreateTags'], arnOf(scope, 'ec2', '*/*'), {
      StringEquals: { 'ec2:CreateAction': 'RunInstances' },
    }),
    statement('PassInstanceRole', ['iam:PassRole'], globalArn(scope, 'iam', 'role/*'), {
      StringEquals: { 'iam:PassedToService': principal('ec2', scope.region) },
    }),
  ]
}

function serviceStatements(
  scope: PolicyScope,
  { cluster, services }: Extract<PolicyScope['fleet'], { kind: 'ecs' }>,
): readonly Statement[] {
  const own = services.map((name) => `${cluster}/${name}`)
  const definitions = arnOf(scope, 'ecs', 'task-definition/*:*')
  return [
    statement(
      'RollOut',
      ['ecs:UpdateService'],
      own.map((name) => arnOf(scope, 'ecs', `service/${name}`)),
    ),
    statement(
      'SteerDeployments',
      ['ecs:ContinueServiceDeployment', 'ecs:StopServiceDeployment'],
      own.map((name) => arnOf(scope, 'ecs', `service-deployment/${name}/*`)),
    ),
    statement(
      'MoveBounds',
      ['application-autoscaling:RegisterScalableTarget'],
      arnOf(scope, 'application-autoscaling', 'scalable-target/*'),
      { StringEquals: { 'application-autoscaling:service-namespace': 'ecs' } },
    ),
    // The first bounds of an account make Application Auto Scaling's own role:
    // https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
    statement(
      'LetBoundsHold',
      ['iam:CreateServiceLinkedRole'],
      globalArn(scope, 'iam', `role/aws-service-role/${scalesServices}/*`),
      { StringEquals: { 'iam:AWSServiceName': scalesServices } },
    ),
    statement('Record', ['ecs:RegisterTaskDefinition'], definitions),
    statement('TagWhatIsRegistered', ['ecs:TagResource'], definitions, {
      StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' },
    }),
    // Whoever registers a task definition hands its two roles on.
    statement('PassTaskRoles', ['iam:PassRole'], globalArn(scope, 'iam', 'role/*'), {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    }),
  ]
}
