import type { Performed, SharedFlags } from '../../base-command.js'
import { announcing, type OutsideFlags } from './announcer.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { RollbackList, RollbackRow } from '../domain/rollback-list.js'
import type { SourceRecord } from '../domain/release-record.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Announcer } from '../operations/announcer.js'
import { chooseWanted, nameOf, takeBearings, type Bearings, type Wanted } from '../operations/bearings.js'
import type { RollbackRequest } from '../operations/rollback.js'
import type { RunContext } from '../operations/run.js'
import type { Registry } from '../ports/registry.js'
import type { Secrets } from '../ports/secrets.js'
import { defaultOf, type Candidate } from '../release/choose.js'
import { hold } from '../release/hold.js'
import { Ledger } from '../release/ledger.js'
import type { Config } from '../config/index.js'
import {
  configure,
  connect,
  markRelease,
  patience,
  performance,
  repositories,
  sameCommand,
  secretsOfAnswers,
  verifierOf,
} from './deploy.js'
import type { VerifyAt } from './verify-plan.js'
import { openRegistry } from './images.js'
import { composeKeeper, lockWaitOf, openGate, placeOf, runnerOf } from './keeper.js'
import { perform, streamPage, type Watch } from './perform.js'
import { canAsk } from './person.js'
import { archiveOf } from './releases.js'
import { countCalls, linesFrom, watchActions, type WatchFlags } from './watching.js'

interface RollbackFlags extends SharedFlags, WatchFlags, OutsideFlags, VerifyAt {
  readonly to?: string | undefined
  readonly 'last-proved': boolean
  readonly list: boolean
  readonly yes: boolean
  readonly 'lock-wait'?: string | undefined
}

/** The run that started a rollout gives its lock back as soon as it sees that the rollout was turned. */
const waitAfterTurn = 10 * 60_000

function rowOf({ record, isProved, isServing, isDefault }: Candidate): RollbackRow {
  const { number, release, revision, source, startedAt, ending } = record
  return {
    number,
    release: release.id,
    revision,
    version: source?.version ?? null,
    commit: source?.commit ?? null,
    subject: source?.subject ?? null,
    images: release.images,
    startedAt,
    outcome: ending ?? null,
    proved: isProved,
    serving: isServing,
    default: isDefault,
  }
}

function listOf(config: Config, fleet: string, { candidates, serving, running }: Bearings): RollbackList {
  return {
    app: config.app,
    environment: config.environment.name,
    fleet,
    serving: { revision: serving.revision, release: serving.release ?? null },
    running: running?.handle.id ?? null,
    candidates: candidates.map(rowOf),
  }
}

/** `rampart rollback`. */
export async function runRollback(flags: RollbackFlags): Promise<Performed> {
  const lockWait = lockWaitOf(flags['lock-wait'])
  const config = await configure(flags)
  const { environment } = config
  const ran = ['preflight', 'rollout', 'proof', ...(config.verify === undefined ? [] : ['verify' as const])] as const
  const about = performance('rollback', config, ran, await secretsOfAnswers(config, flags))
  const { clock, simulation } = about
  const calls = countCalls(flags, clock)
  const performing = { ...about, ...(calls.onCall !== undefined && { onCall: calls.onCall }) }
  const gate = openGate()
  const cloud = await connect(config, performing, gate)
  const { driver, account, logs, parameters } = cloud
  const ledger = environment.release.ledger ? new Ledger(parameters, placeOf(config)) : undefined
  let host: Promise<string> | undefined
  const registryHost = (): Promise<string> =>
    (host ??= Promise.resolve(
      environment.registry ?? account.registryAuthorization().then(({ endpoint }) => new URL(endpoint).host),
    ))
  const request = {
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
  const list = listOf(config, driver.fleet, bearings)
  if (flags.list) {
    const { rollbackText } = await import('../report/rollback-text.js')
    const text = rollbackText(list, streamPage(process.stdout, flags), clock.now(), simulation)
    if (!flags.json) process.stdout.write(`${text}\n`)
    return { exitCode: exitCodes.done, result: { v: 1, simulated: simulation !== undefined, ...list } }
  }
  const asks = !flags.yes && canAsk(flags)
  const to = asks && flags.to === undefined && !flags['last-proved'] ? await ask(bearings, clock.now()) : flags.to
  const wanted = await chooseWanted(request, bearings, { to, lastProved: flags['last-proved'] })
  if (asks) await confirm(config, bearings, wanted)

  const isTurn = bearings.running !== undefined
  const keeper = composeKeeper(config, cloud, {
    command: 'rollback',
    clock,
    flags: { lockWait: isTurn ? Math.max(lockWait, waitAfterTurn) : lockWait },
  })
  const watch: Watch = {
    onTerminal: 'list',
    asksToLeave: true,
    actions: watchActions(() => driver),
    record: flags.record,
    lastWords: calls.lastWords,
  }
  const work = async (run: RunContext, announcer: Announcer | undefined) => {
    const { rollback } = await import('../operations/rollback.js')
    const lines = await linesFrom(config, logs, clock)
    let opened: Promise<Registry> | undefined
    const open = openRegistry(config, { account, run })
    const registry = (): Promise<Registry> => (opened ??= open())
    try {
      const { composeWitness } = await import('./witness.js')
      const witness = await composeWitness(config, performing.clock, driver)
      const verifier = await verifierOf(config, flags, performing.clock)
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
        },
        run,
      )
      if (ended.ending === 'done') await markRelease(config, run)
      return ended
    } finally {
      await opened?.then((one) => one.close()).catch(() => undefined)
    }
  }
  const holding = async (reason: string): Promise<void> => {
    const { by } = await runnerOf(account)
    await hold(parameters, placeOf(config), { reason, by, at: new Date(clock.now()).toISOString() })
  }
  const source = (): Promise<SourceRecord | undefined> => Promise.resolve(wanted.record?.source)
  const body = async (run: RunContext) =>
    announcing(config, run, { command: 'rollback', performing, flags, source }, work)
  return perform(performing, flags, body, watch)
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

/** Which release, of those that are known; undefined for what a rollout under way comes from. */
async function ask(bearings: Bearings, now: number): Promise<string | undefined> {
  if (bearings.running !== undefined) return undefined
  const { candidateLine } = await import('../report/rollback-text.js')
  const others = bearings.candidates.filter(({ isServing, isDefault }) => !isServing && !isDefault)
  const choices = [...bearings.candidates.filter(({ isDefault }) => isDefault), ...others].slice(0, 12).map((one) => ({
    value: `#${one.record.number}`,
    label: candidateLine(rowOf(one), now),
  }))
  const [first, ...rest] = choices
  // With none to choose from, what is wrong is said.
  if (first === undefined) return `#${defaultOf(bearings.candidates).record.number}`
  const asker = await openAsker()
  return asker.choose('Go back to which release?', [first, ...rest])
}

async function openAsker() {
  const { createAsker } = await import('../terminal/ask.js')
  return createAsker({ input: process.stdin, output: process.stderr })
}

async function confirm(config: Config, { running, current }: Bearings, wanted: Wanted): Promise<void> {
  const { name } = config.environment
  const from = current.release ?? `version ${current.revision.number}`
  const question =
    running === undefined
      ? `Roll ${config.app}, ${name} back from ${from} to ${nameOf(wanted)}?`
      : `A rollout is under way (${running.handle.id}). Take it back to ${nameOf(wanted)}?`
  const asker = await openAsker()
  if (await asker.confirm(question, true)) return
  throw new RampartError('interrupted', 'You said no; nothing was changed.')
}
