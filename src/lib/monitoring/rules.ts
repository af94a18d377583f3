import type { AlarmProperties, Dimension, MetricQuery, MonitoringPlan } from '../domain/monitoring.js'

type WatchedService = MonitoringPlan['services'][number]

/** Where measures are found: as plain text for requests, as references for a template. */
export interface Places<V> {
  /** As CloudWatch knows the load balancer: `app/name/id`. */
  readonly balancer: V
  /** As CloudWatch knows the target group of a service: `targetgroup/name/id`. */
  readonly targetGroup: (service: string) => V
  readonly cluster: V
  readonly fileSystem?: V
  /** The topic that is told; undefined when nobody is. */
  readonly topic?: V
}

/** An alarm, with what makes its logical id in a template. */
export interface AlarmRule<V> {
  readonly about: readonly [subject: string, what: string]
  readonly properties: AlarmProperties<V>
}

type Measure<V> = Pick<
  AlarmProperties<V>,
  'Namespace' | 'MetricName' | 'Dimensions' | 'Period' | 'Statistic' | 'ExtendedStatistic' | 'Metrics'
>

interface Wanted<V> {
  readonly about: AlarmRule<V>['about']
  /** Without the prefix. */
  readonly name: string
  readonly description: string
  readonly threshold: number
  readonly measure: Measure<V>
  readonly comparison?: string
  readonly of?: readonly [fails: number, minutes: number]
}

const at = <V>(Name: string, Value: V): Dimension<V> => ({ Name, Value })

