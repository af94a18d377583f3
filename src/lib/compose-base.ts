import { relative } from 'node:path'
import type { Performed, SharedFlags } from '../base-command.js'
import { partsOfBase } from './compose-bases.js'
import { enginePorts, openRegistry, openScratch, type Scratch } from './compose-images.js'
import { modelPorts, openModelHub, writeRevisionsOf } from './compose-models.js'
import { configure, connect, performance, secretsOf } from './compose.js'
import { findConfig, type Config, type ServiceConfig } from './config/index.js'
import { RampartError } from './errors/rampart-error.js'
import { baseFingerprint } from './image/base/fingerprint.js'
import { findStored, reuseBase } from './image/base/find.js'
import type { BaseProof } from './image/base/prove.js'
import type { PushVia } from './image/base/push.js'
import type { BaseImageRequest, BasePorts, BuiltBase } from './image/base/types.js'
import { openCache } from './open-cache.js'
import type { BaseJob, FinishedBase } from './operations/base-build.js'
import { proofTable } from './operations/base-proof.js'
import { runtimeOf } from './operations/base-runtime.js'
import { chooseServices } from './operations/check-account.js'
import { ensureRepositories } from './operations/ensure-repositories.js'
import type { RunContext } from './operations/run.js'
import { perform } from './perform.js'
import type { Account } from './ports/account.js'
import type { Registry } from './ports/registry.js'
import { systemClock } from './system/clock.js'
import { cleanLines } from './terminal/clean.js'
import { createMask } from './terminal/mask.js'

export interface BaseBuildFlags extends SharedFlags {
  readonly service?: readonly string[] | undefined
  readonly force: boolean
  readonly yes: boolean
  readonly via: string
  readonly platform?: string | undefined
  readonly 'write-revisions': boolean
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
  flags: Pick<BaseBuildFlags, 'force' | 'platform'>,
): Promise<BaseImageRequest> {
  const { base } = service
  const parts = {
    ...(await partsOfBase(service, base)),
    ...(flags.platform !== undefined && { platform: flags.platform }),
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
    noCache: flags.force,
  }
}

/** A base on its way; nothing is loaded or asked of an engine before it has to be built. */
async function jobOf(service: BasedService, world: World, flags: BaseBuildFlags): Promise<BaseJob> {
  const request = await requestOf(service, world, flags)
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
    reuse: async () => reuseBase(await registry(), repository, fingerprint, tags),
    build: async () => {
      const { buildBase } = await import('./image/base/build.js')
      const ports = await portsOf(service.name, world)
      const before = await findStored(ports.registry, repository, tags[0] ?? 'latest')
      made = { ports, base: await buildBase(request, before?.manifest.layers ?? [], ports) }
    },
    prove: async () => {
      const { proveBase } = await import('./image/base/prove.js')
      const { ports, base } = built()
      const { models, commands, runtime } = request
      return proveBase({ image: base.proving, models, commands, runtime }, ports.engine, world.run.signal)
    },
    push: async (proof) => {
      const { pushBase } = await import('./image/base/push.js')
      const { ports, base } = built()
      const before = await findStored(ports.registry, repository, tags[0] ?? 'latest')
      const via: PushVia = flags.via === 'docker' ? 'docker' : 'rampart'
      return pushBase(base, proof, before, via, request, ports)
    },
    release: async () => made?.base.release(),
  }
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
  const { hub } = openModelHub(process.env, { clock: systemClock, signal: new AbortController().signal })
  for (const { id, name, commit } of await writeRevisionsOf(path, hub)) {
    process.stderr.write(`${path}: ${id} at ${name} is ${commit}\n`)
  }
}

/** A question to the person at the terminal; undefined where there is none. */
async function asker(flags: BaseBuildFlags): Promise<((question: string) => Promise<boolean>) | undefined> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY || flags.json) return undefined
  const { createAsker } = await import('./terminal/ask.js')
  const person = await createAsker({ input: stdin, output: stderr })
  return (question) => person.confirm(question, true)
}

/** `rampart base build`. */
export async function runBaseBuild(flags: BaseBuildFlags): Promise<Performed> {
  if (flags['write-revisions']) await writeRevisions(flags)
  const config = await configure(flags)
  const services = basedServices(config, flags.service ?? [])
  const performing = performance('base build', config, ['preflight', 'build', 'proof', 'push'])
  let finished: readonly FinishedBase[] = []
  const proofs: { readonly service: string; readonly proof: BaseProof }[] = []
  const performed = await perform(performing, flags, async (run) => {
    const { buildBases } = await import('./operations/base-build.js')
    const account = config.environment.registry === undefined ? (await connect(config, performing)).account : undefined
    const scratch = openScratch()
    const registry = openRegistry(config, { account, run })
    const world = { config, run, registry, account, scratch }
    try {
      const { ended, bases } = await buildBases(
        {
          jobs: await Promise.all(services.map((service) => jobOf(service, world, flags))),
          force: flags.force,
          onProof: (service, proof) => proofs.push({ service, proof }),
          prepare: async () =>
            ensureRepositories(
              services.map(({ base }) => ({
                name: base.repository,
                movingTags: [...new Set([base.tag, ...base.tags])],
              })),
              { account, yes: flags.yes, ask: await asker(flags) },
            ),
        },
        run,
      )
      finished = bases
      return ended
    } finally {
      await scratch.remove()
      await (await registry()).close()
    }
  })
  if (!flags.json && flags.progress !== 'ndjson' && flags.progress !== 'quiet') {
    const mask = createMask(secretsOf(config))
    // Its paths are those of an image: they may hold anything.
    const lines = proofs.flatMap(({ service, proof }) => [`Proof of ${service}:`, ...proofTable(proof.models)])
    for (const line of lines.flatMap(cleanLines)) process.stdout.write(`${mask(line)}\n`)
  }
  return { ...performed, result: { ...(performed.result as object), ...resultOf(finished) } }
}
