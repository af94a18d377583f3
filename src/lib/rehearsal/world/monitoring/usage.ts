import { vcpusOf } from '../instance-types.js'
import type { WorldState } from '../state.js'
import type { MetricId } from './metrics.js'

/**
 * How CloudWatch calls the vCPUs that count against a quota:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/monitoring-fargate-usage.html, and EC2 the same way.
 */
export const vcpuUsage = (service: 'EC2' | 'Fargate'): MetricId => ({
  namespace: 'AWS/Usage',
  name: 'ResourceCount',
  dimensions: { Service: service, Type: 'Resource', Resource: 'vCPU', Class: 'Standard/OnDemand' },
})

/** Measures what of the account's quotas on vCPUs is in use. */
export function measureUsage({ group, ecs, metrics }: WorldState, at: number): void {
  const instances = group.instances.filter(({ state }) => state === 'pending' || state === 'running')
  const tasks = ecs.tasks.filter(({ status }) => status !== 'STOPPED')
  if (group.name !== '') {
    metrics.add(vcpuUsage('EC2'), at, [instances.reduce((all, { instanceType }) => all + vcpusOf(instanceType), 0)])
  }
  if (ecs.cluster !== undefined) {
    const units = tasks.reduce((all, { definition }) => all + Number(definition.definition.cpu ?? 0), 0)
    metrics.add(vcpuUsage('Fargate'), at, [units / 1024])
  }
}
