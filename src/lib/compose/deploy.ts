import { relative } from 'node:path'
import type { Performed, SharedFlags } from '../../base-command.js'
import { announcing, webhookSecrets, type OutsideFlags } from './announcer.js'
import { composeDriver } from './driver.js'
import { composeImages } from './images.js'
import { composeKeeper, lockWaitOf, openGate, type Gate } from './keeper.js'
import { findConfig, loadConfig, type Config } from '../config/index.js'
import { deployPhases, type Phase } from '../domain/phase.js'
import type { Release } from '../domain/release.js'
import type { BuilderName } from '../image/engine/choose.js'
import type { Announcer } from '../operations/announcer.js'
import type { Ended, RunContext } from '../operations/run.js'
import type { ReleaseVerifier } from '../operations/verify-release.js'
import type { Account } from '../ports/account.js'
import type { LogSource } from '../ports/log-source.js'
import type { Parameters } from '../ports/parameters.js'
import { noBackground, type Background } from '../report/run/background.js'
import { perform, streamPage, type Performance, type Watch } from './perform.js'
import { turnBack } from './turn-back.js'
import { abortOf, countCalls, linesFrom, reportingOf, type WatchFlags } from './watching.js'
import type { Driver } from '../rollout/driver.js'
import type { Patience } from '../rollout/follow.js'
import { readVersion } from '../release/version.js'
import { openCache } from './open-cache.js'
import { originsOf } from './origins.js'
import { clockFrom } from '../system/clock.js'
import { createGit } from '../system/git.js'
import type { VerifyAt } from './verify-plan.js'
import { shellWord } from '../terminal/shell-word.js'

/** The configuration that the flags ask for, with the values in it that must stay unseen. */
export async function configure(flags: SharedFlags): Promise<Config> {
  return loadConfig({
    // Relative to where the person is: that is how problems should name it.
    path: flags.config ?? relative(process.cwd(), findConfig(process.cwd())),
    ...(flags.env !== undefined && { environment: flags.env }),
    env: process.env,
    memory: openCache(process.env),
  })
}

/** Build arguments are where a secret may be: what they took from the environment is never shown. */
export function secretsOf(config: Config): readonly string[] {
  const places = config.services.flatMap((service) => [service.args, service.base?.args ?? {}])
  const values = places.flatMap((args) => Object.values(args))
  return [...config.interpolated].filter((value) => values.some((text) => text.includes(value)))
}

/** What is performed, as every part of a run needs it. `secrets` are those that the configuration does not hold. */
export function performance(
  command: string,
  config: Config,
  ran: readonly Phase[] = [],
  secrets: readonly string[] = [],
): Performance {
  return {
    command,
    phases: ran,
    app: config.app,
    environment: config.environment.name,
    simulation: process.env['RAMPART_SIMULATION'],
    clock: clockFrom(process.env['RAMPART_CLOCK']),
    secrets: [...secretsOf(config), ...webhookSecrets(config), ...secrets],
  }
}

/**
 * When to stop hoping. `auto` allows each batch three times what a slow one takes (ten minutes to boot, pull and load,
 * then the warmup), and adds what the configuration itself waits for.
 */
export function patience({ rollout, target }: Config['environment']): (targets: number) => Patience {
  return (targets) => {
    const room = Math.max(1, Math.floor((targets * (rollout.maxHealthy - rollout.minHealthy)) / 100))
    // Services are moved one after the other, each with some of the targets.
    const stages = target.kind === 'ecs' ? target.services.length : 1
    const batches = Math.ceil(targets / room) + stages - 1
    const batch = 10 * 60_000 + (typeof rollout.warmup === 'number' ? rollout.warmup : 5 * 60_000)
    const pauses = (rollout.checkpoints?.at.length ?? 0) * (rollout.checkpoints?.delay ?? 0) + rollout.bake
    const timeout = rollout.timeout === 'auto' ? 3 * batches * batch + pauses : rollout.timeout
    return { timeout, maxFailedStarts: rollout.maxFailedStarts }
  }
}