/** Percent of requests that were answered with those codes; few requests say nothing. */
function rate<V>(dimensions: readonly Dimension<V>[], metric: string): Measure<V> {
  const sum = (id: string, name: string): MetricQuery<V> => ({
    Id: id,
    ReturnData: false,
    MetricStat: {
      Metric: { Namespace: 'AWS/ApplicationELB', MetricName: name, Dimensions: dimensions },
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

const single = <V>(
  metric: string,
  statistic: string,
  dimensions: readonly Dimension<V>[],
  namespace = 'AWS/ApplicationELB',
): Measure<V> => ({
  Namespace: namespace,
  MetricName: metric,
  Dimensions: dimensions,
  Period: 60,
  ...(statistic.startsWith('p') ? { ExtendedStatistic: statistic } : { Statistic: statistic }),
})

function ofService<V>(plan: MonitoringPlan, service: WatchedService, places: Places<V>): readonly Wanted<V>[] {
  const { errors, latency } = plan
  const { name } = service
  const dimensions = [at('LoadBalancer', places.balancer), at('TargetGroup', places.targetGroup(name))]
  return [
    {
      about: [name, 'errors'],
      name: `${name}-5xx`,
      description: `${name} answers more than ${errors} % of requests with 5xx`,
      threshold: errors,
      measure: rate(dimensions, 'HTTPCode_Target_5XX_Count'),
    },
    {
      about: [name, 'refused'],
      name: `${name}-4xx`,
      description: `${name} refuses more than half of all requests`,
      threshold: 50,
      measure: rate(dimensions, 'HTTPCode_Target_4XX_Count'),
      of: [5, 5],
    },
    {
      about: [name, 'slow'],
      name: `${name}-latency`,
      description: `One request in twenty of ${name} takes longer than ${latency / 1000} s`,
      threshold: latency / 1000,
      measure: single('TargetResponseTime', 'p95', dimensions),
    },
    // A rollout has targets that are not healthy yet: this one is for what stays so.
    {
      about: [name, 'unhealthy'],
      name: `${name}-unhealthy`,
      description: `${name} has targets that do not become healthy`,
      threshold: 0,
      measure: single('UnHealthyHostCount', 'Minimum', dimensions),
      of: [10, 10],
    },
    ...(service.service === undefined ? [] : [memory(name, service.service, places)]),
  ]
}

/** Fargate alone tells how full memory is; instances would need an agent that does. */
const memory = <V>(name: string, service: string, { cluster }: Places<V>): Wanted<V> => ({
  about: [name, 'memory'],
  name: `${name}-memory`,
  description: `${name} has used 90 % of its memory: the next model may be killed`,
  threshold: 90,
  measure: single<V | string>(
    'MemoryUtilization',
    'Maximum',
    [at('ClusterName', cluster), at('ServiceName', service)],
    'AWS/ECS',
  ) as Measure<V>,
})

function ofAll<V>(plan: MonitoringPlan, places: Places<V>): readonly Wanted<V>[] {
  return [
    {
      about: ['balancer', 'errors'],
      name: 'balancer-5xx',
      description: 'The load balancer has no target that answers',
      threshold: 5,
      measure: single('HTTPCode_ELB_5XX_Count', 'Sum', [at('LoadBalancer', places.balancer)]),
    },
    ...(plan.fleet.kind === 'ecs'
      ? []
      : [
          {
            about: ['processor', ''],
            name: 'processor',
            description: 'The instances are busier than scaling can help',
            threshold: 90,
            measure: single<V | string>(
              'CPUUtilization',
              'Average',
              [at('AutoScalingGroupName', plan.fleet.group)],
              'AWS/EC2',
            ) as Measure<V>,
            of: [10, 10],
          } satisfies Wanted<V>,
        ]),
    ...(plan.cache?.isBursting !== true || places.fileSystem === undefined
      ? []
      : [
          {
            about: ['modelCache', 'credits'],
            name: 'models-credits',
            description: 'The model cache has used up most of its burst credits: reading models will be slow',
            // Half of what a file system begins with: https://docs.aws.amazon.com/efs/latest/ug/performance.html
            threshold: 1.05e12,
            comparison: 'LessThanThreshold',
            measure: single('BurstCreditBalance', 'Minimum', [at('FileSystemId', places.fileSystem)], 'AWS/EFS'),
          } satisfies Wanted<V>,
        ]),
  ]
}

/** The alarms of an environment. Rollouts may watch them by their names. */
export function alarmRules<V>(plan: MonitoringPlan, places: Places<V>): readonly AlarmRule<V>[] {
  const { topic } = places
  return [...plan.services.flatMap((service) => ofService(plan, service, places)), ...ofAll(plan, places)].map(
    ({ about, name, description, threshold, measure, comparison, of = [2, 3] }) => ({
      about,
      properties: {
        AlarmName: `${plan.prefix}-${name}`,
        AlarmDescription: description,
        ...measure,
        ComparisonOperator: comparison ?? 'GreaterThanThreshold',
        Threshold: threshold,
        DatapointsToAlarm: of[0],
        EvaluationPeriods: of[1],
        // Nothing asked is nothing wrong. An alarm without data would hold up every rollout that watches it.
        TreatMissingData: 'notBreaching',
        ...(topic !== undefined && { AlarmActions: [topic], OKActions: [topic] }),
      },
    }),
  )
}

/** Names that everything of an environment is found by, whoever made it. */
export const topicName = ({ prefix }: Pick<MonitoringPlan, 'prefix'>): string => `${prefix}-alarms`
export const ruleName = ({ prefix }: Pick<MonitoringPlan, 'prefix'>): string => `${prefix}-failed-rollouts`

/** The target of {@link ruleName}'s rule. */
export const ruleTarget = 'told'

/** What the rule is about. */
export const ruleDescription = ({ prefix }: Pick<MonitoringPlan, 'prefix'>): string =>
  `Rollouts of ${prefix} that failed or were rolled back`

/** The services of AWS that write to the topic. */
export const topicWriters: readonly string[] = ['cloudwatch.amazonaws.com', 'events.amazonaws.com']

/** The events of rollouts that ended badly, whoever started them. `serviceArn` makes the ARN of an ECS service. */
export function failedRollouts<V>(plan: MonitoringPlan, serviceArn: (cluster: string, service: string) => V) {
  const { fleet } = plan
  if (fleet.kind === 'asg') {
    // https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-eventbridge-events.html
    return {
      source: ['aws.autoscaling'],
      'detail-type': [
        'EC2 Auto Scaling Instance Refresh Failed',
        'EC2 Auto Scaling Instance Refresh Rollback Started',
        'EC2 Auto Scaling Instance Refresh Rollback Failed',
      ],
      detail: { AutoScalingGroupName: [fleet.group] },
    }
  }
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
  return {
    source: ['aws.ecs'],
    'detail-type': ['ECS Deployment State Change'],
    resources: plan.services.map(({ name, service }) => serviceArn(fleet.cluster, service ?? name)),
    detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
  }
}
