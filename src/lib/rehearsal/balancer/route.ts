import type { EcsTask } from '../world/ecs/state.js'
import type { Serving } from '../world/serving.js'
import type { Host, TargetGroup, WorldState } from '../world/state.js'
import type { RehearsedService } from '../setup.js'
import type { Random } from '../world/random.js'
import { isModelPath } from './application.js'

/** The target that a request reaches, or what the load balancer answers by itself. */
export type Routed =
  | { readonly kind: 'target'; readonly host: Host; readonly serving: Serving }
  | { readonly kind: 'balancer'; readonly status: 502 | 503 | 504; readonly reason: string }

/** The service that the listener's rules send a path to: those of its health checks, those that use models, the page. */
export function serviceOf({ setup }: Pick<WorldState, 'setup'>, path: string): RehearsedService | undefined {
  const { services } = setup
  const withModels = services.find(({ base }) => (base?.models ?? []).length > 0)
  const exact = services.find(({ livePath, readyPath }) => path !== '/' && (path === livePath || path === readyPath))
  if (exact !== undefined) return exact
  if (isModelPath(path) || path.startsWith('/api/')) return withModels ?? services[0]
  return services.find((one) => one !== withModels) ?? services[0]
}

const isTask = (host: Host): host is EcsTask => 'taskId' in host

/** How much of the traffic a target's group gets: all alike, unless a service shifts traffic between two revisions. */
function weightOf({ setup }: WorldState, host: Host): number {
  if (!isTask(host)) return 1
  const strategy = setup.ecs?.services.find(({ name }) => name === host.service?.name)?.strategy ?? 'ROLLING'
  return strategy === 'ROLLING' ? 1 : (host.revision?.productionWeight ?? 0)
}

const unavailable = { kind: 'balancer', status: 503, reason: 'Service Temporarily Unavailable' } as const

/** Chooses a target of the service, as an Application Load Balancer does. */
export function routeTo(world: WorldState, service: RehearsedService | undefined, random: Random): Routed {
  const groups = world.targetGroups.filter((group) => group.service === service?.name)
  const registered = groups.flatMap((group: TargetGroup) =>
    [...group.targets.values()].filter(({ state }) => state !== 'draining'),
  )
  const healthy = registered.filter(({ state }) => state === 'healthy')
  // When no target is healthy, all get requests:
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
  const hosts = [...new Set((healthy.length > 0 ? healthy : registered).map(({ host }) => host))]
  const weights = hosts.map((host) => weightOf(world, host))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0 || service === undefined) return unavailable
  let left = random.next() * total
  const index = weights.findIndex((weight) => (left -= weight) < 0)
  const host = hosts[index < 0 ? hosts.length - 1 : index]
  if (host === undefined) return unavailable
  const answer = host.answers.get(service.port) ?? 'refused'
  if (answer === 'timeout') return { kind: 'balancer', status: 504, reason: 'Gateway Time-out' }
  const serving = host.serving.get(service.port)
  if (answer === 'refused' || serving === undefined) return { kind: 'balancer', status: 502, reason: 'Bad Gateway' }
  return { kind: 'target', host, serving }
}
