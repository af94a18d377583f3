import type { MonitoringPlan } from './monitoring.js'

/**
 * The alarms that rollouts watch where rampart.yml names none: what users meet with. AWS takes at most ten.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AlarmSpecification.html
 */
export function guardsOf({ prefix, services }: Pick<MonitoringPlan, 'prefix' | 'services'>): readonly string[] {
  return [
    ...services.map(({ name }) => `${prefix}-${name}-5xx`),
    `${prefix}-balancer-5xx`,
    ...services.map(({ name }) => `${prefix}-${name}-latency`),
  ].slice(0, 10)
}
