import type { EcsInfra, InfraPlan, InfraService } from '../domain/infra.js'
import { targetGroup } from './entrance.js'
import { att, logical, policy, ref, sub, type Resource, type Resources, type Value } from './template.js'

type What = 'errors' | 'refused' | 'slow' | 'unhealthy' | 'memory'

/** The logical id of a service's alarm. */
export const alarmId = (service: Pick<InfraService, 'name'>, what: What): string =>
  `${logical(service.name)}${logical(what)}Alarm`

/** The name that rollouts call an alarm by. */
const alarmName = (plan: Pick<InfraPlan, 'stack'>, what: string): string => `${plan.stack}-${what}`

const balancer = att('LoadBalancer', 'LoadBalancerFullName')

/** Where a service's measures of the load balancer are found. */
const dimensionsOf = (service: InfraService): readonly Value[] => [
  { Name: 'LoadBalancer', Value: balancer },
  { Name: 'TargetGroup', Value: att(targetGroup(service), 'TargetGroupFullName') },
]

interface Rule {
  readonly name: string
  readonly description: string
  readonly threshold: number
  readonly measure: { readonly [key: string]: Value }
  readonly comparison?: string
  readonly of?: readonly [fails: number, minutes: number]
}

function alarm(plan: InfraPlan, { name, description, threshold, measure, comparison, of = [2, 3] }: Rule): Resource {
  const told = isTold(plan) ? { AlarmActions: [topicOf(plan)], OKActions: [topicOf(plan)] } : {}
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: alarmName(plan, name),
      AlarmDescription: description,
      ...measure,
      ComparisonOperator: comparison ?? 'GreaterThanThreshold',
      Threshold: threshold,
      DatapointsToAlarm: of[0],
      EvaluationPeriods: of[1],
      // Nothing asked is nothing wrong. An alarm without data would hold up every rollout that watches it.
      TreatMissingData: 'notBreaching',
      ...told,
    },
  }
}

/** Percent of a service's requests that were answered with those codes; few requests say nothing. */
function rate(service: InfraService, metric: string): { readonly [key: string]: Value } {
  const sum = (id: string, name: string): Value => ({
    Id: id,
    ReturnData: false,
    MetricStat: {
      Metric: { Namespace: 'AWS/ApplicationELB', MetricName: name, Dimensions: dimensionsOf(service) },
      Period: 60,
      Stat: 'Sum',
    },
  })
  return {
    Metrics: [
      {
        Id: 'rate',
        Label: 'percent of requests',
        ReturnData: true,
        Expression: 'IF(requests >= 10, 100 * FILL(bad, 0) / requests, 0)',
      },
      sum('bad', metric),
      sum('requests', 'RequestCount'),
    ],
  }
}

const single = (
  metric: string,
  statistic: string,
  dimensions: readonly Value[],
  namespace = 'AWS/ApplicationELB',
): { readonly [key: string]: Value } => ({
  Namespace: namespace,
  MetricName: metric,
  Dimensions: dimensions,
  Period: 60,
  ...(statistic.startsWith('p') ? { ExtendedStatistic: statistic } : { Statistic: statistic }),
})

/** The alarms of a stack; rollouts may watch them by their names. */
export function alarmsOf(plan: InfraPlan): Resources {
  const { errors, latency } = plan.alarms
  const each = plan.services.flatMap((service): readonly [string, Resource][] => [
    [
      alarmId(service, 'errors'),
      alarm(plan, {
        name: `${service.name}-5xx`,
        description: `${service.name} answers more than ${errors} % of requests with 5xx`,
        threshold: errors,
        measure: rate(service, 'HTTPCode_Target_5XX_Count'),
      }),
    ],
    [
      alarmId(service, 'refused'),
      alarm(plan, {
        name: `${service.name}-4xx`,
        description: `${service.name} refuses more than half of all requests`,
        threshold: 50,
        measure: rate(service, 'HTTPCode_Target_4XX_Count'),
        of: [5, 5],
      }),
    ],
    [
      alarmId(service, 'slow'),
      alarm(plan, {
        name: `${service.name}-latency`,
        description: `One request in twenty of ${service.name} takes longer than ${latency / 1000} s`,
        threshold: latency / 1000,
        measure: single('TargetResponseTime', 'p95', dimensionsOf(service)),
      }),
    ],
    // A rollout has targets that are not healthy yet: this one is for what stays so.
    [
      alarmId(service, 'unhealthy'),
      alarm(plan, {
        name: `${service.name}-unhealthy`,
        description: `${service.name} has targets that do not become healthy`,
        threshold: 0,
        measure: single('UnHealthyHostCount', 'Minimum', dimensionsOf(service)),
        of: [10, 10],
      }),
    ],
    ...(plan.kind === 'ecs' ? [memoryAlarm(plan, service)] : []),
  ])
  return {
    ...toldOf(plan),
    ...Object.fromEntries(each),
    BalancerErrorsAlarm: alarm(plan, {
      name: 'balancer-5xx',
      description: 'The load balancer has no target that answers',
      threshold: 5,
      measure: single('HTTPCode_ELB_5XX_Count', 'Sum', [{ Name: 'LoadBalancer', Value: balancer }]),
    }),
    ...(plan.kind === 'asg' && {
      ProcessorAlarm: alarm(plan, {
        name: 'processor',
        description: 'The instances are busier than scaling can help',
        threshold: 90,
        measure: single('CPUUtilization', 'Average', [{ Name: 'AutoScalingGroupName', Value: plan.group }], 'AWS/EC2'),
        of: [10, 10],
      }),
    }),
    ...(plan.modelCache?.throughput === 'bursting' && {
      ModelCacheCreditsAlarm: alarm(plan, {
        name: 'models-credits',
        description: 'The model cache has used up most of its burst credits: reading models will be slow',
        // Half of what a file system begins with: https://docs.aws.amazon.com/efs/latest/ug/performance.html
        threshold: 1.05e12,
        comparison: 'LessThanThreshold',
        measure: single(
          'BurstCreditBalance',
          'Minimum',
          [{ Name: 'FileSystemId', Value: ref('ModelCache') }],
          'AWS/EFS',
        ),
      }),
    }),
  }
}

