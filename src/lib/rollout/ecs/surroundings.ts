import type { LoadBalancing } from '../../ports/auto-scaling.js'
import type { Ecs, EcsTaskDefinition } from '../../ports/ecs.js'
import type { Surroundings } from '../surroundings.js'
import type { EcsRolloutOptions } from './options.js'
import { partOf } from './parts.js'

/** What surrounds the services of a cluster; of tasks of several sizes, the largest. */
export async function surroundServices(
  { cluster, services }: EcsRolloutOptions,
  { ecs, loadBalancing }: { readonly ecs: Ecs; readonly loadBalancing: LoadBalancing },
): Promise<Surroundings> {
  const found = await ecs.describeServices(
    cluster,
    services.map(({ name }) => name),
  )
  const targetGroups = found.flatMap(({ loadBalancers }) =>
    loadBalancers.flatMap(({ targetGroupArn }) => (targetGroupArn === undefined ? [] : [targetGroupArn])),
  )
  const [definitions, groups] = await Promise.all([
    Promise.all(found.map(async ({ taskDefinition }) => ecs.describeTaskDefinition(partOf(taskDefinition)))),
    loadBalancing.describeTargetGroups(targetGroups),
  ])
  const interval = Math.max(0, ...groups.map(({ healthCheckInterval }) => healthCheckInterval))
  const [largest] = definitions
    .flatMap((one) => (one === undefined ? [] : [sizeOf(one.whole)]))
    .filter(({ vcpu, memory }) => vcpu > 0 && memory > 0)
    .toSorted((a, b) => b.vcpu - a.vcpu || b.memory - a.memory)
  return {
    parts: services.flatMap(({ name, service }) => {
      const own = found.find((one) => one.name === name)
      return own === undefined ? [] : [{ name, service, desired: own.desiredCount }]
    }),
    subnets: [...new Set(found.flatMap(({ subnets }) => subnets))],
    ...(largest !== undefined && {
      rented: { kind: 'task', ...largest, isFargate: found.every(({ launchType }) => launchType === 'FARGATE') },
    }),
    ...(interval > 0 && { healthCheckInterval: 1000 * interval }),
    targetGroups,
  }
}

/** Fargate's units and mebibytes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html */
function sizeOf(whole: EcsTaskDefinition['whole']): { readonly vcpu: number; readonly memory: number } {
  const { cpu, memory } = whole as { readonly cpu?: string; readonly memory?: string }
  return { vcpu: Number(cpu ?? 0) / 1024, memory: Number(memory ?? 0) * 2 ** 20 }
}
