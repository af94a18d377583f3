import type { Performed, SharedFlags } from '../../base-command.js'
import { configure, performance, repositories, secretsOf } from './configure.js'
import { connect } from './connect.js'
import { openRegistry } from './images.js'
import { placeOf } from './keeper.js'
import { expandTag, type Config } from '../config/index.js'
import type { Digest } from '../domain/digest.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { ServiceTags } from '../domain/tag-report.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { chooseServices } from '../operations/check-account.js'
import { verifyTags } from '../operations/registry-verify.js'
import { Ledger } from '../release/ledger.js'
import { streamPage } from './perform.js'
import type { Registry } from '../ports/registry.js'
import { tagsText } from '../report/registry-text.js'
import { createMask } from '../terminal/mask.js'

interface VerifyTagsFlags extends SharedFlags {
  readonly service?: readonly string[] | undefined
}

/** What `registry verify --json` prints: a stable shape. */
interface VerifyTagsResult {
  readonly v: 1
  readonly simulated: boolean
  readonly app: string
  readonly environment: string
  /** Why it is not known what serves; null when it is. */
  readonly notCompared: string | null
  readonly services: readonly ServiceTags[]
}

/** What an environment serves, as far as somebody tells, and its registry. */
export interface Serving {
  readonly registry: Registry
  readonly images: readonly string[]
  /** Why it is not known. */
  readonly unknown: string | undefined
}

interface Known extends Serving {
  /** What the ledger knows, newest first; nothing where there is none, or none that can be read. */
  readonly records: () => Promise<readonly ReleaseRecord[]>
}

/** Opens the environment's registry and asks its fleet what it launches; a fleet that does not answer is none. */
export async function openServing(config: Config, command: string): Promise<Known> {
  const performing = performance(command, config)
  const run = { clock: performing.clock, signal: new AbortController().signal }
  const { driver, account, parameters } = await connect(config, performing)
  const registry = await openRegistry(config, { account, run })()
  const records: Known['records'] = async () => {
    if (!config.environment.release.ledger) return []
    return new Ledger(parameters, placeOf(config)).list().catch((error: unknown) => {
      if (error instanceof RampartError) return []
      throw error
    })
  }
  try {
    const { images } = await driver.status(registry.host, repositories(config))
    return { registry, images, unknown: undefined, records }
  } catch (error) {
    if (error instanceof RampartError) return { registry, images: [], unknown: error.message, records }
    await registry.close()
    throw error
  }
}

/** The digest of a repository among references of one registry. */
function servingDigest({ images, registry }: Serving, repository: string): Digest | undefined {
  const refs = images.map(parseImageRef)
  return refs.find((ref) => ref?.registry === registry.host && ref.repository === repository)?.digest
}

/** What the newest release with that image is called. */
const versionIn = (records: readonly ReleaseRecord[], digest: Digest): string | undefined =>
  records.find(({ release }) => release.images.some((image) => image.digest === digest))?.source?.version

/** `rampart registry verify`. */
export async function runVerifyTags(flags: VerifyTagsFlags): Promise<Performed> {
  const config = await configure(flags)
  const named = config.services.map((service) => ({ service: service.name, config: service }))
  const chosen = chooseServices(named, flags.service ?? [])
  const serving = await openServing(config, 'registry verify')
  let records: ReturnType<Known['records']> | undefined
  try {
    const services = await Promise.all(
      chosen.map(({ service, config: { repository, tags } }) =>
        verifyTags(
          {
            service,
            repository,
            templates: tags,
            expand: expandTag,
            serving: servingDigest(serving, repository),
            versionOf: async (digest) => versionIn(await (records ??= serving.records()), digest),
          },
          serving.registry,
        ),
      ),
    )
    const result: VerifyTagsResult = {
      v: 1,
      simulated: process.env['RAMPART_SIMULATION'] !== undefined,
      app: config.app,
      environment: config.environment.name,
      notCompared: serving.unknown ?? null,
      services,
    }
    const mask = createMask(secretsOf(config))
    if (!flags.json) {
      const text = tagsText(result, streamPage(process.stdout, flags), process.env['RAMPART_SIMULATION'])
      process.stdout.write(`${mask(text)}\n`)
    }
    const isGood = services.every(({ good }) => good)
    return {
      exitCode: isGood ? 0 : exitCodes.verification,
      result: JSON.parse(mask(JSON.stringify(result))) as unknown,
    }
  } finally {
    await serving.registry.close()
  }
}
