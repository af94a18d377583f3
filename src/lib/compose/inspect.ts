import type { Performed, SharedFlags } from '../../base-command.js'
import { enginePorts, imageRequest, openElsewhere, openRegistry, openScratch, type Scratch } from './images.js'
import { configure, secretsOf } from './deploy.js'
import type { Config, ServiceConfig } from '../config/index.js'
import { formatBytes } from '../domain/format-bytes.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { Inspection } from '../domain/inspection.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { buildWith } from '../image/engine/choose.js'
import { planImage } from '../image/inspect/plan.js'
import { createRegistryClient } from '../oci/client.js'
import { isEcr, registryEndpoint, registryRepository } from '../oci/endpoint.js'
import { openCache } from './open-cache.js'
import { chooseServices } from '../operations/check-account.js'
import { inspect, isAcceptable, type InspectImageRequest, type Locate } from '../operations/inspect.js'
import { streamPage } from './perform.js'
import type { Account } from '../ports/account.js'
import type { Registry } from '../ports/registry.js'
import { inspectText } from '../report/inspect-text.js'
import { clockFrom } from '../system/clock.js'
import { createGit } from '../system/git.js'
import { createMask } from '../terminal/mask.js'

interface InspectFlags extends SharedFlags {
  readonly image?: string | undefined
  readonly service?: readonly string[] | undefined
  readonly base?: string | undefined
  readonly platform?: string | undefined
  readonly deep: boolean
  readonly check: boolean
}

/** What `app inspect --json` prints: a stable shape, see {@link Inspection}. */
interface InspectResult {
  readonly v: 1
  readonly simulated: boolean
  readonly images: readonly Inspection[]
}

/** The configuration, where there is one; an image of a registry can be looked at without. */
async function configuration(flags: InspectFlags): Promise<Config | undefined> {
  const needed = flags.image === undefined || flags.config !== undefined || flags.env !== undefined
  return configure(flags).catch((error: unknown) => {
    // A file with mistakes in it has a place; one that is not there has none.
    if (needed || !(error instanceof RampartError) || error.problems.length > 0 || error.place !== undefined)
      throw error
    return undefined
  })
}

interface Registries {
  readonly home: Registry | undefined
  readonly locate: Locate
  close(): Promise<void>
}

async function accountOf(region: string): Promise<Account> {
  const { createAws } = await import('../aws/index.js')
  return createAws({ region }).account
}

async function openRegistries(config: Config | undefined, signal: AbortSignal): Promise<Registries> {
  const run = { clock: clockFrom(process.env['RAMPART_CLOCK']), signal }
  const home = config === undefined ? undefined : await openHome(config, run)
  const ours = new Set(config?.services.flatMap(({ base, repository }) => [repository, base?.repository]))
  const opened = new Map<string, Registry>()
  const open = (host: string): Registry => {
    const region = isEcr(host) ? /ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(host)?.[1] : undefined
    if (region === undefined) return openElsewhere(host, run)
    // Docker's own client may hold a login for ECR that has ended; the account makes one that has not.
    const credentials = async () => ({
      ...(await (await accountOf(region)).registryAuthorization()),
      scheme: 'basic' as const,
    })
    return createRegistryClient({ endpoint: registryEndpoint(host), host, credentials, ...run })
  }
  return {
    home,
    locate: (host, repository) => {
      if (home !== undefined && (host === home.host || (host === '' && ours.has(repository)))) {
        return { registry: home, repository }
      }
      const registry = opened.get(host) ?? open(host)
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
  return openRegistry(config, { account: registry === undefined ? await accountOf(region) : undefined, run })()
}

const baseOf = (service: ServiceConfig | undefined): string | undefined =>
  service?.base === undefined ? undefined : `${service.base.repository}:${service.base.tag}`

/** What is asked for: the image that is named, or what each service would push now, made one after the other. */
async function* requests(
  config: Config | undefined,
  flags: InspectFlags,
  { home, locate }: Registries,
  signal: AbortSignal,
  scratch: Scratch,
): AsyncGenerator<InspectImageRequest> {
  const { base, deep, image } = flags
  if (image !== undefined) {
    const repository = parseImageRef(image)?.repository
    const service = config?.services.find((one) => one.repository === repository)
    yield {
      service: service?.name ?? null,
      name: image,
      platform: flags.platform ?? service?.platform ?? 'linux/amd64',
      base,
      configured: baseOf(service),
      budget: service?.budget,
      deep,
    }
    return
  }
  if (config === undefined || home === undefined) return
  const files = openCache(process.env)
  const git = createGit({ environment: process.env, signal })
  const services = config.services.map((service) => ({ service: service.name, config: service }))
  for (const { config: service } of chooseServices(services, flags.service ?? [])) {
    const registries = { registry: home, locate, git, memory: files, groups: files }
    const ports = { ...registries, now: () => Date.now(), emit: () => undefined, signal }
    const { budget: _, ...request } = imageRequest(config, service)
    const planned = await buildWith<NonNullable<InspectImageRequest['planned']>>(
      'auto',
      request,
      {
        layer: () => planImage(request, ports),
        docker: async () => {
          const { buildWithEngine } = await import('../image/engine/build.js')
          const elsewhere = config.environment.registry !== undefined
          const account = elsewhere ? undefined : await accountOf(config.environment.region)
          return buildWithEngine(request, { ...ports, ...(await enginePorts(config, account, scratch)) })
        },
      },
      () => undefined,
    )
    yield {
      service: service.name,
      planned,
      name: service.repository,
      platform: service.platform,
      base,
      configured: baseOf(service),
      budget: service.budget,
      deep,
    }
  }
}

// Below this a layer is read before anybody wonders.
const worthSaying = 32 * 1024 * 1024

/** `rampart app inspect`. */
export async function runInspect(flags: InspectFlags): Promise<Performed> {
  const config = await configuration(flags)
  const stop = new AbortController()
  const registries = await openRegistries(config, stop.signal)
  const mask = createMask(config === undefined ? [] : secretsOf(config))
  const simulation = process.env['RAMPART_SIMULATION']
  const page = streamPage(process.stdout, flags)
  const say = (text: string): void => void (flags.progress !== 'quiet' && process.stderr.write(`${text}\n`))
  const images: Inspection[] = []
  const scratch = openScratch()
  try {
    if (simulation !== undefined && !flags.json) {
      process.stdout.write(`${page.paint('warn', 'SIMULATED')}: ${simulation}; nothing of it is real\n`)
    }
    for await (const request of requests(config, flags, registries, stop.signal, scratch)) {
      const inspection = await inspect(request, {
        memory: openCache(process.env),
        locate: registries.locate,
        signal: stop.signal,
        onRead: ({ number, of, bytes }) => {
          if (bytes >= worthSaying) say(`reading layer ${number} of ${of}, ${formatBytes(bytes)}`)
        },
      })
      if (!flags.json) process.stdout.write(`${images.length > 0 ? '\n' : ''}${mask(inspectText(inspection, page))}\n`)
      images.push(inspection)
    }
  } finally {
    await scratch.remove()
    await registries.close()
  }
  const result: InspectResult = { v: 1, simulated: simulation !== undefined, images }
  return {
    exitCode: flags.check && !images.every(isAcceptable) ? exitCodes.preflight : 0,
    result: JSON.parse(mask(JSON.stringify(result))) as unknown,
  }
}
