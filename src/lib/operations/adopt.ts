import type { OpenPoint, Standing } from '../domain/standing.js'
import { RampartError } from '../errors/rampart-error.js'
import type { EstateResource } from '../ports/estate.js'
import { adoptCluster } from './adopt-cluster.js'
import { adoptGroup } from './adopt-group.js'
import type { AdoptPorts, AdoptStack } from './adopt-parts.js'

/** What the person named. */
export type AdoptSource =
  | { readonly kind: 'stack'; readonly stack: string; readonly group: string | undefined }
  | { readonly kind: 'services'; readonly services: readonly { readonly cluster: string; readonly service: string }[] }

export interface AdoptRequest {
  readonly source: AdoptSource
  readonly region: string
  readonly ports: AdoptPorts
}

const ofType = (resources: readonly EstateResource[], type: string): readonly string[] =>
  resources.filter((one) => one.type === type).map(({ physicalId }) => physicalId)

/** `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids */
function placeOfService(arn: string): { readonly cluster: string; readonly service: string } | undefined {
  const [, cluster, service] = /:service\/([^/]+)\/([^/]+)$/.exec(arn) ?? []
  return cluster === undefined || service === undefined ? undefined : { cluster, service }
}

/** Without these there is nothing to write; all else that is refused becomes a note of what could not be read. */
const least = {
  services: 'ecs:DescribeServices and ecs:DescribeTaskDefinition',
  stack:
    'cloudformation:ListStackResources, autoscaling:DescribeAutoScalingGroups and ec2:DescribeLaunchTemplateVersions, for services of ECS ecs:DescribeServices and ecs:DescribeTaskDefinition',
} as const

/** Reads what serves already, and changes nothing. Rejects when it is not there, or is nothing that rampart can drive. */
export async function adopt(request: AdoptRequest): Promise<Standing> {
  try {
    return await read(request)
  } catch (error) {
    if (!(error instanceof RampartError) || !error.denied) throw error
    throw new RampartError('unreachable', error.message, {
      next: [...error.next, `init needs at least ${least[request.source.kind]}; it only reads, and wrote nothing now`],
      denied: true,
      cause: error,
    })
  }
}

async function read({ source, region, ports }: AdoptRequest): Promise<Standing> {
  if (source.kind === 'services') {
    const [first] = source.services
    const clusters = new Set(source.services.map(({ cluster }) => cluster))
    if (first === undefined || clusters.size > 1) {
      throw new RampartError('usage', `Services of ${clusters.size} clusters can not be one app of one environment.`, {
        next: ['run init once for each cluster, with --env for each'],
      })
    }
    const services = source.services.map(({ service }) => service)
    const from = `service ${source.services.map(({ cluster, service }) => `${cluster}/${service}`).join(', ')}`
    return adoptCluster({ from, region, ports, cluster: first.cluster, services, stack: undefined })
  }
  const { stack: name, group: asked } = source
  const resources = await ports.estate.resources(name)
  if (resources === undefined) {
    throw new RampartError('preflight', `There is no stack ${name} in ${region}.`, {
      next: [`aws cloudformation describe-stacks --region ${region} --query 'Stacks[].StackName'`],
    })
  }
  const open: OpenPoint[] = []
  const stack: AdoptStack = { name, resources, template: await ports.estate.template(name).catch(denied(open)) }
  const groups = ofType(resources, 'AWS::AutoScaling::AutoScalingGroup')
  const services = ofType(resources, 'AWS::ECS::Service').flatMap((arn) => placeOfService(arn) ?? [])
  const group = asked ?? (groups.length === 1 ? groups[0] : undefined)
  if (asked !== undefined && !groups.includes(asked)) {
    throw new RampartError('usage', `Stack ${name} has no Auto Scaling group ${asked}.`, {
      next: groups.map((one) => `--group ${one}`),
    })
  }
  if (groups.length > 1 && group === undefined) {
    throw new RampartError('usage', `Stack ${name} has ${groups.length} Auto Scaling groups; one environment is one.`, {
      next: groups.map((one) => `--group ${one}`),
    })
  }
  const from = `stack ${name}`
  if (group !== undefined && (asked !== undefined || services.length === 0)) {
    return adoptGroup({ from, region, ports, group, stack, open })
  }
  const clusters = [...new Set(services.map(({ cluster }) => cluster))]
  const [cluster] = clusters
  if (cluster === undefined) {
    throw new RampartError('preflight', `Stack ${name} has no Auto Scaling group and no service of ECS.`, {
      next: ['name the stack that has them, or --from-service CLUSTER/SERVICE'],
    })
  }
  if (clusters.length > 1) {
    throw new RampartError('usage', `Stack ${name} has services in ${clusters.length} clusters.`, {
      next: clusters.map((one) => `--from-service ${one}/SERVICE`),
    })
  }
  const names = services.map(({ service }) => service)
  return adoptCluster({ from, region, ports, cluster, services: names, stack, open })
}

/** The template is there to tell the lines of it: whoever may not read it gets all but these. */
function denied(open: OpenPoint[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof RampartError) || !error.denied) throw error
    open.push({ what: "the stack's template", why: error.message })
    return undefined
  }
}
