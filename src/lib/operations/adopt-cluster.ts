import type { OpenPoint, Standing, StandingContainer, StandingService } from '../domain/standing.js'
import { RampartError } from '../errors/rampart-error.js'
import { serviceName } from '../init/places.js'
import { pathOfCommand } from '../init/compose-file.js'
import { readReference } from '../init/adopt/user-data.js'
import type { EcsService, EcsTaskDefinition } from '../ports/ecs.js'
import type { EstateTargetGroup } from '../ports/estate.js'
import {
  entranceOf,
  homeOf,
  orOpen,
  ownContainers,
  serviceOf,
  servingAlarms,
  uniqueNames,
  type AdoptPorts,
  type AdoptStack,
} from './adopt-parts.js'

interface AdoptCluster {
  readonly from: string
  readonly region: string
  readonly ports: AdoptPorts
  readonly cluster: string
  readonly services: readonly string[]
  readonly stack: AdoptStack | undefined
  readonly open?: OpenPoint[]
}

interface Running {
  readonly service: EcsService
  readonly definition: EcsTaskDefinition
  readonly containers: readonly StandingContainer[]
}

/** Reads services of an ECS cluster: their task definitions, and what stands before them. */
export async function adoptCluster(request: AdoptCluster): Promise<Standing> {
  const { from, region, ports, cluster, stack, open = [] } = request
  const running = await runningIn(request)
  const { host } = ownContainers(running.flatMap(({ containers }) => containers))
  const mains = running.flatMap((one) => mainOf(one, host, open))
  const arns = running.flatMap(({ service }) =>
    service.loadBalancers.flatMap(({ targetGroupArn }) => targetGroupArn ?? []),
  )
  const [home, targetGroups, stackAlarms] = await Promise.all([
    homeOf(
      ports,
      host,
      mains.map(({ container }) => container.repository),
      open,
    ),
    orOpen(open, 'the target groups', [], () => ports.estate.targetGroups([...new Set(arns)])),
    servingAlarms(ports, stack, open),
  ])
  const { serves, kept } = await entranceOf(ports, targetGroups, open)
  const services = uniqueNames(
    mains.map(({ container, service, definition }): StandingService => ({
      ...serviceOf({ container, targetGroup: before(service, container, targetGroups) }, home.immutable),
      name: serviceName(container.name, 'app'),
      ecs: { service: service.name, container: container.name },
      ...(definition.cpuArchitecture === 'ARM64' && { platform: 'linux/arm64' as const }),
    })),
  )
  for (const { name, health, ecs } of services) {
    if (health === undefined) {
      open.push({
        what: `health of ${name}`,
        why: `no target group and no check of the container asks ${ecs?.service ?? name} by HTTP`,
      })
    }
  }
  const logGroups = [...new Set(mains.flatMap(({ container }) => container.logGroup ?? []))]
  if (logGroups[0] === undefined) {
    open.push({ what: 'logs: { group: NAME }', why: 'no container writes to CloudWatch by the awslogs driver' })
  }
  return {
    from,
    region,
    target: { kind: 'ecs', cluster },
    ...(home.registry !== undefined && { registry: home.registry }),
    services,
    rollout: { ...boundsOf(running), alarms: alarmsOf(running, stackAlarms) },
    ...(logGroups[0] !== undefined && { logGroup: logGroups[0] }),
    ...(serves !== undefined && { serves }),
    kept: [
      ...running.flatMap(describeService),
      ...kept,
      ...logGroups.slice(1).map((group) => `log group ${group}: an environment has one, and this is not it`),
    ],
    open,
    advice: [],
  }
}

