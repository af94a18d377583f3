import type { Config } from '../config/index.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { SourceRecord } from '../domain/release-record.js'
import type { Announcer } from '../operations/announcer.js'
import { takeBearings, type Bearings, type BearingsRequest, type Wanted } from '../operations/bearings.js'
import type { RollbackRequest } from '../operations/rollback.js'
import type { Ended, RunContext } from '../operations/run.js'
import type { Registry } from '../ports/registry.js'
import type { Secrets } from '../ports/secrets.js'
import { hold } from '../release/hold.js'
import { Ledger } from '../release/ledger.js'
import { announcing, type OutsideFlags } from './announcer.js'
import { connect } from './connect.js'
import { markRelease } from './mark-release.js'
import { patience, repositories, sameCommand } from './configure.js'
import { verifierOf } from './verifier.js'
import { openRegistry } from './images.js'
import { composeKeeper, openGate, placeOf, runnerOf } from './keeper.js'
import type { Background } from '../report/run/background.js'
import type { Performance } from './perform.js'
import { archiveOf } from './releases.js'
import type { VerifyAt } from './verify-plan.js'
import { linesFrom } from './watching.js'

/** Where the environment stands, and the way back from there. */
export interface Return {
  readonly request: BearingsRequest
  readonly bearings: Bearings
  /** Goes back, proves it and holds deploys, with record, hooks and notices. */
  readonly go: (wanted: Wanted, run: RunContext) => Promise<Ended>
  /** What a report tells beside the run. */
  readonly background: () => Promise<Background>
}

/** The run that started a rollout gives its lock back as soon as it sees that the rollout was turned. */
const waitAfterTurn = 10 * 60_000

/** Asks where the environment stands, with a driver of its own; changes nothing yet. */
export async function prepareReturn(
  config: Config,
  flags: OutsideFlags & VerifyAt & { readonly lockWait: number },
  performing: Performance,
): Promise<Return> {
  const { environment } = config
  const { clock } = performing
  const gate = openGate()
  const cloud = await connect(config, performing, gate)
  const { driver, account, logs, parameters } = cloud
  const ledger = environment.release.ledger ? new Ledger(parameters, placeOf(config)) : undefined
  let host: Promise<string> | undefined
  const registryHost = (): Promise<string> =>
    (host ??= Promise.resolve(
      environment.registry ?? account.registryAuthorization().then(({ endpoint }) => new URL(endpoint).host),
    ))
  const request: BearingsRequest = {
    app: config.app,
    environment: environment.name,
    driver,
    records: async () => (await ledger?.list()) ?? [],
    archived: async () => {
      const { createAws } = await import('../aws/index.js')
      const archive = await archiveOf(config, createAws({ region: environment.region }), await registryHost())
      return archive.list(100)
    },
    registryHost,
    services: config.services.map(({ name, repository }) => ({ service: name, repository })),
  }
  const bearings = await takeBearings(request)
  const isTurn = bearings.running !== undefined
  const keeper = composeKeeper(config, cloud, {
    command: 'rollback',
    clock,
    flags: { lockWait: isTurn ? Math.max(flags.lockWait, waitAfterTurn) : flags.lockWait },
  })
  const holding = async (reason: string): Promise<void> => {
    const { by } = await runnerOf(account)
    await hold(parameters, placeOf(config), { reason, by, at: new Date(clock.now()).toISOString() })
  }
  const work = async (wanted: Wanted, run: RunContext, announcer: Announcer | undefined): Promise<Ended> => {
    const { rollback } = await import('../operations/rollback.js')
    const lines = await linesFrom(config, logs, clock)
    let opened: Promise<Registry> | undefined
    const open = openRegistry(config, { account, run })
    const registry = (): Promise<Registry> => (opened ??= open())
    try {
      const { composeWitness } = await import('./witness.js')
      const witness = await composeWitness(config, clock, driver)
      const verifier = await verifierOf(config, flags, clock)
      const ended = await rollback(
        {
          driver,
          bearings,
          wanted,
          ...(announcer !== undefined && { announcer }),
          ...(keeper !== undefined && { keeper, guard: () => gate.guard(keeper), hold: holding }),
          ...(lines !== undefined && { lines }),
          ...(witness !== undefined && { witness }),
          ...(verifier !== undefined && { verifier }),
          checks: await checksOf(config, cloud, { wanted, registry, registryHost }),
          patience: patience(environment),
          registryHost,
          repositories: repositories(config),
          comeBack: sameCommand('rollback', config),
          endsWithUs: flags.rehearsal !== undefined,
        },
        run,
      )
      if (ended.ending === 'done') await markRelease(config, run)
      return ended
    } finally {
      await opened?.then((one) => one.close()).catch(() => undefined)
    }
  }
  return {
    request,
    bearings,
    background: async () => (await import('./report-background.js')).releaseBackground(config, cloud, keeper),
    go: async (wanted, run) => {
      const source = (): Promise<SourceRecord | undefined> => Promise.resolve(wanted.record?.source)
      return announcing(config, run, { command: 'rollback', performing, flags, source }, async (told, announcer) =>
        work(wanted, told, announcer),
      )
    },
  }
}

/** The secrets of the region that an ARN names: ECS takes them from there. */
async function secretsIn(arn: string): Promise<Secrets> {
  const { createSecrets } = await import('../aws/secrets.js')
  return createSecrets({ region: arn.split(':')[3] ?? '' })
}

/** A repository without its registry's host. */
const nameIn = (repository: string): string => parseImageRef(repository)?.repository ?? repository

interface Checking {
  readonly wanted: Wanted
  readonly registry: () => Promise<Registry>
  readonly registryHost: () => Promise<string>
}

async function checksOf(
  config: Config,
  { driver, account, parameters }: Awaited<ReturnType<typeof connect>>,
  { wanted, registry, registryHost }: Checking,
): Promise<RollbackRequest['checks']> {
  const [{ returnChecks }, { originOf }, { whoAsks }] = await Promise.all([
    import('../operations/rollback-checks.js'),
    import('../image/base/origin.js'),
    import('../operations/check-account.js'),
  ])
  const isEcr = config.environment.registry === undefined
  return async () => {
    const [identity, checks] = await Promise.all([
      whoAsks(account),
      returnChecks(wanted, {
        driver,
        registryHost,
        repositories: repositories(config),
        imageState: async ({ repository, digest }) => {
          if (isEcr) return account.imageState(nameIn(repository), digest)
          const found = await (await registry()).headManifest(nameIn(repository), digest)
          return found && 'ACTIVE'
        },
        originOf: async ({ repository, digest }) => originOf(await registry(), nameIn(repository), digest),
        models: new Map(config.services.map(({ name, base }) => [name, base?.models.map(({ id }) => id) ?? []])),
        parameter: (name) => parameters.get(name),
        secrets: {
          describe: async (arn) => (await secretsIn(arn)).describe(arn),
          read: async (arn) => (await secretsIn(arn)).read(arn),
        },
      }),
    ])
    return [identity, ...checks]
  }
}
