import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Performed, SharedFlags } from '../../base-command.js'
import { wantedBase } from './bases.js'
import { runDeploy } from './deploy.js'
import { readTable, shippedTable } from './prices.js'
import { findConfig, loadConfig, type Config, type ServiceConfig } from '../config/index.js'
import { RampartError } from '../errors/rampart-error.js'
import { neededKeys, secretName } from '../domain/secret.js'
import { namedSecrets } from '../operations/secrets-look.js'
import { proofLabelsOf, sourceLabelsOf } from '../image/base/labels.js'
import { proofTerms, type ProofScope } from '../image/base/proved-for.js'
import { startRehearsal, type Rehearsal } from '../rehearsal/cloud.js'
import { isScenarioName, scenarioNames } from '../rehearsal/scenarios.js'
import type { RehearsalSetup, RehearsedFleet, RehearsedService } from '../rehearsal/setup.js'
import { acceleratedClock, formatClock } from '../system/clock.js'
import { packageRoot } from '../system/package-root.js'
import { quoteWord } from '../terminal/shell-word.js'
import { onStop } from '../terminal/signals.js'

interface RehearsalFlags extends SharedFlags {
  readonly scenario: string
  readonly speed: number
}

const example = join(packageRoot(import.meta.url), 'examples/rampart-ai/rampart.yml')
// AWS's documentation uses this account; nobody has it.
const accountId = '123456789012'
const targets = 4
// Whoever asks the load balancer by other means than rampart is to see how long answers take, or a tenth of it.
const servedPace = 0.1
// The configuration does not say how large a model is; these are the size of the first seed's larger one.
const assumedModelBytes = 300_000_000

/** The configuration that is asked for, that of the folder, or the bundled example's. */
function configPath(flags: SharedFlags): string {
  if (flags.config !== undefined) return flags.config
  try {
    return findConfig(process.cwd())
  } catch (error) {
    if (error instanceof RampartError && existsSync(example)) return example
    throw error
  }
}

/** What a base says of itself that was proved as `base build` does it. */
function simulatedProof(
  models: NonNullable<RehearsedService['base']>['models'],
  { runtimes: [runtime = { environment: {} }], commands }: ProofScope,
): Readonly<Record<string, string>> {
  const proofs = models.map((model) => ({
    ...model,
    proved: true,
    found: [model.revision],
    place: '/opt/models/hub',
    files: 1,
  }))
  const terms = proofTerms(runtime, commands)
  const ran = commands.map((command) => ({ command, proved: true, exitCode: 0, output: [] }))
  const { user = 'app' } = runtime
  return proofLabelsOf({ proved: true, user, uid: 1000, terms, models: proofs, commands: ran, notes: [] })
}

async function rehearsedService(config: Config, service: ServiceConfig): Promise<RehearsedService> {
  const { base, health } = service
  const made = base === undefined ? undefined : await wantedBase(config, service, base)
  const models = (base?.models ?? []).map(({ id, revision }) => ({ id, revision, bytes: assumedModelBytes }))
  return {
    name: service.name,
    repository: service.repository,
    ...(base !== undefined &&
      made !== undefined && {
        base: {
          repository: base.repository,
          tag: base.tag,
          models,
          labels: {
            ...simulatedProof(models, made.wanted.scope),
            ...sourceLabelsOf(made.wanted.fingerprint, made.parts),
          },
        },
      }),
    livePath: health?.live ?? '/',
    readyPath: health?.ready ?? '/',
    port: health?.port ?? 80,
  }
}

const fleetName = (target: Config['environment']['target']): string =>
  target.kind === 'asg' ? target.group : `cluster ${target.cluster}`

/** A group of four, or as many tasks over all services of a cluster; Fargate, as most have it. */
function fleetOf({ target, rollout }: Config['environment']): RehearsedFleet {
  if (target.kind === 'asg') return { group: { name: target.group, desired: targets, min: targets, max: 2 * targets } }
  const desired = Math.max(2, Math.floor(targets / target.services.length))
  return {
    ecs: {
      cluster: target.cluster,
      services: target.services.map(({ name, service, container }) => ({
        name: service,
        taskFamily: service,
        container: container ?? name,
        service: name,
        desired,
        bounds: { min: desired, max: 2 * desired },
        launchType: 'FARGATE',
        ...(rollout.strategy !== undefined && { strategy: rollout.strategy.kind }),
      })),
    },
  }
}

/** The world that a configuration describes: its group with four targets or its cluster, its alarms, services and bases. */
export async function rehearsalSetup(config: Config): Promise<RehearsalSetup> {
  const { environment } = config
  return {
    app: config.app,
    environment: environment.name,
    region: environment.region,
    accountId,
    ...fleetOf(environment),
    logGroup: environment.logs?.group ?? `/rampart/${environment.name}`,
    alarms: environment.rollout.alarms,
    secrets: namedSecrets(environment.secrets).map((id) => ({
      name: secretName(id),
      keys: neededKeys(environment.secrets, id),
    })),
    services: await Promise.all(config.services.map((service) => rehearsedService(config, service))),
    prices: await readTable(shippedTable()),
  }
}

