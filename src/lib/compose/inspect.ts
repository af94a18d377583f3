import type { Performed, SharedFlags } from '../../base-command.js'
import { enginePorts, imageRequest, openRegistry, openScratch, type Scratch } from './images.js'
import { accountIn, openHost, optionalConfig } from './registries.js'
import { secretsOf } from './deploy.js'
import type { Config, ServiceConfig } from '../config/index.js'
import { formatBytes } from '../domain/format-bytes.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { Inspection } from '../domain/inspection.js'
import { exitCodes } from '../errors/exit-codes.js'
import { buildWith } from '../image/engine/choose.js'
import { planImage } from '../image/inspect/plan.js'
import { registryRepository } from '../oci/endpoint.js'
import { openCache } from './open-cache.js'
import { chooseServices } from '../operations/check-account.js'
import { inspect, isAcceptable, type InspectImageRequest, type Locate } from '../operations/inspect.js'
import { streamPage } from './perform.js'
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

interface Registries {
  readonly home: Registry | undefined
  readonly locate: Locate
  close(): Promise<void>
}

async function openRegistries(config: Config | undefined, signal: AbortSignal): Promise<Registries> {
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
          const account = elsewhere ? undefined : await accountIn(config.environment.region)
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
  const config = await optionalConfig(flags, flags.image === undefined)
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
