import { dirname, join, relative, resolve, sep } from 'node:path'
import { freeze } from './freeze.js'
import type { FileConfig } from './schema.js'
import type { Config, EnvironmentConfig, RolloutConfig, ServiceConfig } from './types.js'

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
  return freeze({
    path: absolute,
    directory,
    app: file.app,
    services: Object.entries(file.services).map(([name, service]) => resolveService(name, service, directory)),
    environment: resolveEnvironment(environment, chosen, region),
    environments,
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

function resolveEnvironment(name: string, environment: FileEnvironment, region: string): EnvironmentConfig {
  const { registry, target, logs } = environment
  return {
    name,
    region,
    ...(registry !== undefined && { registry }),
    target,
    rollout: resolveRollout(environment.rollout),
    ...(logs !== undefined && { logs }),
  }
}

function resolveRollout(rollout: FileEnvironment['rollout']): RolloutConfig {
  const { warmup, checkpoints, maxHealthy, ...rest } = rollout
  return {
    ...rest,
    maxHealthy: maxHealthy ?? Math.min(200, rest.minHealthy + 100),
    ...(warmup !== undefined && { warmup }),
    ...(checkpoints !== undefined && { checkpoints }),
  }
}