interface Started {
  readonly cloud: Rehearsal
  readonly config: Config
  readonly services: readonly RehearsedService[]
  /** What a client needs in its environment: the cloud's address, and its time. */
  readonly environment: Readonly<Record<string, string>>
}

/** A port that cannot be had is the caller's choice, not a mistake of the program; other errors come back as they are. */
function portProblem(error: unknown, port: number): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error
  const why = code === 'EADDRINUSE' ? 'is in use' : 'may not be opened by this user'
  return new RampartError('usage', `The port ${port} of 127.0.0.1 ${why}.`, {
    next: ['choose another one with --port, or --port 0 for any free one'],
    cause: error,
  })
}

async function start(
  flags: RehearsalFlags,
  at: { readonly port: number; readonly answerPace: number },
  isEmpty = false,
): Promise<Started> {
  if (!isScenarioName(flags.scenario)) {
    throw new RampartError('usage', `There is no scenario ${flags.scenario}.`, {
      next: [`use one of ${scenarioNames.join(', ')}`],
    })
  }
  const config = await loadConfig({
    path: configPath(flags),
    ...(flags.env !== undefined && { environment: flags.env }),
    env: process.env,
  })
  const setup = await rehearsalSetup(config)
  const origin = Date.now()
  const clock = acceleratedClock(flags.speed, origin)
  const cloud = await startRehearsal({
    setup: { ...setup, isEmpty },
    scenario: flags.scenario,
    now: () => clock.now(),
    ...at,
  }).catch((error: unknown) => {
    throw portProblem(error, at.port)
  })
  const environment = {
    ...cloud.environment,
    RAMPART_CLOCK: formatClock(flags.speed, origin),
    RAMPART_ANSWERS: 'stated',
    RAMPART_SIMULATION: `scenario ${flags.scenario}, clock at ${flags.speed}x`,
  }
  return { cloud, config, services: setup.services, environment }
}

/** Makes this process a client of the rehearsal, and of nothing else. */
function enter(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    // A profile would bring the person's own account in, an endpoint of one service would lead out of the rehearsal.
    if (/^AWS_(?:PROFILE|SESSION_TOKEN|ENDPOINT_URL_\w+|IGNORE_CONFIGURED_ENDPOINT_URLS)$/.test(name)) {
      Reflect.deleteProperty(process.env, name)
    }
  }
  Object.assign(process.env, environment)
}

/** `rampart rehearse`. */
export async function runRehearsal(
  flags: RehearsalFlags & {
    readonly force: boolean
    readonly hooks?: boolean
    readonly keep?: boolean
    readonly report?: readonly string[] | string | undefined
    readonly 'from-scratch'?: boolean
  },
): Promise<Performed> {
  const isEmpty = flags['from-scratch'] === true
  const started = await start(flags, { port: 0, answerPace: 0 }, isEmpty)
  const { cloud, config, environment } = started
  try {
    enter(environment)
    if (isEmpty) {
      const { runFromScratch } = await import('./from-scratch.js')
      return await runFromScratch(flags, started)
    }
    const rehearsal = `rehearse --scenario ${flags.scenario} --speed ${flags.speed}`
    const at = {
      url: environment['RAMPART_URL'],
      ca: environment['RAMPART_CA'],
      'http-port': Number(environment['RAMPART_HTTP_PORT']),
    }
    return await runDeploy({ ...flags, ...at, config: config.path, rehearsal })
  } finally {
    await cloud.close()
  }
}

/** `rampart rehearse serve`: prints the environment to export and serves until it is stopped. */
export async function serveRehearsal(flags: RehearsalFlags & { readonly port: number }): Promise<Performed> {
  const { cloud, config, environment } = await start(flags, { port: flags.port, answerPace: servedPace })
  // Before anything is printed: who reads it may ask to stop at once.
  const stopped = Promise.withResolvers<void>()
  const release = onStop(() => stopped.resolve())
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${quoteWord(value)}`)
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ v: 1, url: cloud.url, environment })}\n`
      : `${['unset AWS_PROFILE AWS_SESSION_TOKEN', ...lines].join('\n')}\n`,
  )
  process.stderr.write(
    [
      `SIMULATED: rehearsal cloud on ${cloud.url}, ${environment.RAMPART_SIMULATION ?? ''}; nothing of it is real`,
      `It holds ${fleetName(config.environment.target)} of ${config.path}. Ctrl-C ends it.`,
      '',
    ].join('\n'),
  )
  await stopped.promise
  release()
  await cloud.close()
  return { exitCode: 0, result: undefined }
}
