import { relative } from 'node:path'
import type { Performed, SharedFlags } from '../../base-command.js'
import { basedServices, buildBasesOf } from './base-jobs.js'
import { wantedBase } from './bases.js'
import { openRegistry } from './images.js'
import { hubSecrets, openModelHub, writeRevisionsOf } from './models.js'
import { asker } from './asker.js'
import { configure, performance } from './configure.js'
import { connect } from './connect.js'
import { findConfig, type Config, type ServiceConfig } from '../config/index.js'
import type { BaseStatus } from '../domain/base-status.js'
import type { FleetStatus } from '../domain/fleet-status.js'
import { parseImageRef } from '../domain/image-ref.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { BaseProof } from '../image/base/prove.js'
import { baseStatus, type BaseStatusRequest } from '../image/base/status.js'
import type { FinishedBase } from '../operations/base-build.js'
import { proofTable } from '../operations/base-proof.js'
import { perform, streamPage, type Performance } from './perform.js'
import type { Account } from '../ports/account.js'
import { baseStatusText } from '../report/base-status-text.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { Cloud } from './connect.js'
import type { Driver } from '../rollout/driver.js'
import { systemClock } from '../system/clock.js'
import { cleanLines } from '../terminal/clean.js'
import { createMask } from '../terminal/mask.js'

interface BaseBuildFlags extends SharedFlags {
  readonly service?: readonly string[] | undefined
  readonly force: boolean
  readonly yes: boolean
  readonly via: string
  readonly platform?: string | undefined
  readonly 'write-revisions': boolean
}

/** What `base build --json` adds to the result of every run. */
interface BaseResult {
  readonly bases: readonly {
    readonly service: string
    readonly reference: string
    readonly fingerprint: string
    readonly reused: boolean
    readonly bytes: number | null
    readonly uploadedBytes: number | null
    /** Null for a base that was there already; its label `rampart.proof` says how it was proved. */
    readonly proof: FinishedBase['proof'] | null
  }[]
}

const resultOf = (bases: readonly FinishedBase[]): BaseResult => ({
  bases: bases.map(({ service, reference, fingerprint, reused, proof, pushed }) => ({
    service,
    reference,
    fingerprint,
    reused,
    bytes: pushed?.bytes ?? null,
    uploadedBytes: pushed?.uploadedBytes ?? null,
    proof: proof ?? null,
  })),
})

async function writeRevisions(flags: BaseBuildFlags): Promise<void> {
  const path = flags.config ?? relative(process.cwd(), findConfig(process.cwd()))
  const hub = openModelHub(process.env, { clock: systemClock, signal: new AbortController().signal })
  for (const { id, name, commit } of await writeRevisionsOf(path, hub)) {
    process.stderr.write(`${path}: ${id} at ${name} is ${commit}\n`)
  }
}

/** `rampart base build`. */
export async function runBaseBuild(flags: BaseBuildFlags): Promise<Performed> {
  if (flags['write-revisions']) await writeRevisions(flags)
  const config = await configure(flags)
  const services = basedServices(config, flags.service ?? [])
  const ran = ['preflight', 'build', 'proof', 'push'] as const
  const performing = performance('base build', config, ran, await hubSecrets(process.env))
  let finished: readonly FinishedBase[] = []
  const proofs: { readonly service: string; readonly proof: BaseProof }[] = []
  const performed = await perform(performing, flags, async (run) => {
    const account = await accountOf(config, performing)
    const { ended, bases } = await buildBasesOf(
      config,
      services,
      { account, run },
      {
        force: flags.force,
        yes: flags.yes,
        via: flags.via === 'docker' ? 'docker' : 'rampart',
        platform: flags.platform,
        ask: await asker(flags),
        onProof: (service, proof) => proofs.push({ service, proof }),
      },
    )
    finished = bases
    return ended
  })
  if (!flags.json && flags.progress !== 'ndjson' && flags.progress !== 'quiet') {
    const mask = createMask(performing.secrets)
    // Its paths are those of an image: they may hold anything.
    const lines = proofs.flatMap(({ service, proof }) => [`Proof of ${service}:`, ...proofTable(proof.models)])
    for (const line of lines.flatMap(cleanLines)) process.stdout.write(`${mask(line)}\n`)
  }
  return { ...performed, result: { ...(performed.result as object), ...resultOf(finished) } }
}