function memoryAlarm(plan: EcsInfra, service: InfraService): [string, Resource] {
  const dimensions = [
    { Name: 'ClusterName', Value: ref('Cluster') },
    { Name: 'ServiceName', Value: plan.services.find(({ name }) => name === service.name)?.service ?? service.name },
  ]
  return [
    alarmId(service, 'memory'),
    alarm(plan, {
      name: `${service.name}-memory`,
      description: `${service.name} has used 90 % of its memory: the next model may be killed`,
      threshold: 90,
      measure: single('MemoryUtilization', 'Maximum', dimensions, 'AWS/ECS'),
    }),
  ]
}

const isTold = ({ alarms }: InfraPlan): boolean => alarms.topic !== undefined || alarms.email !== undefined
const topicOf = ({ alarms }: InfraPlan): Value => alarms.topic ?? ref('Topic')

/** Who is told, and of which events. A topic of ours has a key of its own: AWS's key for SNS lets no alarm write. */
function toldOf(plan: InfraPlan): Resources {
  if (!isTold(plan)) return {}
  const services = ['cloudwatch.amazonaws.com', 'events.amazonaws.com']
  const rule: Resource = {
    note: 'A rollout that ended badly, whoever started it.',
    Type: 'AWS::Events::Rule',
    Properties: {
      Description: `Rollouts of ${plan.stack} that failed or were rolled back`,
      EventPattern: plan.kind === 'asg' ? refreshPattern(plan.group) : deploymentPattern(plan),
      Targets: [{ Id: 'told', Arn: topicOf(plan) }],
    },
  }
  if (plan.alarms.topic !== undefined) return { FailedRollouts: rule }
  return {
    TopicKey: {
      note: 'Alarms can not write to a topic that has the key of AWS itself.',
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: {
        Description: `Alarms of ${plan.stack}`,
        EnableKeyRotation: true,
        PendingWindowInDays: 7,
        KeyPolicy: policy(
          {
            Effect: 'Allow',
            Principal: { AWS: sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:root') },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Principal: { Service: services },
            Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
            Resource: '*',
          },
        ),
      },
    },
    Topic: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        KmsMasterKeyId: att('TopicKey', 'Arn'),
        Subscription: [{ Protocol: 'email', Endpoint: plan.alarms.email ?? '' }],
      },
    },
    TopicPolicy: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref('Topic')],
        PolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: services },
          Action: 'sns:Publish',
          Resource: ref('Topic'),
          Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } },
        }),
      },
    },
    FailedRollouts: rule,
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-eventbridge-events.html
const refreshPattern = (group: string): Value => ({
  source: ['aws.autoscaling'],
  'detail-type': [
    'EC2 Auto Scaling Instance Refresh Failed',
    'EC2 Auto Scaling Instance Refresh Rollback Started',
    'EC2 Auto Scaling Instance Refresh Rollback Failed',
  ],
  detail: { AutoScalingGroupName: [group] },
})

// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
const deploymentPattern = (plan: EcsInfra): Value => ({
  source: ['aws.ecs'],
  'detail-type': ['ECS Deployment State Change'],
  resources: plan.services.map(({ service }) =>
    sub(`arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:service/${plan.cluster}/${service}`),
  ),
  detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
})
