import { cacheStatements } from './cache-policy.js'

/** What a policy is narrowed to. */
export interface PolicyScope {
  readonly region: string
  /** Twelve digits; undefined when nobody could be asked, which leaves the account open. */
  readonly account: string | undefined
  /** What is rolled. */
  readonly fleet:
    /** `direct` where its instances are asked at their own addresses. */
    | { readonly kind: 'asg'; readonly group: string; readonly direct?: boolean }
    | { readonly kind: 'ecs'; readonly cluster: string; readonly services: readonly string[] }
  /** The group's launch template, when it could be read. */
  readonly launchTemplate: string | undefined
  /** Repositories of app images in the account's ECR; none when the registry is another one. */
  readonly repositories: readonly string[]
  /** Repositories of base images, which a deploy reads only and `base build` makes and fills. */
  readonly baseRepositories: readonly string[]
  readonly logGroup: string | undefined
  readonly alarms: boolean
  /** Secrets that `rampart secrets` looks after, by name; undefined where the configuration names none. */
  readonly secrets?: { readonly app: string; readonly names: readonly string[] }
  /** What its alarms and its dashboard are called; undefined where rampart keeps none. `topic` is one of its own. */
  readonly monitoring?: {
    readonly prefix: string
    readonly topic: string | undefined
    readonly rule: string
    readonly isStack: boolean
    readonly hasCache: boolean
  }
  /** The model cache of its stack, by the stack's name; `cluster` is where it is filled. */
  readonly cache?: {
    readonly app: string
    readonly environment: string
    readonly stack: string
    readonly cluster: string
    readonly logGroup: string
  }
  /** What keeps its releases and its lock in Parameter Store; undefined where nothing is kept. */
  readonly ledger: { readonly app: string; readonly environment: string } | undefined
}

