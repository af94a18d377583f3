import { dirname, join, relative, resolve, sep } from 'node:path'
import { guardsOf } from '../domain/guards.js'
import type { MonitoringPlan } from '../domain/monitoring.js'
import { freeze } from './freeze.js'
import { resolveInfra, resolveMonitoring } from './infra-resolve.js'
import { resolveSecrets } from './secrets-resolve.js'
import { resolveVerify } from './verify-resolve.js'
import type { FileConfig } from './schema.js'
import type { Config, EnvironmentConfig, RolloutConfig, ServiceConfig, TargetConfig } from './types.js'

type FileService = FileConfig['services'][string]
type FileEnvironment = FileConfig['environments'][string]

interface Resolution extends Pick<Config, 'environments' | 'interpolated'> {
  readonly environment: string
  /** The path of rampart.yml. */
  readonly path: string
  readonly region: string
}

/** The checked file, for one of its environments: paths absolute, all defaults in place, frozen. */
export function resolveConfig(
  file: FileConfig,
  { environment, environments, path, region, interpolated }: Resolution,
): Config {
  const chosen = file.environments[environment]
  if (chosen === undefined) throw new Error(`The environment ${environment} was chosen from the file and is not in it`)
  const absolute = resolve(path)
  const directory = dirname(absolute)
  const infra = chosen.infra && resolveInfra(file, environment, chosen.infra)
  const monitoring = resolveMonitoring(file, environment, infra)
  return freeze({
    path: absolute,
    directory,
    app: file.app,
    services: Object.entries(file.services).map(([name, service]) => resolveService(name, service, directory)),
    environment: {
      ...resolveEnvironment(environment, chosen, region, monitoring),
      ...(infra !== undefined && { infra }),
      ...(monitoring !== undefined && { monitoring }),
      secrets: resolveSecrets(chosen.secrets, infra),
    },
    ...(file.verify !== undefined && { verify: resolveVerify(file.verify, directory) }),
    ...(file.prices !== undefined && { prices: resolve(directory, file.prices) }),
    environments,
    hooks: file.hooks,
    interpolated,
  })
}

function resolveService(name: string, service: FileService, directory: string): ServiceConfig {
  const context = resolve(directory, service.context)
  const { base, health } = service
  return {
    name,
    context,
    dockerfile: resolve(context, service.dockerfile),
    ...(base !== undefined && {
      base: {
        dockerfile: resolve(context, base.dockerfile),
        repository: base.repository,
        tag: base.tag,
        inputs: base.inputs.map((input) => relative(context, join(context, input)).split(sep).join('/')),
        models: base.models.map(({ id, revision, files, ref, provide }) => ({
          id,
          revision,
          ...(files !== undefined && { files }),
          ...(ref !== undefined && { ref }),
          provide,
        })),
        platform: service.platform,
        args: base.args,
        tags: base.tags,
        prove: base.prove,
        ...(base.maxAge !== undefined && { maxAge: base.maxAge }),
      },
    }),
    repository: service.repository,
    tags: service.tags,
    budget: service.budget,
    ...(health !== undefined && {
      health: { live: health.live, ready: health.ready ?? health.live, port: health.port },
    }),
    args: service.args,
    compression: service.compression,
    platform: service.platform,
  }
}

function resolveEnvironment(
  name: string,
  environment: FileEnvironment,
  region: string,
  monitoring: MonitoringPlan | undefined,
): Omit<EnvironmentConfig, 'infra' | 'secrets'> {
  const { registry, target, logs, serves } = environment
  return {
    name,
    region,
    ...(registry !== undefined && { registry }),
    target: resolveTarget(target),
    rollout: resolveRollout(environment.rollout, target.kind, monitoring),
    ...(logs !== undefined && { logs: resolveLogs(logs) }),
    release: { ledger: environment.release.ledger === 'on', tags: environment.release.tags },
    ...(serves !== undefined && {
      serves: { url: serves.url, load: serves.load, ...(serves.leadsTo !== undefined && { leadsTo: serves.leadsTo }) },
    }),
    notify: environment.notify.filter(({ webhook }) => webhook !== ''),
  }
}

/** The checks have found what has to be there by then. */
function resolveTarget({ kind, group, cluster, services }: FileEnvironment['target']): TargetConfig {
  if (kind === 'asg') return { kind, group: group ?? '' }
  return {
    kind,
    cluster: cluster ?? '',
    services: Object.entries(services ?? {}).map(([name, { service, container }]) => ({
      name,
      service,
      ...(container !== undefined && { container }),
    })),
  }
}

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html and API_LinearConfiguration.html
const shiftDefaults = { CANARY: { percent: 5, bake: 10 * 60_000 }, LINEAR: { percent: 10, bake: 6 * 60_000 } } as const

function resolveStrategy({
  kind,
  percent,
  bake,
}: NonNullable<FileEnvironment['rollout']['strategy']>): NonNullable<RolloutConfig['strategy']> {
  if (kind === 'ROLLING' || kind === 'BLUE_GREEN') return { kind }
  return { kind, percent: percent ?? shiftDefaults[kind].percent, bake: bake ?? shiftDefaults[kind].bake }
}

function resolveRollout(
  rollout: FileEnvironment['rollout'],
  kind: TargetConfig['kind'],
  monitoring: MonitoringPlan | undefined,
): RolloutConfig {
  const { warmup, checkpoints, maxHealthy, circuitBreaker, earlySuccess, strategy, ...rest } = rollout
  return {
    ...rest,
    alarms: rest.alarms ?? (monitoring === undefined ? [] : guardsOf(monitoring)),
    // Auto Scaling refuses a wider span than 100; ECS has 200 for everybody.
    maxHealthy: maxHealthy ?? (kind === 'ecs' ? 200 : Math.min(200, rest.minHealthy + 100)),
    ...(warmup !== undefined && { warmup }),
    ...(checkpoints !== undefined && { checkpoints }),
    ...(circuitBreaker !== undefined && { circuitBreaker }),
    ...(earlySuccess !== undefined && { earlySuccess }),
    ...(strategy !== undefined && { strategy: resolveStrategy(strategy) }),
  }
}

function resolveLogs({
  group,
  patterns,
}: NonNullable<FileEnvironment['logs']>): NonNullable<EnvironmentConfig['logs']> {
  return {
    group,
    ...(patterns !== undefined && { patterns: patterns.map(({ when, means }) => ({ means, parts: when })) }),
  }
}
