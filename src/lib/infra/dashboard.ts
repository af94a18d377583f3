import type { InfraPlan } from '../domain/infra.js'
import { monitoringOfInfra } from '../domain/monitoring.js'
import { widgetsOf } from '../monitoring/dashboard.js'
import { targetGroup } from './entrance.js'
import { sub, type Resource } from './template.js'

/** The dashboard of a stack: the one that `rampart dashboard apply` keeps. */
export function dashboardOf(plan: InfraPlan): Resource {
  const places = {
    balancer: '${LoadBalancer.LoadBalancerFullName}',
    targetGroup: (service: string): string => `\${${targetGroup({ name: service })}.TargetGroupFullName}`,
    cluster: plan.kind === 'ecs' ? plan.cluster : '',
    fileSystem: '${ModelCache}',
  }
  const widgets = widgetsOf(monitoringOfInfra(plan), places, '${AWS::Region}')
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: plan.stack,
      DashboardBody: sub(`{"widgets": [\n${widgets.map((one) => JSON.stringify(one)).join(',\n')}\n]}`),
    },
  }
}
