import type { Performed, SharedFlags } from '../../base-command.js'
import { openScratch, type Scratch } from './images.js'
import { openRegistries, planService, type Registries } from './planned-images.js'
import { optionalConfig } from './registries.js'
import { secretsOf } from './configure.js'
import type { Config, ServiceConfig } from '../config/index.js'
import { formatBytes } from '../domain/format-bytes.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { Inspection } from '../domain/inspection.js'
import { exitCodes } from '../errors/exit-codes.js'
import { openCache } from './open-cache.js'
import { chooseServices } from '../operations/check-account.js'
import { inspect, isAcceptable, type InspectImageRequest } from '../operations/inspect.js'
import { streamPage } from './perform.js'
import { inspectText } from '../report/inspect-text.js'
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
  const services = config.services.map((service) => ({ service: service.name, config: service }))
  for (const { config: service } of chooseServices(services, flags.service ?? [])) {
    const planned = await planService(config, service, { home, locate }, { signal, scratch })
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