/** One of a policy's statements. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** An IAM policy document: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

// https://docs.aws.amazon.com/general/latest/gr/rande.html
/** The AWS partition of a region, as ARNs name it. */
export function partition(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

const readImages = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']
const pushImages = ['ecr:CompleteLayerUpload', 'ecr:InitiateLayerUpload', 'ecr:PutImage', 'ecr:UploadLayerPart']

const readGroups = [
  'autoscaling:DescribeAutoScalingGroups',
  'autoscaling:DescribeInstanceRefreshes',
  'autoscaling:DescribeScalingActivities',
  'ec2:DescribeLaunchTemplateVersions',
]
// These have no resource level.
const readDefinitions = [
  'application-autoscaling:DescribeScalableTargets',
  'ecs:DescribeTaskDefinition',
  'ecs:ListTaskDefinitions',
]

const scalesServices = 'ecs.application-autoscaling.amazonaws.com'

/** The statements that an identity can do without that deploys and builds no bases. */
export const baseBuildStatements: readonly string[] = ['PushBaseImages', 'MakeBaseRepositories']

/**
 * The least that an identity must be allowed to preflight, deploy, watch, roll back, build bases and ask the status and
 * the doctor of one environment. Operations that have no resource level stand on `*`: the service authorization reference
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/) says which those are.
 */
export function leastPrivilege(scope: PolicyScope): PolicyDocument {
  const { region, fleet, repositories, baseRepositories, logGroup } = scope
  const account = scope.account ?? '*'
  const arn = (service: string, resource: string): string =>
    `arn:${partition(region)}:${service}:${region}:${account}:${resource}`
  const template = arn('ec2', `launch-template/${scope.launchTemplate ?? '*'}`)
  const statement = (
    Sid: string,
    Action: readonly string[],
    Resource: Statement['Resource'],
    Condition?: Statement['Condition'],
  ): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition !== undefined && { Condition }) })
  const inRegion = { StringEquals: { 'aws:RequestedRegion': region } }

  const groupStatements = (group: string, direct: boolean): readonly Statement[] => [
    statement('Record', ['ec2:CreateLaunchTemplateVersion'], template),
    statement(
      'RollOut',
      [
        'autoscaling:CancelInstanceRefresh',
        'autoscaling:RollbackInstanceRefresh',
        'autoscaling:SetDesiredCapacity',
        'autoscaling:StartInstanceRefresh',
        'autoscaling:UpdateAutoScalingGroup',
      ],
      arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${group}`),
    ),
    // https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html: a command needs both, its
    // document and its machines. Without these the proof is of a lower grade.
    statement(
      'AskInstancesBy',
      ['ssm:SendCommand'],
      `arn:${partition(region)}:ssm:${region}::document/AWS-RunShellScript`,
    ),
    statement('AskInstances', ['ssm:SendCommand'], arn('ec2', 'instance/*'), {
      StringEquals: { 'ssm:resourceTag/aws:autoscaling:groupName': group },
    }),
    statement(
      'ReadAnswersOfInstances',
      ['ssm:DescribeInstanceInformation', 'ssm:GetCommandInvocation', 'ssm:ListCommandInvocations'],
      '*',
      inRegion,
    ),
    ...(direct ? [statement('FindInstances', ['ec2:DescribeInstances'], '*', inRegion)] : []),
    // Whoever names a launch template to Auto Scaling must be allowed to launch from it, to set the tags in it and to
    // pass its role: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    statement('LaunchFromTemplate', ['ec2:RunInstances'], '*', { ArnLike: { 'ec2:LaunchTemplate': template } }),
    statement('TagWhatIsLaunched', ['ec2:CreateTags'], arn('ec2', '*/*'), {
      StringEquals: { 'ec2:CreateAction': 'RunInstances' },
    }),
    statement('PassInstanceRole', ['iam:PassRole'], `arn:${partition(region)}:iam::${account}:role/*`, {
      StringEquals: {
        'iam:PassedToService': region.startsWith('cn-') ? 'ec2.amazonaws.com.cn' : 'ec2.amazonaws.com',
      },
    }),
  ]
  const serviceStatements = ({
    cluster,
    services,
  }: Extract<PolicyScope['fleet'], { kind: 'ecs' }>): readonly Statement[] => {
    const own = services.map((name) => `${cluster}/${name}`)
    return [
      statement('ReadCluster', ['ecs:DescribeClusters'], arn('ecs', `cluster/${cluster}`)),
      statement(
        'RollOut',
        ['ecs:DescribeServices', 'ecs:ListServiceDeployments', 'ecs:UpdateService'],
        own.map((name) => arn('ecs', `service/${name}`)),
      ),
      statement(
        'FollowDeployments',
        ['ecs:ContinueServiceDeployment', 'ecs:DescribeServiceDeployments', 'ecs:StopServiceDeployment'],
        own.map((name) => arn('ecs', `service-deployment/${name}/*`)),
      ),
      statement(
        'ReadRevisions',
        ['ecs:DescribeServiceRevisions'],
        own.map((name) => arn('ecs', `service-revision/${name}/*`)),
      ),
      statement('ReadTasks', ['ecs:DescribeTasks'], arn('ecs', `task/${cluster}/*`)),
      statement('ListTasks', ['ecs:ListTasks'], '*', {
        ArnEquals: { 'ecs:cluster': arn('ecs', `cluster/${cluster}`) },
      }),
      statement(
        'MoveBounds',
        ['application-autoscaling:RegisterScalableTarget'],
        arn('application-autoscaling', 'scalable-target/*'),
        { StringEquals: { 'application-autoscaling:service-namespace': 'ecs' } },
      ),
      // The first bounds of an account make Application Auto Scaling's own role:
      // https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
      statement(
        'LetBoundsHold',
        ['iam:CreateServiceLinkedRole'],
        `arn:${partition(region)}:iam::${account}:role/aws-service-role/${scalesServices}/*`,
        { StringEquals: { 'iam:AWSServiceName': scalesServices } },
      ),
      statement('Record', ['ecs:RegisterTaskDefinition'], arn('ecs', 'task-definition/*:*')),
      statement('TagWhatIsRegistered', ['ecs:TagResource'], arn('ecs', 'task-definition/*:*'), {
        StringEquals: { 'ecs:CreateAction': 'RegisterTaskDefinition' },
      }),
      // Whoever registers a task definition hands its two roles on.
      statement('PassTaskRoles', ['iam:PassRole'], `arn:${partition(region)}:iam::${account}:role/*`, {
        StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      }),
    ]
  }

  const repository = (name: string): string => arn('ecr', `repository/${name}`)
  const bases = [...new Set(baseRepositories)].map(repository)
  const images: readonly Statement[] =
    repositories.length === 0
      ? []
      : [
          statement('RegistryLogin', ['ecr:GetAuthorizationToken'], '*', inRegion),
          statement(
            'PushAppImages',
            ['ecr:DescribeImages', 'ecr:DescribeRepositories', ...readImages, ...pushImages].sort(),
            repositories.map(repository),
          ),
          statement(
            'ReclaimImages',
            ['ecr:BatchDeleteImage'],
            [...new Set([...repositories.map(repository), ...bases])],
          ),
          ...(bases.length === 0
            ? []
            : [
                statement('ReadBaseImages', ['ecr:DescribeImages', ...readImages].sort(), bases),
                statement('PushBaseImages', ['ecr:DescribeRepositories', ...pushImages].sort(), bases),
                statement('MakeBaseRepositories', ['ecr:CreateRepository', 'ecr:PutLifecyclePolicy'], bases),
              ]),
        ]
  return {
    Version: '2012-10-17',
    Statement: [
      statement('Identity', ['sts:GetCallerIdentity'], '*'),
      ...images,
      statement(
        'Read',
        [
          ...(fleet.kind === 'asg' ? readGroups : readDefinitions),
          // Of a composite alarm AWS tells only who may ask of all:
          // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
          ...(scope.alarms ? ['cloudwatch:DescribeAlarms'] : []),
          'ec2:DescribeSubnets',
          'elasticloadbalancing:DescribeTargetGroupAttributes',
          'elasticloadbalancing:DescribeTargetGroups',
          'elasticloadbalancing:DescribeTargetHealth',
        ].sort(),
        '*',
        inRegion,
      ),
      ...(logGroup === undefined
        ? []
        : [statement('ReadLogs', ['logs:FilterLogEvents'], arn('logs', `log-group:${logGroup}:*`))]),
      ...(scope.secrets === undefined
        ? []
        : [
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
              [...new Set([`${scope.secrets.app}/*`, ...scope.secrets.names.map((name) => `${name}-??????`)])].map(
                (name) => arn('secretsmanager', `secret:${name}`),
              ),
            ),
            statement('ListSecrets', ['secretsmanager:ListSecrets'], '*', inRegion),
          ]),
      ...(scope.ledger === undefined
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
              arn('ssm', `parameter/rampart/${scope.ledger.app}/${scope.ledger.environment}/*`),
            ),
          ]),
      ...monitoringStatements(scope, statement, arn),
      ...cacheStatements(scope, statement, arn, `arn:${partition(region)}:iam::${account}:role/*`),
      ...(fleet.kind === 'asg' ? groupStatements(fleet.group, fleet.direct === true) : serviceStatements(fleet)),
    ],
  }
}

/** Makes a statement. */
export type MakeStatement = (
  sid: string,
  action: readonly string[],
  resource: Statement['Resource'],
  condition?: Statement['Condition'],
) => Statement

/** The statements that `alarms` and `dashboard apply` need, and a deploy does not. */
export const alarmsStatements: readonly string[] = ['ReadAlarms', 'KeepAlarms', 'KeepTopic', 'KeepRule', 'ReadCache']

function monitoringStatements(
  { monitoring, account = '*', region }: PolicyScope,
  statement: MakeStatement,
  arn: (service: string, resource: string) => string,
): readonly Statement[] {
  if (monitoring === undefined) return []
  const { prefix, topic, rule, isStack, hasCache } = monitoring
  return [
    // A deploy draws its release into the dashboard. Dashboards are in no region.
    statement(
      'MarkDashboard',
      ['cloudwatch:GetDashboard', 'cloudwatch:PutDashboard'],
      `arn:${partition(region)}:cloudwatch::${account}:dashboard/${prefix}`,
    ),
    statement('ReadAlarms', ['cloudwatch:DescribeAlarms', 'elasticloadbalancing:DescribeTargetGroups'], '*', {
      StringEquals: { 'aws:RequestedRegion': region },
    }),
    statement(
      'KeepAlarms',
      [
        'cloudwatch:DeleteAlarms',
        'cloudwatch:ListTagsForResource',
        'cloudwatch:PutMetricAlarm',
        'cloudwatch:TagResource',
      ],
      arn('cloudwatch', `alarm:${prefix}-*`),
    ),
    // A stack keeps its topic and its rule itself, and tells the file system of its models.
    ...(isStack
      ? hasCache
        ? [statement('ReadCache', ['cloudformation:DescribeStacks'], arn('cloudformation', `stack/${prefix}/*`))]
        : []
      : [
          ...(topic === undefined
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
                  topic.startsWith('arn:') ? topic : arn('sns', topic),
                ),
              ]),
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
            arn('events', `rule/${rule}`),
          ),
        ]),
  ]
}

/** Every action of a policy, each once, sorted. */
export function actionsOf(policy: PolicyDocument): readonly string[] {
  return [...new Set(policy.Statement.flatMap(({ Action }) => Action))].sort()
}
