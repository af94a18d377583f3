import type { OpenPoint, Standing, StandingContainer, StandingService } from '../domain/standing.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Account } from '../ports/account.js'
import type { AutoScaling, LaunchTemplates } from '../ports/auto-scaling.js'
import type { Ecs } from '../ports/ecs.js'
import type { Estate, EstateResource, EstateTargetGroup } from '../ports/estate.js'

/** All that adoption asks; it calls nothing of these that changes anything. */
export interface AdoptPorts {
  readonly estate: Estate
  readonly account: Pick<Account, 'describeRepository' | 'taggedImage'>
  readonly autoScaling: Pick<AutoScaling, 'describeGroup'>
  readonly launchTemplates: Pick<LaunchTemplates, 'describeVersion'>
  readonly ecs: Pick<Ecs, 'describeCluster' | 'describeServices' | 'describeTaskDefinition'>
}

export interface AdoptStack {
  readonly name: string
  readonly resources: readonly EstateResource[]
  readonly template: string | undefined
}

/** Asks, and where the identity may not, notes what stays open and goes on without. */
export async function orOpen<T>(open: OpenPoint[], what: string, fallback: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof RampartError) || !error.denied) throw error
    open.push({ what, why: error.message })
    return fallback
  }
}

// https://docs.docker.com/docker-hub/ and its likes: what everybody runs beside an app, and nobody releases with it.
const publicHosts = new Set([
  'docker.io',
  'gcr.io',
  'mcr.microsoft.com',
  'nvcr.io',
  'public.ecr.aws',
  'quay.io',
  'registry.k8s.io',
])

/** The containers of the app's own registry, and all others. */
export function ownContainers(containers: readonly StandingContainer[]): {
  readonly host: string
  readonly own: readonly StandingContainer[]
  readonly others: readonly StandingContainer[]
} {
  const named = containers.filter(({ host }) => host !== '' && !publicHosts.has(host))
  const counts = new Map<string, number>()
  for (const { host } of named) counts.set(host, (counts.get(host) ?? 0) + 1)
  const [host = ''] = [...counts].toSorted(([, left], [, right]) => right - left)[0] ?? []
  const seen = new Set<string>()
  const own = named.filter((one) => {
    const isNew = one.host === host && !seen.has(one.repository)
    if (isNew) seen.add(one.repository)
    return isNew
  })
  return { host, own, others: containers.filter((one) => !own.includes(one)) }
}

interface Home {
  /** Set when the images are in no ECR of this account and region. */
  readonly registry?: string
  /** By repository. */
  readonly immutable: ReadonlySet<string>
}

/** Whether the images live in this account's ECR of the region, and which repositories there let no tag move. */
export async function homeOf(
  ports: Pick<AdoptPorts, 'account'>,
  host: string,
  repositories: readonly string[],
  open: OpenPoint[],
): Promise<Home> {
  const asked = await orOpen(open, 'the repositories', [], () =>
    Promise.all(repositories.map((name) => ports.account.describeRepository(name))),
  )
  const isHome =
    // A host that a variable holds is nobody's name; where nothing could be asked, the name has to do.
    host.startsWith('$') ||
    (asked.length === 0 ? /\.dkr[.-]ecr\./.test(host) : asked.some((one) => one?.uri.startsWith(`${host}/`) === true))
  const immutable = new Set(repositories.filter((_, index) => isHome && asked[index]?.immutableTags === true))
  return { immutable, ...(!isHome && { registry: host }) }
}

// What speaks of how the app serves; an alarm on load would be in ALARM or not whatever is released.
const servingMetric = /5xx|4xx|error|fault|latency|responsetime|healthy/i

/** The stack's alarms that a rollout should go back for, and those that it should not wait for. */
export async function servingAlarms(
  { estate }: Pick<AdoptPorts, 'estate'>,
  stack: AdoptStack | undefined,
  open: OpenPoint[],
): Promise<readonly string[]> {
  const names = (stack?.resources ?? [])
    .filter(({ type }) => /^AWS::CloudWatch::(?:Composite)?Alarm$/.test(type))
    .map(({ physicalId }) => physicalId)
  const alarms = await orOpen(open, 'the alarms', [], () => estate.alarms(names))
  // What watches a rollout are at most ten: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AlarmSpecification.html
  return alarms
    .filter(({ metric, name }) => servingMetric.test(metric === '' ? name : metric))
    .map(({ name }) => name)
    .slice(0, 10)
}

const at = (port: number, usual: number): string => (port === usual ? '' : `:${port}`)

/** Where users reach the target groups: a host that HTTPS is served for, else the load balancer itself over HTTP. */
export async function entranceOf(
  { estate }: Pick<AdoptPorts, 'estate'>,
  groups: readonly EstateTargetGroup[],
  open: OpenPoint[],
): Promise<{ readonly serves?: NonNullable<Standing['serves']>; readonly kept: readonly string[] }> {
  const arns = [...new Set(groups.flatMap(({ balancers }) => balancers))]
  const [balancer, ...more] = await orOpen(open, 'the load balancer', [], () => estate.balancers(arns))
  if (balancer === undefined) return { kept: [] }
  const listeners = await orOpen(open, 'the listeners', [], () => estate.listeners(balancer.arn))
  const said = listeners.map(({ protocol, port, redirects }) => `${protocol} ${port}${redirects ? ' (redirects)' : ''}`)
  const kept = [
    `load balancer ${balancer.name}: ${said.join(', ')}`,
    ...more.map(({ name }) => `load balancer ${name}`),
  ]
  const secure = listeners.find(({ protocol }) => protocol === 'HTTPS' || protocol === 'TLS')
  const plain = listeners.find(({ protocol, redirects }) => protocol === 'HTTP' && !redirects)
  if (secure !== undefined) {
    const [host] = secure.hosts
    if (host === undefined) {
      open.push({
        what: `serves: { url: https://NAME${at(secure.port, 443)}, leadsTo: ${balancer.dnsName} }`,
        why: `its certificate is for a name that no rule of listener ${secure.port} tells`,
      })
      return { kept }
    }
    return {
      kept,
      serves: {
        url: `https://${host}${at(secure.port, 443)}`,
        leadsTo: balancer.dnsName,
        place: `a rule of listener ${secure.port}`,
      },
    }
  }
  if (plain === undefined) return { kept }
  return { kept, serves: { url: `http://${balancer.dnsName}${at(plain.port, 80)}`, place: 'no listener speaks HTTPS' } }
}

interface Placed {
  readonly container: StandingContainer
  readonly targetGroup: EstateTargetGroup | undefined
}

/** A service from its container and the target group before it: port and health as they are really asked. */
export function serviceOf({ container, targetGroup }: Placed, immutable: ReadonlySet<string>): StandingService {
  const { name, image, repository, ports, healthPath } = container
  const through = ports.find(({ host }) => host === targetGroup?.port) ?? ports[0]
  const port = through?.container ?? targetGroup?.port
  const path = targetGroup?.healthPath ?? healthPath
  const place = targetGroup?.healthPath === undefined ? "the container's own check" : `target group ${targetGroup.name}`
  return {
    name,
    image,
    repository,
    immutableTags: immutable.has(repository),
    ...(port !== undefined && { port }),
    ...(path !== undefined && { health: { path, place } }),
  }
}

/** The names of services, each once: containers of two machines may be called the same. */
export function uniqueNames(services: readonly StandingService[]): readonly StandingService[] {
  const taken = new Set<string>()
  return services.map((service) => {
    let { name } = service
    for (let number = 2; taken.has(name); number += 1) name = `${service.name}-${number}`
    taken.add(name)
    return { ...service, name }
  })
}