interface Cloud {
  readonly driver: Driver
  /** The driver anew, which knows nothing of what the other one has found and begun. */
  readonly anew: () => Promise<Driver>
  readonly account: Account
  readonly logs: LogSource
  readonly parameters: Parameters
}

/** Opens the cloud of the environment; nothing is asked yet. What changes a fleet there goes through the gate. */
export async function connect(
  config: Config,
  performing: Pick<Performance, 'clock' | 'onCall' | 'onRetry'>,
  gate?: Pick<Gate, 'beforeChange'>,
): Promise<Cloud> {
  const { createAws } = await import('../aws/index.js')
  const client = {
    ...(performing.onCall !== undefined && { onCall: performing.onCall }),
    ...(performing.onRetry !== undefined && { onRetry: performing.onRetry }),
    ...(gate !== undefined && { beforeChange: gate.beforeChange }),
  }
  const aws = createAws({ region: config.environment.region, ...client })
  const anew = async (): Promise<Driver> => composeDriver(config, aws, performing.clock, client)
  const driver = await anew()
  const { account, logs, parameters } = aws
  // Who asks does not change while a command runs.
  let identity: ReturnType<Account['whoAmI']> | undefined
  return { driver, anew, account: { ...account, whoAmI: () => (identity ??= account.whoAmI()) }, logs, parameters }
}

/** The repositories of the services, without the registry's host. */
export const repositories = (config: Config): readonly string[] => config.services.map((service) => service.repository)

interface ImageFlags {
  readonly 'allow-over-budget'?: boolean
  readonly builder?: string | undefined
}

/** What the flags say of how images are made. */
const imageOptions = (flags: ImageFlags): { readonly allowOverBudget: boolean; readonly builder: BuilderName } => ({
  allowOverBudget: flags['allow-over-budget'] === true,
  builder: flags.builder === 'layer' || flags.builder === 'docker' ? flags.builder : 'auto',
})

interface DeployFlags extends SharedFlags, ImageFlags, WatchFlags, OutsideFlags, VerifyAt {
  /** Lets a release stay that is not verified. */
  readonly keep?: boolean
  readonly continue?: boolean
  readonly force: boolean
  readonly 'allow-stale-base'?: boolean
  readonly 'with-base'?: boolean
  readonly 'lock-wait'?: string | undefined
  readonly 'release-hold'?: boolean
  /** The version that the release gets when it is proved. */
  readonly version?: string | undefined
  /** The command and flags that a rehearsal of it was begun with; the rehearsal ends with this process. */
  readonly rehearsal?: string | undefined
}

/** The command that does this again, for a shell in this folder. */
export function sameCommand(command: string, config: Config): string {
  const path = shellWord(relative(process.cwd(), config.path))
  return `rampart ${command} -c ${path} --env ${shellWord(config.environment.name)}`
}

/** The version that the person asks for. What a hook's environment holds is what the release around it is called. */
function versionOf(text: string | undefined): string | undefined {
  const { RAMPART_HOOK: hook, RAMPART_VERSION: told } = process.env
  return text === undefined || (hook !== undefined && text === told) ? undefined : readVersion(text)
}

/** What a deploy goes through. */
function phasesOf({ verify }: Config, version: string | undefined): readonly Phase[] {
  return [
    ...deployPhases.flatMap((phase): readonly Phase[] =>
      phase === 'rollout' && verify?.compare !== undefined ? ['baseline', phase] : [phase],
    ),
    ...(verify === undefined ? [] : ['verify' as const]),
    ...(version === undefined ? [] : ['tags' as const]),
  ]
}

/** What the requests of the checks hold that no output may show. */
export async function secretsOfAnswers(config: Config, flags: VerifyAt): Promise<readonly string[]> {
  if (config.verify === undefined) return []
  const { planOfConfig, secretsOfVerify } = await import('./verify-plan.js')
  const plan = planOfConfig(config, flags)
  return plan === undefined ? [] : secretsOfVerify(plan, config)
}

/** Who verifies what serves then; undefined where the configuration asks for nothing. */
export async function verifierOf(
  config: Config,
  flags: VerifyAt,
  clock: Performance['clock'],
): Promise<ReleaseVerifier | undefined> {
  if (config.verify === undefined) return undefined
  const { composeVerifier } = await import('./verification.js')
  return composeVerifier(config, flags, clock)
}

