import type { createAws } from '../aws/index.js'
import type { Config } from '../config/index.js'
import type { AsgInfra, EcsInfra, InfraPlan } from '../domain/infra.js'
import { RampartError } from '../errors/rampart-error.js'
import { countParameter } from '../infra/ecs.js'
import { imageParameter } from '../infra/images.js'
import type { Filled } from '../operations/infra.js'
import type { AutoScalingGroup, LaunchTemplateVersion } from '../ports/auto-scaling.js'
import type { Stack } from '../ports/stacks.js'
import { decodeUserData, findReferences } from '../rollout/asg/user-data.js'
import type { Check } from '../rollout/driver.js'

interface Around {
  readonly aws: ReturnType<typeof createAws>
  readonly stack: Stack | undefined
}

/** Where things stand, as a stack's parameters take it. Images are tags or digests with their sign. */
interface Facts {
  readonly images: ReadonlyMap<string, string>
  readonly values: Readonly<Record<string, string>>
  /** Values that follow what serves, too. */
  readonly volatile: readonly string[]
  readonly checks: readonly Check[]
}

/**
 * The values of a stack's parameters: the images that serve now, so that no change of the infrastructure changes what
 * is released; before anything serves, those in the repositories; and before there are any, none.
 */
export async function fillParameters(plan: InfraPlan, config: Config, around: Around): Promise<Filled> {
  const facts = await (plan.kind === 'asg' ? asgFacts(plan, around) : ecsFacts(plan, config, around))
  const images = new Map(facts.images)
  const checks: Check[] = [...facts.checks]
  for (const { name, repository } of plan.services) {
    const serves = images.get(name)
    const pushed = serves === undefined ? await pushedImage(config, name, around) : undefined
    if (pushed !== undefined) images.set(name, pushed)
    const found = serves ?? pushed
    checks.push({
      name: `image of ${name}`,
      result: found === undefined ? 'warn' : 'ok',
      detail:
        found === undefined
          ? `${repository} has none yet: nothing is started before each service has one`
          : `${repository}${found}${serves === undefined ? ', the newest one pushed' : ', which serves'}`,
    })
  }
  const isServing = plan.services.every(({ name }) => images.has(name))
  const names = plan.services.map((service) => imageParameter(service))
  return {
    parameters: {
      Serving: isServing ? 'yes' : 'no',
      ...Object.fromEntries(
        plan.services.map((service) => [imageParameter(service), images.get(service.name) ?? ':latest']),
      ),
      ...facts.values,
    },
    volatile: new Set([...names, ...facts.volatile]),
    checks,
  }
}

/** The image that the first fixed tag of a service names, by its digest. */
async function pushedImage(config: Config, name: string, { aws }: Around): Promise<string | undefined> {
  const service = config.services.find((one) => one.name === name)
  const tag = service?.tags.find((one) => !one.includes('{'))
  if (service === undefined || tag === undefined) return undefined
  const digest = await aws.account.taggedImage(service.repository, tag)
  return digest && `@${digest}`
}

const strange = (kind: string, name: string, stack: string): Check => ({
  name: kind,
  result: 'fail',
  detail: `${name} is there, and no stack ${stack} that could have made it`,
  remedy: 'name another one under `target`, or drive the one that is there without `infra`',
})

async function asgFacts(plan: AsgInfra, { aws, stack }: Around): Promise<Facts> {
  const group = await aws.autoScaling.describeGroup(plan.group)
  const template = group?.launchTemplate
  const version = template && (await aws.launchTemplates.describeVersion(template.id, template.version))
  const checks: Check[] = []
  if (group !== undefined && stack === undefined) checks.push(strange('group', plan.group, plan.stack))
  if (group !== undefined) checks.push(await refreshCheck(group, aws))
  const text = decodeUserData(version?.userData ?? '').text
  const images = new Map<string, string>()
  if (group !== undefined && group.maxSize > 0 && stack?.parameters['Serving'] === 'yes') {
    const host = new URL((await aws.account.registryAuthorization()).endpoint).host
    for (const { name, repository } of plan.services) {
      const [found] = findReferences(text, host, repository)
      if (found !== undefined) images.set(name, found.slice(found.indexOf(`/${repository}`) + repository.length + 1))
    }
  }
  return {
    images,
    values: {
      MachineImage: await machineImage(plan, version, { aws, stack }),
      Generation: String(Number(stack?.parameters['Generation'] ?? 0) + 1),
    },
    volatile: ['Generation'],
    checks,
  }
}

/** While a refresh with a configuration of its own runs, Auto Scaling takes no other template: the update would fail. */
async function refreshCheck({ name: group }: AutoScalingGroup, aws: Around['aws']): Promise<Check> {
  const [newest, silence] = await aws.autoScaling.describeInstanceRefreshes(group).then(
    ([first]) => [first, undefined] as const,
    (error: unknown) => {
      // Who may change a stack may not be allowed to ask this; the stack itself would fail and go back.
      if (error instanceof RampartError) return [undefined, error] as const
      throw error
    },
  )
  if (silence !== undefined) return { name: 'rollout', result: 'warn', detail: silence.message }
  const ended = /^(?:Successful|Failed|Cancelled|RollbackSuccessful|RollbackFailed)$/
  return newest === undefined || ended.test(newest.status)
    ? { name: 'rollout', result: 'ok', detail: 'none is under way' }
    : {
        name: 'rollout',
        result: 'fail',
        detail: `instance refresh ${newest.id} of ${group} is ${newest.status}: the group takes no other launch template`,
        remedy: 'rampart monitor shows when it is over',
      }
}

/** The machine that serves; the newest Amazon Linux for a first one. It changes only when somebody asks for it. */
async function machineImage(
  plan: AsgInfra,
  version: LaunchTemplateVersion | undefined,
  { aws, stack }: Around,
): Promise<string> {
  const known = stack?.parameters['MachineImage'] ?? version?.imageId
  if (known !== undefined) return known
  const processor = plan.services.some(({ platform }) => platform === 'linux/arm64') ? 'arm64' : 'x86_64'
  // https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-from-ssm-parameter
  const name = `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${processor}`
  const found = await aws.parameters.get(name)
  if (found !== undefined) return found.value
  throw new RampartError(
    'preflight',
    `AWS does not say which image of Amazon Linux is the newest: no parameter ${name}.`,
  )
}

async function ecsFacts(plan: EcsInfra, config: Config, { stack }: Around): Promise<Facts> {
  const { createEcs } = await import('../aws/ecs.js')
  const ecs = createEcs({ region: config.environment.region })
  const cluster = await ecs.describeCluster(plan.cluster)
  const names = plan.services.map(({ service }) => service)
  const all = cluster?.status === 'ACTIVE' ? await ecs.describeServices(plan.cluster, names) : []
  const found = all.filter(({ status }) => status === 'ACTIVE')
  const checks = stack === undefined ? found.map(({ name }) => strange('service', name, plan.stack)) : []
  const images = new Map<string, string>()
  const values: Record<string, string> = {}
  for (const { name, service, repository, container, min } of plan.services) {
    const running = found.find((one) => one.name === service)
    values[countParameter({ name })] = String(Math.max(min, running?.desiredCount ?? 0))
    if (running === undefined || stack?.parameters['Serving'] !== 'yes') continue
    const definition = await ecs.describeTaskDefinition(running.taskDefinition)
    const image = definition?.containers.find((one) => one.name === container)?.image
    const at = image?.indexOf(`/${repository}`) ?? -1
    if (image !== undefined && at >= 0) images.set(name, image.slice(at + repository.length + 1))
  }
  return { images, values, volatile: Object.keys(values), checks }
}
