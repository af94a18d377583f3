import { relative } from 'node:path'
import { partsOfBase, wantedBase } from './bases.js'
import { enginePorts, openRegistry, openScratch, type Scratch } from './images.js'
import { modelPorts } from './models.js'
import type { Config, ServiceConfig } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import { baseFingerprint } from '../image/base/fingerprint.js'
import { findStored } from '../image/base/find.js'
import { reuseBase } from '../image/base/reuse.js'
import type { BaseProof } from '../image/base/prove.js'
import type { PushVia } from '../image/base/push.js'
import type { BaseImageRequest, BasePorts, BuiltBase } from '../image/base/types.js'
import { openCache } from './open-cache.js'
import { buildBases, type BaseJob, type FinishedBase } from '../operations/base-build.js'
import { runtimeOf } from '../operations/base-runtime.js'
import { chooseServices } from '../operations/check-account.js'
import { ensureRepositories } from '../operations/ensure-repositories.js'
import type { Ended, RunContext } from '../operations/run.js'
import type { Account } from '../ports/account.js'
import type { Registry } from '../ports/registry.js'

/** How bases are to be built. */
export interface BaseOptions {
  /** Builds also what the registry has. */
  readonly force: boolean
  readonly via: PushVia
  /** Takes the place of the configured platform. */
  readonly platform?: string | undefined
  /** Agrees beforehand to making repositories. */
  readonly yes: boolean
  /** Asks the person; undefined where there is none. */
  readonly ask?: ((question: string) => Promise<boolean>) | undefined
  readonly onProof?: (service: string, proof: BaseProof) => void
}

/** A service that has a base of ours. */
type BasedService = ServiceConfig & { readonly base: NonNullable<ServiceConfig['base']> }

/** The services of that name, or all, that have a base; naming one that has none is a usage error. */
export function basedServices(config: Config, names: readonly string[]): readonly BasedService[] {
  const all = config.services.map((service) => ({ service: service.name, config: service }))
  const chosen = chooseServices(all, names).map((one) => one.config)
  const based = chosen.filter((service): service is BasedService => service.base !== undefined)
  const without = chosen.find(({ base }) => base === undefined)
  if (based.length > 0 && (names.length === 0 || without === undefined)) return based
  throw new RampartError('usage', `${without?.name ?? 'No service'} has no base in rampart.yml.`, {
    next: [`describe it under services.${without?.name ?? '<name>'}.base`],
  })
}

interface World {
  readonly config: Config
  readonly run: RunContext
  readonly registry: () => Promise<Registry>
  readonly account: Account | undefined
  readonly scratch: Scratch
}

async function portsOf(service: string, { config, run, registry, account, scratch }: World): Promise<BasePorts> {
  const home = await registry()
  const { engine, credentials, scratch: directory } = await enginePorts(config, account, scratch)
  return {
    registry: home,
    engine,
    memory: openCache(process.env),
    models: modelPorts(process.env, run, service),
    scratch: directory,
    credentials: () => credentials(home.host),
    emit: run.emit,
    signal: run.signal,
  }
}

async function requestOf(
  service: BasedService,
  { config }: World,
  options: Pick<BaseOptions, 'platform'>,
): Promise<BaseImageRequest> {
  const { base } = service
  const parts = {
    ...(await partsOfBase(service, base)),
    ...(options.platform !== undefined && { platform: options.platform }),
  }
  return {
    service: service.name,
    context: service.context,
    dockerfile: base.dockerfile,
    dockerfileName: relative(process.cwd(), base.dockerfile),
    inputs: base.inputs,
    parts,
    fingerprint: baseFingerprint(parts),
    models: base.models,
    repository: base.repository,
    tags: [...new Set([base.tag, ...base.tags])],
    compression: service.compression,
    runtime: await runtimeOf(service.dockerfile, service.args),
    commands: base.prove,
    mountFrom: config.services.flatMap(({ base: other, repository }) => [
      ...(other === undefined || other.repository === base.repository ? [] : [other.repository]),
      repository,
    ]),
  }
}

/** A base on its way; nothing is loaded or asked of an engine before it has to be built. */
async function jobOf(service: BasedService, world: World, options: BaseOptions): Promise<BaseJob> {
  const request = await requestOf(service, world, options)
  const { registry } = world
  const { repository, fingerprint, tags } = request
  let made: { readonly ports: BasePorts; readonly base: BuiltBase } | undefined
  const built = (): NonNullable<typeof made> => {
    if (made === undefined) throw new Error(`the base of ${service.name} was not built`)
    return made
  }
  return {
    service: service.name,
    repository: async () => `${(await registry()).host}/${repository}`,
    fingerprint,
    reuse: async () => {
      const { wanted } = await wantedBase(world.config, service, service.base)
      return reuseBase(await registry(), repository, { ...wanted, fingerprint }, tags, world.run.clock.now())
    },
    build: async (anew) => {
      const { buildBase } = await import('../image/base/build.js')
      const ports = await portsOf(service.name, world)
      const before = await findStored(ports.registry, repository, tags[0] ?? 'latest')
      const earlier = before?.manifest.layers ?? []
      made = { ports, base: await buildBase(request, { earlier, anew }, ports) }
    },
    prove: async () => {
      const { proveBase } = await import('../image/base/prove.js')
      const { ports, base } = built()
      const { models, commands, runtime } = request
      return proveBase({ image: base.proving, models, commands, runtime }, ports.engine, world.run.signal)
    },
    push: async (proof) => {
      const { pushBase } = await import('../image/base/push.js')
      const { ports, base } = built()
      const before = await findStored(ports.registry, repository, tags[0] ?? 'latest')
      return pushBase(base, proof, before, options.via, request, ports)
    },
    release: async () => made?.base.release(),
  }
}

/** Builds, proves and pushes the bases of these services that the registry does not have. */
export async function buildBasesOf(
  config: Config,
  services: readonly BasedService[],
  { account, run }: { readonly account: Account | undefined; readonly run: RunContext },
  options: BaseOptions,
): Promise<{ readonly ended: Ended; readonly bases: readonly FinishedBase[] }> {
  const scratch = openScratch()
  const registry = openRegistry(config, { account, run })
  const world = { config, run, registry, account, scratch }
  const { yes, ask, force, onProof } = options
  try {
    return await buildBases(
      {
        jobs: await Promise.all(services.map((service) => jobOf(service, world, options))),
        force,
        onProof: onProof ?? (() => undefined),
        prepare: async () =>
          ensureRepositories(
            services.map(({ base }) => ({ name: base.repository, movingTags: [...new Set([base.tag, ...base.tags])] })),
            { account, yes, ask },
          ),
      },
      run,
    )
  } finally {
    await scratch.remove()
    await (await registry()).close()
  }
}
