import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { checkBases } from './bases.js'
import { expandTag, type Config, type ServiceConfig } from '../config/index.js'
import type { EnginePorts } from '../image/engine/build.js'
import { buildWith, type BuilderName } from '../image/engine/choose.js'
import { buildAppImage, type AppImageRequest, type BuiltImage, type PublishPorts } from '../image/publish/publish.js'
import { createRegistryClient } from '../oci/client.js'
import { dockerCredentials } from '../oci/credentials.js'
import { registryEndpoint, registryRepository } from '../oci/endpoint.js'
import type { ServiceImage } from '../operations/push-images.js'
import type { RunContext } from '../operations/run.js'
import type { Account } from '../ports/account.js'
import type { Registry } from '../ports/registry.js'
import { namedGit } from './named-git.js'
import { openCache } from './open-cache.js'
import type { Check } from '../rollout/driver.js'
import { createGit } from '../system/git.js'

/** What a person says of how images are made. */
export interface ImageFlags {
  readonly 'allow-over-budget'?: boolean
  readonly builder?: string | undefined
}

/** The same as what {@link composeImages} is told. */
export const imageOptions = (
  flags: ImageFlags,
): { readonly allowOverBudget: boolean; readonly builder: BuilderName } => ({
  allowOverBudget: flags['allow-over-budget'] === true,
  builder: flags.builder === 'layer' || flags.builder === 'docker' ? flags.builder : 'auto',
})

/** What all images of a run share: registries, connections and what is remembered. */
export interface Images {
  readonly services: readonly ServiceImage[]
  /** The host of the environment's registry as it stands in image references. */
  readonly registryHost: () => Promise<string>
  /** The environment's registry itself. */
  readonly registry: () => Promise<Registry>
  /** Whether the bases are there, and made of what the sources say now. */
  readonly checkBases: () => Promise<readonly Check[]>
  /** Closes the connections. */
  close(): Promise<void>
}

interface Connecting {
  /** Undefined when the configuration names a registry that is not ECR. */
  readonly account: Account | undefined
  readonly run: Pick<RunContext, 'clock' | 'signal'>
}

interface Shared extends Connecting {
  readonly run: RunContext
  /** A layer over its budget is a warning instead of a failure. */
  readonly allowOverBudget?: boolean
  /** So is a base that was built from other sources. */
  readonly allowStaleBase?: boolean
  /** The version that they get, and the commit that it names. */
  readonly named?: { readonly version: string; readonly commit: () => Promise<string | undefined> } | undefined
  /** What makes the images; `auto` unless given, see {@link buildWith}. */
  readonly builder?: BuilderName
}

/** Where blobs may lie while a run lasts; made when it is first asked for. */
export interface Scratch {
  readonly directory: () => Promise<string>
  remove(): Promise<void>
}

/** A directory of this user's alone. */
export function openScratch(): Scratch {
  let made: Promise<string> | undefined
  return {
    directory: () => (made ??= mkdtemp(join(tmpdir(), 'rampart-'))),
    remove: async () => {
      if (made !== undefined) await rm(await made, { recursive: true, force: true })
    },
  }
}

/** What a build by a Docker engine needs of this machine. The engine is asked when it is needed, not before. */
export async function enginePorts(
  config: Config,
  account: Account | undefined,
  scratch: Scratch,
): Promise<Pick<EnginePorts, 'engine' | 'credentials' | 'scratch'>> {
  const { createDockerEngine } = await import('../docker/engine.js')
  const home = process.env['HOME'] ?? homedir()
  return {
    engine: createDockerEngine({ environment: process.env, home }),
    credentials: async (host) =>
      config.environment.registry === undefined && account !== undefined
        ? account.registryAuthorization()
        : dockerCredentials(host, { environment: process.env, home })(),
    scratch: () => scratch.directory(),
  }
}

/** The environment's registry: the one that the configuration names, else the account's own ECR. */
export function openRegistry(config: Config, { account, run }: Connecting): () => Promise<Registry> {
  let opened: Promise<Registry> | undefined
  const open = async (): Promise<Registry> => {
    const { clock, signal } = run
    const host = config.environment.registry
    if (host !== undefined || account === undefined) return openElsewhere(host ?? '', run)
    const { endpoint } = await account.registryAuthorization()
    return createRegistryClient({
      endpoint,
      // Asked anew each time the registry refuses the last one: tokens last for twelve hours, runs may last longer.
      credentials: async () => ({ ...(await account.registryAuthorization()), scheme: 'basic' }),
      clock,
      signal,
    })
  }
  return () => (opened ??= open())
}