/** `rampart deploy`. */
export async function runDeploy(flags: DeployFlags): Promise<Performed> {
  const lockWait = lockWaitOf(flags['lock-wait'])
  const version = versionOf(flags.version)
  const config = await configure(flags)
  const secrets = flags['with-base'] === true ? await (await import('./models.js')).hubSecrets(process.env) : []
  const about = performance('deploy', config, phasesOf(config, version), [
    ...secrets,
    ...(await secretsOfAnswers(config, flags)),
  ])
  const calls = countCalls(flags, about.clock)
  let retries = 0
  const performing = {
    ...about,
    ...(calls.onCall !== undefined && { onCall: calls.onCall }),
    onRetry: () => (retries += 1),
  }
  let known: Driver | undefined
  let beside: (() => Promise<Background>) | undefined
  const watch: Watch = {
    onTerminal: 'list',
    abort: abortOf(() => known),
    back: turnBack(config, flags, performing),
    record: flags.record,
    report: reportingOf(flags, async () => beside?.() ?? noBackground),
    lastWords: calls.lastWords,
  }
  const work = async (run: RunContext, announcer: Announcer | undefined): Promise<Ended> => {
    const { deploy } = await import('../operations/deploy.js')
    const { checkAccount } = await import('../operations/check-account.js')
    const gate = openGate()
    const cloud = await connect(config, performing, gate)
    const { driver, account, logs } = cloud
    known = driver
    const keeper = composeKeeper(config, cloud, {
      command: 'deploy',
      clock: performing.clock,
      flags: { lockWait, releaseHold: flags['release-hold'] === true },
    })
    // The run that waits at a pause keeps the lock meanwhile: whoever lets it go on makes no change of their own.
    const holder = flags.continue === true && driver.continuePaused !== undefined ? await keeper?.holder() : undefined
    if (holder !== undefined) return continueFor(holder, config, cloud, run)
    gate.guard(keeper)
    beside = async () => (await import('./report-background.js')).releaseBackground(config, cloud, keeper)
    const lines = await linesFrom(config, logs, performing.clock)
    const { composeWitness } = await import('./witness.js')
    const witness = await composeWitness(config, performing.clock, driver)
    const verifier = await verifierOf(config, flags, performing.clock)
    const naming =
      version === undefined
        ? undefined
        : (await import('./naming.js')).composeNaming(config, {
            version,
            simulated: performing.simulation !== undefined,
            signal: run.signal,
            registry: async () => images.registry(),
          })
    if (flags['with-base'] === true) {
      if (naming !== undefined) await (await import('./naming.js')).requireReleasable(naming)
      await buildStaleBases(config, account, run)
    }
    const allowStaleBase = flags['allow-stale-base'] === true
    const named = naming && { version: naming.options.version, commit: async () => (await naming.standing())?.commit }
    const { Timekeeper } = await import('../operations/timekeeper.js')
    const { composeForecaster } = await import('./forecaster.js')
    const time = new Timekeeper(
      composeForecaster(config, {
        phases: about.phases,
        registry: async () => images.registry(),
        force: flags.force,
        retries: () => retries,
      }),
    )
    const images = composeImages(config, { account, run: time.tap(run), allowStaleBase, named, ...imageOptions(flags) })
    try {
      const ended = await deploy(
        {
          app: config.app,
          environment: config.environment.name,
          images: images.services,
          driver,
          ...(keeper !== undefined && {
            keeper,
            origins: async (release: Release) =>
              originsOf(config, release.images, {
                git: createGit({ environment: process.env, signal: run.signal }),
                registry: await images.registry(),
                version,
              }),
          }),
          ...(announcer !== undefined && { announcer }),
          ...(lines !== undefined && { lines }),
          ...(witness !== undefined && { witness }),
          ...(naming !== undefined && { naming }),
          ...(verifier !== undefined && { verifier }),
          time,
          keep: flags.keep === true,
          wayBack: cloud.anew,
          patience: patience(config.environment),
          force: flags.force,
          measuresWarmup: config.environment.rollout.warmup === 'auto',
          goOn: flags.continue === true,
          accountChecks: async () => [
            ...(await checkAccount(account, config.environment.registry, repositories(config))),
            ...(await images.checkBases()),
          ],
          registryHost: images.registryHost,
          repositories: repositories(config),
          comeBack: `${sameCommand(flags.rehearsal ?? 'deploy', config)}${version === undefined ? '' : ` --version ${version}`}`,
          endsWithUs: flags.rehearsal !== undefined,
        },
        run,
      )
      if (ended.ending === 'done') {
        await markRelease(config, run)
        return ended
      }
      return flags.rehearsal === undefined ? ended : withoutCloud(ended, sameCommand(serving(flags.rehearsal), config))
    } finally {
      await images.close()
    }
  }
  const body = async (run: RunContext): Promise<Ended> =>
    announcing(config, run, { command: 'deploy', performing, flags, version }, work)
  return perform(performing, flags, body, watch)
}

