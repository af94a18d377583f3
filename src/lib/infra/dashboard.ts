import type { InfraPlan, InfraService } from '../domain/infra.js'
import { targetGroup } from './entrance.js'
import { sub, type Resource } from './template.js'

type Metric = readonly (string | { readonly [key: string]: string | boolean })[]

interface Panel {
  readonly title: string
  readonly metrics: readonly Metric[]
  readonly stat?: string
}

const balancer = '${LoadBalancer.LoadBalancerFullName}'

function panelsOf(plan: InfraPlan): readonly Panel[] {
  const each = (metric: string, stat: string): readonly Metric[] =>
    plan.services.map((service: InfraService) => [
      'AWS/ApplicationELB',
      metric,
      'TargetGroup',
      `\${${targetGroup(service)}.TargetGroupFullName}`,
      'LoadBalancer',
      balancer,
      { label: service.name, stat },
    ])
  const tasks = (metric: string): readonly Metric[] =>
    plan.kind === 'ecs'
      ? plan.services.map(({ name, service }) => [
          'AWS/ECS',
          metric,
          'ClusterName',
          plan.cluster,
          'ServiceName',
          service,
          { label: name },
        ])
      : [['AWS/EC2', metric, 'AutoScalingGroupName', plan.group, { label: 'instances' }]]
  return [
    { title: 'Requests', metrics: each('RequestCount', 'Sum') },
    { title: 'Answers 5xx', metrics: each('HTTPCode_Target_5XX_Count', 'Sum') },
    { title: 'Response time, 95th percentile', metrics: each('TargetResponseTime', 'p95') },
    { title: 'Healthy targets', metrics: each('HealthyHostCount', 'Minimum') },
    { title: 'Processors, percent', metrics: tasks('CPUUtilization') },
    ...(plan.kind === 'ecs' ? [{ title: 'Memory, percent', metrics: tasks('MemoryUtilization') }] : []),
    ...(plan.modelCache === undefined
      ? []
      : [
          {
            title: 'Burst credits of the model cache',
            metrics: [['AWS/EFS', 'BurstCreditBalance', 'FileSystemId', '${ModelCache}']],
          },
        ]),
  ]
}

/** The dashboard: what users see on the left, what it costs the machines on the right. */
export function dashboardOf(plan: InfraPlan): Resource {
  const widgets = panelsOf(plan).map(({ title, metrics, stat = 'Average' }, index) => ({
    type: 'metric',
    x: 12 * (index % 2),
    y: 6 * Math.floor(index / 2),
    width: 12,
    height: 6,
    properties: { title, region: '${AWS::Region}', period: 60, stat, metrics },
  }))
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: plan.stack,
      DashboardBody: sub(`{"widgets": [\n${widgets.map((one) => JSON.stringify(one)).join(',\n')}\n]}`),
    },
  }
}
