import type { Performed, SharedFlags } from '../../base-command.js'
import { configure, performance, secretsOf } from './configure.js'
import { openRegistry } from './images.js'
import { placeOf } from './keeper.js'
import { homeAccount } from './registries.js'
import { openServing, type Serving } from './registry-verify.js'
import { expandTag, type Config } from '../config/index.js'
import { formatImageRef } from '../domain/image-ref.js'
import { RampartError } from '../errors/rampart-error.js'
import { formatEnvironment, type EnvFormat } from '../operations/env-formats.js'
import { releaseEnvironment } from '../operations/env.js'
import { Ledger } from '../release/ledger.js'
import { createMask } from '../terminal/mask.js'

interface EnvFlags extends SharedFlags {
  readonly format: EnvFormat
  readonly release?: string | undefined
  readonly tag?: string | undefined
}

async function openHome(config: Config): Promise<Serving['registry']> {
  const { clock } = performance('env', config)
  const account = await homeAccount(config)
  return openRegistry(config, { account, run: { clock, signal: new AbortController().signal } })()
}

async function recordedImages(config: Config, id: string): Promise<readonly string[]> {
  const { createAws } = await import('../aws/index.js')
  const { parameters } = createAws({ region: config.environment.region })
  const records = await new Ledger(parameters, placeOf(config)).list()
  const found = records.find(({ release }) => release.id === id)
  if (found !== undefined) return found.release.images.map(({ repository, digest }) => `${repository}@${digest}`)
  throw new RampartError('preflight', `There is no release ${id} in ${config.environment.name}.`, {
    next: ['rampart releases'],
  })
}

/** The images that are asked for: of a release, of a tag, or those that serve. */
async function imagesOf(config: Config, { release, tag }: EnvFlags): Promise<Serving & { readonly origin: string }> {
  if (release !== undefined) {
    const images = await recordedImages(config, release)
    return { registry: await openHome(config), images, unknown: undefined, origin: `release ${release}` }
  }
  if (tag !== undefined) {
    const registry = await openHome(config)
    const name = expandTag(tag, {}) ?? tag
    const images = config.services.map(({ repository }) =>
      formatImageRef({ registry: registry.host, repository, tag: name }),
    )
    return { registry, images, unknown: undefined, origin: `${registry.host} under the tag ${name}` }
  }
  const serving = await openServing(config, 'env')
  const origin = serving.unknown ?? `what ${config.environment.name} serves`
  return { ...serving, origin }
}

/** `rampart env`. */
export async function runEnv(flags: EnvFlags): Promise<Performed> {
  if (flags.release !== undefined && flags.tag !== undefined) {
    throw new RampartError('usage', '--release and --tag name different images.', { next: ['use one of them'] })
  }
  const config = await configure(flags)
  const { app, environment, services } = config
  const { registry, images, origin } = await imagesOf(config, flags)
  try {
    const variables = await releaseEnvironment(
      {
        app,
        environment: environment.name,
        region: environment.region,
        services: services.map(({ name, repository, health }) => ({ name, repository, port: health?.port })),
        images,
        origin,
      },
      registry,
    )
    const mask = createMask(secretsOf(config))
    if (!flags.json) process.stdout.write(mask(formatEnvironment(variables, flags.format)))
    const simulated = process.env['RAMPART_SIMULATION'] !== undefined
    // stdout is for a program; a person is told beside it.
    if (simulated && !flags.json) process.stderr.write('SIMULATED: of a rehearsal; nothing of it is real\n')
    return { exitCode: 0, result: { v: 1, simulated, variables } }
  } finally {
    await registry.close()
  }
}
