import { enginePorts, imageRequest, openRegistry, type Scratch } from './images.js'
import { openCache } from './open-cache.js'
import { accountIn, openHost } from './registries.js'
import type { Config, ServiceConfig } from '../config/index.js'
import { buildWith } from '../image/engine/choose.js'
import { planImage } from '../image/inspect/plan.js'
import { registryRepository } from '../oci/endpoint.js'
import type { Locate } from '../operations/inspect.js'
import type { Registry } from '../ports/registry.js'
import { clockFrom } from '../system/clock.js'
import { createGit } from '../system/git.js'

/** The registries that images and their bases are in; each is opened when it is first needed. */
export interface Registries {
  readonly home: Registry | undefined
  readonly locate: Locate
  close(): Promise<void>
}

/** The registry of the environment, where there is one, and every other one that is asked for. */
export async function openRegistries(config: Config | undefined, signal: AbortSignal): Promise<Registries> {
  const run = { clock: clockFrom(process.env['RAMPART_CLOCK']), signal }
  const home = config === undefined ? undefined : await openHome(config, run)
  const ours = new Set(config?.services.flatMap(({ base, repository }) => [repository, base?.repository]))
  const opened = new Map<string, Registry>()
  return {
    home,
    locate: (host, repository) => {
      if (home !== undefined && (host === home.host || (host === '' && ours.has(repository)))) {
        return { registry: home, repository }
      }
      const registry = opened.get(host) ?? openHost(host, run)
      opened.set(host, registry)
      return { registry, repository: registryRepository(host, repository) }
    },
    close: async () => {
      await Promise.all([...opened.values(), ...(home === undefined ? [] : [home])].map((one) => one.close()))
    },
  }
}

async function openHome(config: Config, run: Parameters<typeof openRegistry>[1]['run']): Promise<Registry> {
  const { registry, region } = config.environment
  return openRegistry(config, { account: registry === undefined ? await accountIn(region) : undefined, run })()
}

type Planned = Awaited<ReturnType<typeof planImage>>

/** The image that a deploy would push now for a service, by the builder that a deploy would take. Nothing is sent anywhere. */
export async function planService(
  config: Config,
  service: ServiceConfig,
  { home, locate }: { readonly home: Registry; readonly locate: Locate },
  { signal, scratch }: { readonly signal: AbortSignal; readonly scratch: Scratch },
): Promise<Planned> {
  const files = openCache(process.env)
  const git = createGit({ environment: process.env, signal })
  const registries = { registry: home, locate, git, memory: files, groups: files }
  const ports = { ...registries, now: () => Date.now(), emit: () => undefined, signal }
  const { budget: _, ...request } = imageRequest(config, service)
  return buildWith<Planned>(
    'auto',
    request,
    {
      layer: () => planImage(request, ports),
      docker: async () => {
        const { buildWithEngine } = await import('../image/engine/build.js')
        const elsewhere = config.environment.registry !== undefined
        const account = elsewhere ? undefined : await accountIn(config.environment.region)
        return buildWithEngine(request, { ...ports, ...(await enginePorts(config, account, scratch)) })
      },
    },
    () => undefined,
  )
}
