import type { Performed, SharedFlags } from '../../base-command.js'
import { announcing, type OutsideFlags } from './announcer.js'
import { configure, patience, performance, repositories, sameCommand } from './configure.js'
import { connect, type Cloud } from './connect.js'
import { composeImages, imageOptions, type ImageFlags } from './images.js'
import { composeKeeper, lockWaitOf, openGate } from './keeper.js'
import { markRelease } from './mark-release.js'
import type { Config } from '../config/index.js'
import { deployPhases, type Phase } from '../domain/phase.js'
import type { Release } from '../domain/release.js'
import type { Announcer } from '../operations/announcer.js'
import type { Ended, RunContext } from '../operations/run.js'
import type { Account } from '../ports/account.js'
import { noBackground, type Background } from '../report/run/background.js'
import { perform, type Watch } from './perform.js'
import { turnBack } from './turn-back.js'
import { abortOf, countCalls, linesFrom, reportingOf, type WatchFlags } from './watching.js'
import type { Driver } from '../rollout/driver.js'
import { readVersion } from '../release/version.js'
import { originsOf } from './origins.js'
import { createGit } from '../system/git.js'
import { secretsOfAnswers, verifierOf } from './verifier.js'
import type { VerifyAt } from './verify-plan.js'

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
