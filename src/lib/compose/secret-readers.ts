import type { Config } from '../config/index.js'
import { cacheFamily, cacheReader } from '../domain/infra.js'
import { RampartError } from '../errors/rampart-error.js'
import type { SecretReader, SecretReaders } from '../operations/secret-readers.js'
import type { Roles } from '../ports/roles.js'

const none = (result: 'skip' | 'fail', why: string): SecretReaders => ({ kind: 'none', result, why })

/** Whose role reads the secrets of an environment: that of its instances, or those that ECS starts its tasks with. */
export async function findReaders(config: Config, roles: Pick<Roles, 'ofProfile'>): Promise<SecretReaders> {
  const { target } = config.environment
  try {
    const found = target.kind === 'asg' ? await ofGroup(config, target.group, roles) : await ofServices(config, target)
    return found.kind === 'none' ? found : { kind: 'known', readers: [...found.readers, ...(await ofCache(config))] }
  } catch (error) {
    if (!(error instanceof RampartError) || !error.denied) throw error
    return none('skip', `not asked which role reads it: ${error.message}`)
  }
}

async function ofGroup(
  { environment: { region }, services }: Config,
  name: string,
  roles: Pick<Roles, 'ofProfile'>,
): Promise<SecretReaders> {
  const { createAws } = await import('../aws/index.js')
  const { autoScaling, launchTemplates } = createAws({ region })
  const group = await autoScaling.describeGroup(name)
  if (group === undefined) return none('skip', `there is no group ${name} yet that could read it`)
  const { launchTemplate } = group
  const version = launchTemplate && (await launchTemplates.describeVersion(launchTemplate.id, launchTemplate.version))
  if (version === undefined)
    return none('skip', `the group ${name} has no launch template that says which role reads it`)
  const { IamInstanceProfile: profile } = version.whole as {
    readonly IamInstanceProfile?: { readonly Name?: string; readonly Arn?: string }
  }
  const named = profile?.Arn ?? profile?.Name
  if (named === undefined) return none('fail', `instances of ${name} have no role, so that they can read no secret`)
  const role = await roles.ofProfile(named)
  if (role === undefined) return none('fail', `there is no role in ${named}, the instance profile of ${name}`)
  return { kind: 'known', readers: [{ role, services: services.map((service) => service.name) }] }
}

/** The role that the task which fills the model cache is started with, where it gets the hub's token. */
async function ofCache({ environment: { infra, region } }: Config): Promise<readonly SecretReader[]> {
  if (infra?.modelCache?.token === undefined) return []
  const { createEcs } = await import('../aws/ecs.js')
  const role = (await createEcs({ region }).describeTaskDefinition(cacheFamily(infra)))?.executionRoleArn
  return role === undefined ? [] : [{ role, services: [cacheReader] }]
}

type Services = Extract<Config['environment']['target'], { kind: 'ecs' }>

async function ofServices(
  { environment: { region } }: Config,
  { cluster, services }: Services,
): Promise<SecretReaders> {
  const { createEcs } = await import('../aws/ecs.js')
  const ecs = createEcs({ region })
  // Asked about services of a cluster that is not there, ECS refuses.
  const isThere = (await ecs.describeCluster(cluster))?.status === 'ACTIVE'
  const named = services.map(({ service }) => service)
  const standing = isThere ? await ecs.describeServices(cluster, named) : []
  if (standing.length === 0) return none('skip', `there is no service in ${cluster} yet that could read it`)
  const readers = await Promise.all(
    standing.map(async ({ name, taskDefinition }) => {
      const role = (await ecs.describeTaskDefinition(taskDefinition))?.executionRoleArn
      return role === undefined ? [] : [{ role, services: ownNames(services, name) }]
    }),
  )
  if (readers.flat().length === 0) return none('fail', `services of ${cluster} have no execution role to read it with`)
  return { kind: 'known', readers: readers.flat() }
}

const ownNames = (services: Services['services'], service: string): readonly string[] =>
  services.filter((one) => one.service === service).map(({ name }) => name)
