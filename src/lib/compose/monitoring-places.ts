import type { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import type { MonitoringPlan } from '../domain/monitoring.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Places } from '../monitoring/rules.js'

type Aws = ReturnType<typeof createAws>

/** What an environment is watched by; one that has nothing says what to write. */
export function monitoringOf(config: Config): MonitoringPlan {
  const { monitoring, name } = config.environment
  if (monitoring !== undefined) return monitoring
  throw new RampartError('usage', `The environment ${name} has no \`alarms\` in rampart.yml.`, {
    next: [`add to environments.${name}: alarms: { email: operations@example.com }`, '`alarms: {}` tells nobody'],
  })
}

/** Where AWS has what is watched: asked of the group or the services themselves, whoever made them. */
export async function findPlaces(plan: MonitoringPlan, config: Config, aws: Aws): Promise<Places<string>> {
  const arns = await (plan.fleet.kind === 'asg' ? ofGroup(plan.fleet.group, aws) : ofServices(plan, config))
  const groups = await aws.loadBalancing.describeTargetGroups([...new Set([...arns.values()].flat())])
  const chosen = new Map(
    plan.services.map(({ name, port }) => {
      const own = groups.filter(({ arn }) => arns.get(name)?.includes(arn) ?? arns.get('')?.includes(arn))
      return [name, own.find((group) => group.port === port) ?? (own.length === 1 ? own[0] : undefined)] as const
    }),
  )
  const lost = plan.services.find(({ name }) => chosen.get(name) === undefined)
  if (lost !== undefined) {
    throw new RampartError('preflight', `No target group of a load balancer leads to ${lost.name}.`, {
      next: [`its port is ${lost.port} by rampart.yml (health.port): the target group's must be the same`],
    })
  }
  const [balancer] = [...chosen.values()].flatMap((group) => group?.loadBalancerArns ?? [])
  if (balancer === undefined) {
    throw new RampartError('preflight', 'The target groups have no load balancer yet: there is nothing to measure.')
  }
  const fileSystem = plan.cache === undefined ? undefined : await cacheOf(plan, config)
  return {
    balancer: balancer.replace(/^.*:loadbalancer\//, ''),
    targetGroup: (service) => chosen.get(service)?.arn.replace(/^.*:/, '') ?? '',
    cluster: plan.fleet.kind === 'ecs' ? plan.fleet.cluster : '',
    ...(fileSystem !== undefined && { fileSystem }),
  }
}

async function ofGroup(name: string, aws: Aws): Promise<ReadonlyMap<string, readonly string[]>> {
  const group = await aws.autoScaling.describeGroup(name)
  if (group !== undefined) return new Map([['', group.targetGroupArns]])
  throw new RampartError('preflight', `There is no Auto Scaling group ${name}.`)
}

async function ofServices(plan: MonitoringPlan, config: Config): Promise<ReadonlyMap<string, readonly string[]>> {
  const { createEcs } = await import('../aws/ecs.js')
  const ecs = createEcs({ region: config.environment.region })
  const cluster = plan.fleet.kind === 'ecs' ? plan.fleet.cluster : ''
  const found = await ecs.describeServices(
    cluster,
    plan.services.map(({ name, service }) => service ?? name),
  )
  return new Map(
    plan.services.map(({ name, service }) => {
      const own = found.find((one) => one.name === (service ?? name))
      return [name, (own?.loadBalancers ?? []).flatMap(({ targetGroupArn }) => targetGroupArn ?? [])] as const
    }),
  )
}

/** The file system that the stack made; undefined before it did. */
async function cacheOf({ stack }: MonitoringPlan, config: Config): Promise<string | undefined> {
  if (stack === undefined) return undefined
  const { createStacks } = await import('../aws/stacks.js')
  const found = await createStacks({ region: config.environment.region }).describe(stack)
  return found?.outputs.find(({ key }) => key === 'ModelCacheId')?.value
}