const serving = (rehearsal: string): string => rehearsal.replace('rehearse', 'rehearse serve')

/** What is advised next asks a cloud that has ended with the rehearsal: says how to have one that stays. */
function withoutCloud(ended: Ended, serve: string): Ended {
  return { ...ended, next: [...ended.next, `this cloud is gone; one that stays for such questions: ${serve}`] }
}

/** Lets the rollout of another run go on, and watches it. */
async function continueFor(holder: string, config: Config, cloud: Cloud, run: RunContext): Promise<Ended> {
  const { continueRollout } = await import('../operations/continue-rollout.js')
  const { driver, account, logs } = cloud
  const lines = await linesFrom(config, logs, run.clock)
  const registryHost = async (): Promise<string> =>
    config.environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host
  const watching = { driver, registryHost, repositories: repositories(config), ...(lines !== undefined && { lines }) }
  return continueRollout({ ...watching, holder, comeBack: sameCommand('monitor', config) }, run)
}

/** Draws what serves now into the environment's dashboard, where it has one. */
export async function markRelease(config: Config, run: RunContext): Promise<void> {
  if (config.environment.monitoring === undefined) return
  const { markDashboard } = await import('./dashboard-page.js')
  await markDashboard(config, run)
}

/** Builds, proves and pushes the bases that the registry does not have; its phases are no phases of the deploy. */
async function buildStaleBases(config: Config, account: Account, run: RunContext): Promise<void> {
  const { basedServices, buildBasesOf } = await import('./base-jobs.js')
  if (config.services.every(({ base }) => base === undefined)) return
  const emit: RunContext['emit'] = (event) => {
    if (event.type !== 'phase.started' && event.type !== 'phase.finished') run.emit(event)
  }
  await buildBasesOf(
    config,
    basedServices(config, []),
    { account: config.environment.registry === undefined ? account : undefined, run: { ...run, emit } },
    { force: false, via: 'rampart', yes: false },
  )
}

/** `rampart app build`. */
export async function runBuild(
  flags: SharedFlags & ImageFlags & { readonly service?: readonly string[] | undefined },
): Promise<Performed> {
  const config = await configure(flags)
  const performing = performance('app build', config, ['build', 'push'])
  return perform(performing, flags, async (run) => {
    const { build } = await import('../operations/build.js')
    const account = config.environment.registry === undefined ? (await connect(config, performing)).account : undefined
    const images = composeImages(config, { account, run, ...imageOptions(flags) })
    try {
      return await build(images.services, flags.service ?? [], run)
    } finally {
      await images.close()
    }
  })
}

/** `rampart status`. */
export async function runStatus(flags: SharedFlags): Promise<Performed> {
  const config = await configure(flags)
  const performing = performance('status', config)
  const { driver, account } = await connect(config, performing)
  const { statusText } = await import('../report/status-text.js')
  const host = config.environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host
  const status = await driver.status(host, repositories(config))
  const { simulation } = performing
  if (!flags.json) process.stdout.write(`${statusText(status, streamPage(process.stdout, flags), simulation)}\n`)
  return { exitCode: 0, result: { v: 1, simulated: simulation !== undefined, ...status } }
}