/** The account whose ECR is the registry; undefined for another registry. */
async function accountOf(config: Config, performing: Performance): Promise<Account | undefined> {
  return config.environment.registry === undefined ? (await connect(config, performing)).account : undefined
}

interface BaseStatusFlags extends SharedFlags {
  readonly service?: readonly string[] | undefined
  readonly check: boolean
}

/** What `base status --json` prints: a stable shape. */
interface BaseStatusResult {
  readonly v: 1
  readonly simulated: boolean
  readonly bases: readonly BaseStatus[]
}

/** `rampart base status`. */
export async function runBaseStatus(flags: BaseStatusFlags): Promise<Performed> {
  const config = await configure(flags)
  const performing = performance('base status', config)
  const { clock, simulation } = performing
  const run = { clock, signal: new AbortController().signal }
  const cloud = config.environment.registry === undefined ? await connect(config, performing) : undefined
  const registry = await openRegistry(config, { account: cloud?.account, run })()
  try {
    const services = basedServices(config, flags.service ?? [])
    const [serving, records] =
      cloud === undefined
        ? []
        : await Promise.all([servingOf(config, cloud.driver, registry.host), recordsOf(config, cloud)])
    const bases = await Promise.all(
      services.map(async (service) => {
        const { base, name } = service
        const { parts, wanted } = await wantedBase(config, service, base)
        return baseStatus(
          {
            service: name,
            repository: base.repository,
            tag: base.tag,
            parts,
            wanted,
            app: appImages(service, registry.host, serving),
            released: releasedImages(name, records ?? []),
          },
          registry,
          clock.now(),
        )
      }),
    )
    if (!flags.json) {
      const page = streamPage(process.stdout, flags)
      const texts = bases.map((base) => baseStatusText(base, page))
      if (simulation !== undefined)
        texts.unshift(`${page.paint('warn', 'SIMULATED')}: ${simulation}; nothing of it is real`)
      process.stdout.write(`${texts.join('\n\n')}\n`)
    }
    const result: BaseStatusResult = { v: 1, simulated: simulation !== undefined, bases }
    const stale = bases.some(({ state }) => state !== 'fresh')
    return { exitCode: flags.check && stale ? exitCodes.preflight : 0, result }
  } finally {
    await registry.close()
  }
}

/** What the fleet launches now; undefined where there is no fleet to ask. */
async function servingOf(config: Config, driver: Driver, host: string): Promise<FleetStatus | undefined> {
  const repositories = config.services.map(({ repository }) => repository)
  return driver.status(host, repositories).catch((error: unknown) => {
    if (error instanceof RampartError) return undefined
    throw error
  })
}

/** The releases on record; none where they cannot be read. */
async function recordsOf(config: Config, { parameters }: Cloud): Promise<readonly ReleaseRecord[]> {
  if (!config.environment.release.ledger) return []
  const [{ Ledger }, { placeOf }] = await Promise.all([import('../release/ledger.js'), import('./keeper.js')])
  return new Ledger(parameters, placeOf(config)).list().catch((error: unknown) => {
    if (error instanceof RampartError) return []
    throw error
  })
}

/** The images of a service in the releases on record, each release once, with the bases that they were built on. */
function releasedImages(service: string, records: readonly ReleaseRecord[]): BaseStatusRequest['released'] {
  const images = records.flatMap(({ release, bases }) => {
    const image = release.images.find((one) => one.service === service)
    const base = bases?.[service]?.digest
    return image === undefined || base === undefined
      ? []
      : [{ name: `release ${release.id}`, digest: image.digest, base }]
  })
  return [...new Map(images.map((image) => [image.name, image])).values()]
}

/** The images of a service that people know: those of its fixed tags, and what the fleet launches. */
function appImages(
  { repository, tags }: ServiceConfig,
  host: string,
  serving: FleetStatus | undefined,
): BaseStatusRequest['app'] {
  const tagged = tags
    .filter((tag) => !tag.includes('{'))
    .map((tag) => ({ name: `${repository}:${tag}`, repository, reference: tag }))
  const launched = (serving?.images ?? []).flatMap((image) => {
    const ref = parseImageRef(image)
    const reference = ref?.digest ?? ref?.tag
    if (ref?.registry !== host || ref.repository !== repository || reference === undefined) return []
    const name = serving?.release === undefined ? `what ${serving?.fleet} launches` : `release ${serving.release}`
    return [{ name, repository, reference }]
  })
  return [...tagged, ...launched]
}