/** Another registry than the environment's, with the logins that Docker's own client has for it. */
export function openElsewhere(host: string, { clock, signal }: Connecting['run']): Registry {
  const credentials = dockerCredentials(host, { environment: process.env, home: process.env['HOME'] ?? homedir() })
  return createRegistryClient({ endpoint: registryEndpoint(host), host, credentials, clock, signal })
}

/** What to build for a service. */
export function imageRequest(config: Config, service: ServiceConfig, version?: string): AppImageRequest {
  const epoch = Number(process.env['SOURCE_DATE_EPOCH'] ?? Number.NaN)
  return {
    app: config.app,
    service: service.name,
    context: service.context,
    dockerfile: service.dockerfile,
    dockerfileName: relative(process.cwd(), service.dockerfile),
    buildArgs: service.args,
    platform: service.platform,
    compression: service.compression,
    repository: service.repository,
    budget: service.budget,
    tags: (source) =>
      service.tags
        // A version that is not yet proved to be one is no tag: what fails must leave it free for what is mended.
        .filter((tag) => version === undefined || source?.version !== version || !tag.includes('{version}'))
        .map((tag) =>
          expandTag(tag, {
            ...(source?.version !== undefined && { version: source.version }),
            ...(source !== undefined && { commit: source.commit }),
          }),
        )
        .filter((tag) => tag !== undefined),
    ...(Number.isInteger(epoch) && { sourceDateEpoch: epoch }),
  }
}

/** The images of all services, made from the configuration. Nothing is asked or read before one is built. */
export function composeImages(config: Config, shared: Shared): Images {
  const { run } = shared
  const registry = openRegistry(config, shared)
  const elsewhere = new Map<string, Registry>()
  const files = openCache(process.env)
  const plainGit = createGit({ environment: process.env, signal: run.signal })
  const { named } = shared
  const git = named === undefined ? plainGit : namedGit(plainGit, named.version, named.commit)
  const bases = new Set(config.services.map((service) => service.base?.repository))
  const scratch = openScratch()

  function locate(home: Registry): NonNullable<PublishPorts['locate']> {
    return (host, repository) => {
      // A base of ours is written without a host: it lives wherever the environment's images do.
      if (host === home.host || (host === '' && bases.has(repository))) return { registry: home, repository }
      const known = elsewhere.get(host) ?? openElsewhere(host, run)
      elsewhere.set(host, known)
      return { registry: known, repository: registryRepository(host, repository) }
    }
  }

  function image(service: ServiceConfig): ServiceImage {
    let built: Pick<BuiltImage, 'digest' | 'notes' | 'push'> | undefined
    const make = async (): Promise<NonNullable<typeof built>> => {
      const home = await registry()
      const ports = {
        registry: home,
        locate: locate(home),
        git,
        memory: files,
        groups: files,
        now: () => Date.now(),
        emit: run.emit,
        signal: run.signal,
      }
      const wanted = {
        ...imageRequest(config, service, named?.version),
        allowOverBudget: shared.allowOverBudget === true,
      }
      built = await buildWith<NonNullable<typeof built>>(
        shared.builder ?? 'auto',
        wanted,
        {
          layer: () => buildAppImage(wanted, ports),
          docker: async () => {
            const { buildWithEngine } = await import('../image/engine/build.js')
            return buildWithEngine(wanted, { ...ports, ...(await enginePorts(config, shared.account, scratch)) })
          },
        },
        (why) => run.emit({ type: 'image.step', service: service.name, step: 'builder', detail: why }),
      )
      for (const note of built.notes) {
        run.emit({ type: 'image.step', service: service.name, step: 'note', detail: note })
      }
      return built
    }
    return {
      service: service.name,
      build: async () => {
        const { digest } = await make()
        return { service: service.name, repository: `${(await registry()).host}/${service.repository}`, digest }
      },
      push: async () => (built ?? (await make())).push(),
    }
  }

  return {
    services: config.services.map(image),
    registryHost: async () => (await registry()).host,
    registry,
    checkBases: async () => checkBases(config, await registry(), run.clock.now(), shared.allowStaleBase),
    close: async () => {
      await scratch.remove()
      const open = [...elsewhere.values()]
      await Promise.all(open.map((one) => one.close()))
      await (await registry()).close()
    },
  }
}
