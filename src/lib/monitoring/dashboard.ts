import type { Mark, MonitoringPlan } from '../domain/monitoring.js'
import type { Places } from './rules.js'

type Metric = readonly (string | { readonly [key: string]: string | boolean })[]

interface Panel {
  readonly title: string
  readonly metrics: readonly Metric[]
  readonly stat?: string
}

function panelsOf(plan: MonitoringPlan, places: Places<string>): readonly Panel[] {
  const { fleet } = plan
  const each = (metric: string, stat: string): readonly Metric[] =>
    plan.services.map(({ name }) => [
      'AWS/ApplicationELB',
      metric,
      'TargetGroup',
      places.targetGroup(name),
      'LoadBalancer',
      places.balancer,
      { label: name, stat },
    ])
  const tasks = (metric: string): readonly Metric[] =>
    fleet.kind === 'ecs'
      ? plan.services.map(({ name, service }) => [
          'AWS/ECS',
          metric,
          'ClusterName',
          fleet.cluster,
          'ServiceName',
          service ?? name,
          { label: name },
        ])
      : [['AWS/EC2', metric, 'AutoScalingGroupName', fleet.group, { label: 'instances' }]]
  return [
    { title: 'Requests', metrics: each('RequestCount', 'Sum') },
    { title: 'Answers 5xx', metrics: each('HTTPCode_Target_5XX_Count', 'Sum') },
    { title: 'Response time, 95th percentile', metrics: each('TargetResponseTime', 'p95') },
    { title: 'Healthy targets', metrics: each('HealthyHostCount', 'Minimum') },
    { title: 'Processors, percent', metrics: tasks('CPUUtilization') },
    ...(fleet.kind === 'ecs' ? [{ title: 'Memory, percent', metrics: tasks('MemoryUtilization') }] : []),
    ...(plan.cache === undefined || places.fileSystem === undefined
      ? []
      : [
          {
            title: 'Burst credits of the model cache',
            metrics: [['AWS/EFS', 'BurstCreditBalance', 'FileSystemId', places.fileSystem]],
          },
        ]),
  ]
}

/**
 * The widgets of the dashboard: what users see on the left, what it costs the machines on the right.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function widgetsOf(plan: MonitoringPlan, places: Places<string>, region: string): readonly object[] {
  return panelsOf(plan, places).map(({ title, metrics, stat = 'Average' }, index) => ({
    type: 'metric',
    x: 12 * (index % 2),
    y: 6 * Math.floor(index / 2),
    width: 12,
    height: 6,
    properties: { title, region, period: 60, stat, metrics },
  }))
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the labels of our marks begin with: those of others are left alone. */
const ours = 'release '

/**
 * The body of a dashboard with a vertical line at each release, in place of those that it had; all else stays as it is,
 * also what people have changed. The same text when it has these lines already, or is no dashboard that can be read.
 */
export function withMarks(body: string, marks: readonly Mark[]): string {
  let document: unknown
  try {
    document = JSON.parse(body)
  } catch {
    return body
  }
  if (!isMap(document) || !Array.isArray(document['widgets'])) return body
  const lines = marks.map(({ label, at }) => ({ label: `${ours}${label}`, value: at }))
  const widgets = document['widgets'].map((widget: unknown) => {
    if (!isMap(widget) || widget['type'] !== 'metric' || !isMap(widget['properties'])) return widget
    const { annotations, ...properties } = widget['properties']
    const known = isMap(annotations) ? annotations : {}
    const vertical: readonly unknown[] = Array.isArray(known['vertical']) ? known['vertical'] : []
    const others = vertical.filter((one) => !(isMap(one) && String(one['label']).startsWith(ours)))
    const all = [...others, ...lines]
    const { vertical: _gone, ...rest } = known
    const next = { ...rest, ...(all.length > 0 && { vertical: all }) }
    return {
      ...widget,
      properties: { ...properties, ...(Object.keys(next).length > 0 && { annotations: next }) },
    }
  })
  const marked = JSON.stringify({ ...document, widgets })
  return marked === JSON.stringify(document) ? body : marked
}

/** How many releases are marked: more lines than these say nothing. */
export const markedReleases = 20

/** The console's page of a dashboard. */
export function dashboardAddress(name: string, region: string): string {
  const domain = region.startsWith('cn-')
    ? 'console.amazonaws.cn'
    : region.startsWith('us-gov-')
      ? 'console.amazonaws-us-gov.com'
      : `${region}.console.aws.amazon.com`
  return `https://${domain}/cloudwatch/home?region=${region}#dashboards/dashboard/${encodeURIComponent(name)}`
}
