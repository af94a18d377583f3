import type { InfraPlan, SecretSource } from '../domain/infra.js'
import { monitoringOfInfra, type MonitoringPlan } from '../domain/monitoring.js'
import type { FileConfig } from './schema.js'
import { parseDuration } from './scalars.js'

type FileInfra = NonNullable<FileConfig['environments'][string]['infra']>

/** Where a variable's value is, from what the file says: a name or an ARN, and a key behind `#`. */
export function sourceOf(variable: string, text: string): SecretSource {
  const [secret = '', key] = text.split('#')
  return { variable, secret, ...(key !== undefined && { key }) }
}

/** The variable is that of the hub's library: https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables */
const modelCacheOf = ({
  token,
  ...cache
}: NonNullable<FileInfra['modelCache']>): NonNullable<InfraPlan['modelCache']> => ({
  ...cache,
  ...(token !== undefined && { token: sourceOf('HF_TOKEN', token) }),
})

/** The tags of a service that stay where they are not: those without a version or commit in them. */
const moving = (tags: readonly string[]): readonly string[] => tags.filter((tag) => !tag.includes('{')).slice(0, 5)

function repositoriesOf(file: FileConfig, infra: FileInfra, releaseTags: readonly string[]): InfraPlan['repositories'] {
  if (infra.repositories === 'given') return []
  const all = Object.values(file.services).flatMap(({ repository, tags, base }) => [
    { name: repository, movingTags: moving([...new Set([...tags, ...releaseTags])]) },
    ...(base === undefined ? [] : [{ name: base.repository, movingTags: moving([base.tag, ...base.tags]) }]),
  ])
  return [...new Map(all.map((one) => [one.name, one])).values()]
}

function networkOf({
  vpc,
  publicSubnets,
  privateSubnets,
  cidr,
  zones,
  egress,
}: FileInfra['network']): InfraPlan['network'] {
  if (vpc === undefined) return { kind: 'own', cidr: cidr ?? '10.0.0.0/16', zones: zones ?? 2, egress: egress ?? 'nat' }
  return { kind: 'given', vpc, publicSubnets: publicSubnets ?? [], privateSubnets: privateSubnets ?? [] }
}

const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

/** What alarms have no number of their own for follows from what `verify` promises: the slowest answer that is still good. */
function resolveAlarms(alarms: FileInfra['alarms'], { verify }: FileConfig): InfraPlan['alarms'] {
  const budgets = [...Object.values(verify?.endpoints ?? {}), ...Object.values(verify?.load ?? {})].flatMap(
    ({ latency }) => latency?.p95 ?? latency?.max ?? [],
  )
  const { latency = budgets.length > 0 ? Math.max(...budgets) : 2000, ...others } = alarms
  return { ...defined(others), latency }
}

const stackOf = (app: string, environment: string): string =>
  `${app}-${environment}`.replaceAll('_', '-').slice(0, 40).replace(/-+$/, '')

/** What watches one environment: as its stack has it, or as `alarms` says; undefined when neither is there. */
export function resolveMonitoring(
  file: FileConfig,
  environment: string,
  infra: InfraPlan | undefined,
): MonitoringPlan | undefined {
  if (infra !== undefined) return monitoringOfInfra(infra)
  const settings = file.environments[environment]
  if (settings?.alarms === undefined) return undefined
  const { target } = settings
  return {
    app: file.app,
    environment,
    prefix: stackOf(file.app, environment),
    fleet:
      target.kind === 'asg'
        ? { kind: 'asg', group: target.group ?? '' }
        : { kind: 'ecs', cluster: target.cluster ?? '' },
    services: Object.entries(file.services).map(([name, { health }]) => {
      const service = target.services?.[name]?.service
      return { name, port: health?.port ?? 80, ...(service !== undefined && { service }) }
    }),
    ...resolveAlarms(settings.alarms, file),
  }
}

/** The infrastructure of one environment of the checked file, all defaults in place. */
export function resolveInfra(file: FileConfig, environment: string, infra: FileInfra): InfraPlan | undefined {
  const settings = file.environments[environment]
  if (settings === undefined) return undefined
  const { target, logs, rollout } = settings
  const services = Object.entries(file.services).map(([name, { repository, platform, health }]) => {
    const own = infra.services[name]
    return {
      name,
      repository,
      platform,
      port: health?.port ?? 0,
      ready: health?.ready ?? health?.live ?? '/',
      paths: own?.paths ?? [],
      env: own?.env ?? {},
      secrets: Object.entries(own?.secrets ?? {}).map(([variable, text]) => sourceOf(variable, text)),
    }
  })
  const stack = infra.stack ?? stackOf(file.app, environment)
  const common = {
    app: file.app,
    environment,
    stack,
    https: defined(infra.https),
    network: networkOf(infra.network),
    outbound: infra.outbound,
    repositories: repositoriesOf(file, infra, settings?.release.tags ?? []),
    keepImages: infra.keepImages,
    logGroup: logs?.group ?? `/rampart/${stack}`,
    logDays: infra.logDays,
    ...(infra.modelCache !== undefined && { modelCache: modelCacheOf(infra.modelCache) }),
    ...(infra.secretsKey !== undefined && { secretsKey: infra.secretsKey }),
    alarms: resolveAlarms(infra.alarms, file),
  } as const
  if (target.kind === 'ecs') {
    return {
      ...common,
      kind: 'ecs',
      cluster: target.cluster ?? '',
      services: services.map((service) => {
        const own = infra.services[service.name]
        const placed = target.services?.[service.name]
        return {
          ...service,
          service: placed?.service ?? service.name,
          container: placed?.container ?? service.name,
          cpu: own?.cpu ?? 1024,
          memory: own?.memory ?? 4096,
          min: own?.min ?? 2,
          max: own?.max ?? Math.max(6, own?.min ?? 2),
          cpuTarget: own?.cpuTarget ?? 60,
        }
      }),
    }
  }
  const { instance, capacity, warmPool } = infra
  return {
    ...common,
    kind: 'asg',
    group: target.group ?? '',
    services,
    instanceType: instance?.type ?? '',
    volume: instance?.volume ?? 40,
    startTimeout: instance?.startTimeout ?? parseDuration('15m') ?? 0,
    min: capacity?.min ?? 2,
    max: capacity?.max ?? 8,
    warmup: typeof rollout.warmup === 'number' ? rollout.warmup : 120_000,
    ...(warmPool !== undefined && { warmPool }),
  }
}