async function runningIn({ ports, cluster, services, region }: AdoptCluster): Promise<readonly Running[]> {
  // Where this is refused, the services of the cluster tell whether it is there.
  const isThere = await orOpen([], '', true, async () => (await ports.ecs.describeCluster(cluster)) !== undefined)
  if (!isThere) {
    throw new RampartError('preflight', `There is no cluster ${cluster} in ${region}.`, {
      next: [`aws ecs list-clusters --region ${region}`],
    })
  }
  const found = await ports.ecs.describeServices(cluster, services)
  const missing = services.filter((name) => !found.some((one) => one.name === name && one.status !== 'INACTIVE'))
  if (missing.length > 0) {
    throw new RampartError('preflight', `Cluster ${cluster} in ${region} has no service ${missing.join(', ')}.`, {
      next: [`aws ecs list-services --region ${region} --cluster ${cluster}`],
    })
  }
  return Promise.all(
    found.map(async (service) => {
      const definition = await ports.ecs.describeTaskDefinition(service.taskDefinition)
      if (definition === undefined) {
        throw new RampartError('preflight', `The task definition ${service.taskDefinition} of ${service.name} is gone.`)
      }
      return { service, definition, containers: definition.containers.flatMap((one) => containerOf(one)) }
    }),
  )
}

function containerOf({
  name,
  image,
  ports = [],
  healthCommand = '',
  logs,
}: EcsTaskDefinition['containers'][number]): readonly StandingContainer[] {
  const reference = readReference(image)
  if (reference === undefined) return []
  const healthPath = pathOfCommand(healthCommand)
  return [
    {
      name,
      image,
      ...reference,
      ports: ports.map((port) => ({ host: port, container: port })),
      ...(healthPath !== undefined && { healthPath }),
      ...(logs !== undefined && { logGroup: logs.group }),
    },
  ]
}

interface Main {
  readonly container: StandingContainer
  readonly service: EcsService
  readonly definition: EcsTaskDefinition
}

/** The container whose image is released: the one behind the load balancer, else the first of the app's own registry. */
function mainOf({ service, definition, containers }: Running, host: string, open: OpenPoint[]): readonly Main[] {
  const own = containers.filter((one) => one.host === host)
  const main = own.find(({ name }) => service.loadBalancers.some((one) => one.container === name)) ?? own[0]
  for (const { name, image } of own) {
    if (name === main?.name) continue
    open.push({
      what: `container ${name} of ${service.name}, which runs ${image}`,
      why: 'rampart releases one image for each ECS service; this one stays as the task definition has it',
    })
  }
  if (main === undefined) {
    open.push({
      what: `service ${service.name}`,
      why: 'none of its containers runs an image of the registry of the others',
    })
    return []
  }
  return [{ container: main, service, definition }]
}

function before(
  service: EcsService,
  container: StandingContainer,
  groups: readonly EstateTargetGroup[],
): EstateTargetGroup | undefined {
  const own = service.loadBalancers.find((one) => one.container === container.name)
  const group = groups.find(({ arn }) => arn === own?.targetGroupArn)
  // The target group of tasks has a port of its own that nothing uses; the service says which one it is.
  return group === undefined ? undefined : { ...group, ...(own?.port !== undefined && { port: own.port }) }
}

/** What all services of the environment can be rolled with: none of them is left with fewer tasks than it has now. */
function boundsOf(running: readonly Running[]): { readonly minHealthy: number; readonly maxHealthy: number } {
  const of = running.map(({ service }) => service.configuration)
  const minHealthy = Math.min(100, Math.max(0, ...of.map((one) => one.minimumHealthyPercent ?? 100)))
  const maxHealthy = Math.max(100, Math.min(200, ...of.map((one) => one.maximumPercent ?? 200)))
  return { minHealthy, maxHealthy }
}

function alarmsOf(running: readonly Running[], ofStack: readonly string[]): readonly string[] {
  const used = running.flatMap(({ service }) => service.configuration.alarms?.names ?? [])
  return [...new Set(used.length > 0 ? used : ofStack)].slice(0, 10)
}

function describeService({ service, definition }: Running): readonly string[] {
  const { family, revision, executionRoleArn, taskRoleArn, secrets } = definition
  const roles = [executionRoleArn, taskRoleArn].filter((one) => one !== undefined)
  return [
    `service ${service.name}: ${service.desiredCount} tasks of ${family}:${revision}${service.launchType === undefined ? '' : `, ${service.launchType}`}`,
    ...(roles.length === 0 ? [] : [`roles of ${service.name}: ${[...new Set(roles)].join(', ')}`]),
    ...(secrets.length === 0 ? [] : [`secrets of ${service.name}: ${secrets.join(', ')}`]),
  ]
}
