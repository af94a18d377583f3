import { statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import type { Performed, SharedFlags } from '../../base-command.js'
import { checkBases } from './bases.js'
import { openRegistry } from './images.js'
import { placeOf } from './keeper.js'
import { configure, secretsOf } from './configure.js'
import { composeDriver } from './driver.js'
import type { InfraPlan } from '../domain/infra.js'
import type { MonitoringPlan } from '../domain/monitoring.js'
import { ruleName, topicName } from '../monitoring/rules.js'
import type { Config } from '../config/index.js'
import {
  dockerDiskOutcome,
  dockerMemoryOutcome,
  dockerOutcome,
  nodeOutcome,
  type EngineFacts,
} from '../doctor/machine.js'
import { failure, ok, skip } from '../doctor/outcome.js'
import { secretName } from '../domain/secret.js'
import { namedSecrets } from '../operations/secrets-look.js'
import type { PolicyScope, PolicyStack } from '../doctor/policy/document.js'
import {
  emptyGroups,
  leastPrivilege,
  policyGroups,
  policyNames,
  usualGroups,
  type PolicyGroup,
} from '../doctor/policy/groups.js'
import { attachedPoliciesLimit, managedPolicyLimit, policySize, splitPolicy } from '../doctor/policy/split.js'
import { chooseTasks, runChecks, type CheckTask } from '../doctor/run-checks.js'
import type { Checkup } from '../domain/checkup.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { environmentCheckNames, environmentTasks } from '../operations/doctor.js'
import { fileCheckNames, fileTasks } from '../operations/doctor-files.js'
import { streamPage } from './perform.js'
import type { Registry } from '../ports/registry.js'
import { clockFrom, systemClock } from '../system/clock.js'
import { createMask, type Mask } from '../terminal/mask.js'

interface DoctorFlags extends SharedFlags {
  readonly only?: readonly string[] | undefined
  readonly offline: boolean
  readonly policy: boolean
  /** What the policy is of; the usual groups when left out. */
  readonly for?: readonly string[] | undefined
}

/** What the engine that Docker's own client would ask says of itself; undefined where none answers. */
async function askEngine(): Promise<EngineFacts | undefined> {
  const { createDockerEngine } = await import('../docker/engine.js')
  const engine = createDockerEngine({ environment: process.env, home: process.env['HOME'] ?? homedir() })
  return engine.info().catch((error: unknown) => {
    if (error instanceof RampartError && error.kind === 'unreachable') return undefined
    throw error
  })
}

/** Bytes that are free where a path lies; undefined when it is not on this machine. */
async function freeBytes(path: string): Promise<number | undefined> {
  return statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  )
}

const local = (name: string, ask: CheckTask['ask']): CheckTask => ({ name, remote: false, patience: 10_000, ask })

function machineTasks(): readonly CheckTask[] {
  let asked: Promise<EngineFacts | undefined> | undefined
  const engine = (): Promise<EngineFacts | undefined> => (asked ??= askEngine())
  return [
    local('node', async () => nodeOutcome(process.versions.node)),
    local('docker', async () => dockerOutcome(await engine())),
    local('docker-memory', async () => dockerMemoryOutcome(await engine())),
    local('docker-disk', async () => {
      const facts = await engine()
      return dockerDiskOutcome(facts, facts && (await freeBytes(facts.rootDirectory)))
    }),
  ]
}

const serviceFiles = (config: Config): Parameters<typeof fileTasks>[0] =>
  config.services.map((service) => ({
    name: service.name,
    config: config.path,
    context: service.context,
    dockerfile: service.dockerfile,
    args: service.args,
    ...(service.base !== undefined && { base: service.base }),
    ...(service.health !== undefined && { health: service.health }),
    models: (service.base?.models ?? []).map(({ id, revision, ...more }) => ({
      id,
      revision,
      providedByRampart: 'provide' in more && more.provide === 'rampart',
    })),
  }))

interface Opened {
  readonly tasks: readonly CheckTask[]
  readonly close: () => Promise<void>
}

const repositories = (config: Config): readonly string[] => config.services.map(({ repository }) => repository)

/** A person waits: half a dozen tries and seconds, not the minutes that a rollout's watch has. */
const brief = { maxAttempts: 6, answerTimeout: 8000 } as const

async function openEnvironment(config: Config): Promise<Opened> {
  const { createAws } = await import('../aws/index.js')
  const { region, target, logs, registry: elsewhere, rollout } = config.environment
  const aws = createAws({ region, ...brief })
  const clock = clockFrom(process.env['RAMPART_CLOCK'])
  const stop = new AbortController()
  let opened: Promise<Registry> | undefined
  const open = openRegistry(config, { account: aws.account, run: { clock, signal: stop.signal } })
  const registry = (): Promise<Registry> => (opened ??= open())
  return {
    tasks: environmentTasks(
      {
        name: config.environment.name,
        group: target.kind === 'asg' ? target.group : undefined,
        registry: elsewhere,
        repositories: repositories(config),
        logGroup: logs?.group,
        place: config.environment.release.ledger ? placeOf(config) : undefined,
        warmup: typeof rollout.warmup === 'number' ? Math.round(rollout.warmup / 1000) : undefined,
      },
      {
        ...aws,
        driver: await composeDriver(config, aws, clock, brief),
        registry,
        checkBases: async () => checkBases(config, await registry(), clock.now()),
        clock,
        now: () => Date.now(),
      },
    ),
    close: async () => {
      stop.abort(new Error('the doctor is done'))
      await opened?.then((one) => one.close()).catch(() => undefined)
    },
  }
}

const left = (names: readonly string[], remote: boolean, why: string): readonly CheckTask[] =>
  names.map((name) => ({ name, remote, ask: async () => skip(why) }))

/** Those that try a change to see whether it would be allowed. */
const trying: ReadonlySet<string> = new Set(['permissions', 'registry-push'])

/** The checks of build files and environment that ask only: nothing is begun, not even to be given up again. */
export async function openLooks(config: Config): Promise<Opened> {
  const { tasks, close } = await openEnvironment(config)
  return { tasks: [...fileTasks(serviceFiles(config)), ...tasks.filter(({ name }) => !trying.has(name))], close }
}

/** Every check there is; those that cannot be asked say why. */
async function allTasks(flags: DoctorFlags, config: Config | RampartError): Promise<Opened> {
  const readable = config instanceof RampartError ? undefined : config
  const own: CheckTask = {
    name: 'config',
    remote: false,
    ask: async () =>
      config instanceof RampartError ? failure(config) : ok(`${config.app}, ${config.environment.name}`),
  }
  const wanted = flags.only ?? []
  const asksRemote = wanted.length === 0 || wanted.some((name) => environmentCheckNames.includes(name))
  const environment: Opened =
    readable === undefined || flags.offline || !asksRemote
      ? {
          tasks: left(environmentCheckNames, true, flags.offline ? 'left out: --offline' : 'there is no configuration'),
          close: async () => undefined,
        }
      : await openEnvironment(readable)
  const files =
    readable === undefined
      ? left(fileCheckNames, false, 'there is no configuration')
      : fileTasks(serviceFiles(readable))
  return { tasks: [...machineTasks(), own, ...files, ...environment.tasks], close: environment.close }
}

function masked(checkup: Checkup, mask: Mask): Checkup {
  const strings = (_key: string, value: unknown): unknown => (typeof value === 'string' ? mask(value) : value)
  return JSON.parse(JSON.stringify(checkup, strings)) as Checkup
}

/** `rampart doctor`. */
export async function runDoctor(flags: DoctorFlags): Promise<Performed> {
  if (flags.policy) return printPolicy(flags)
  const config = await configure(flags).catch((error: unknown) => {
    if (error instanceof RampartError) return error
    throw error
  })
  const simulation = process.env['RAMPART_SIMULATION']
  const { tasks, close } = await allTasks(flags, config)
  try {
    const chosen = chooseTasks(tasks, flags.only ?? [])
    const mask = createMask(config instanceof RampartError ? [] : secretsOf(config))
    const checkup = masked({ checks: await runChecks(chosen, systemClock) }, mask)
    if (!flags.json) {
      const { checksText } = await import('../report/checks-text.js')
      process.stdout.write(`${checksText(checkup, streamPage(process.stdout, flags), simulation)}\n`)
    }
    const failed = checkup.checks.some(({ result }) => result === 'fail')
    return {
      exitCode: failed ? exitCodes.preflight : exitCodes.done,
      result: { v: 1, simulated: simulation !== undefined, ...checkup },
    }
  } finally {
    await close()
  }
}

const nothing = (): undefined => undefined

/** Narrows the policy by what can be asked: the account, and the group's launch template. */
async function askScope(config: Config, offline: boolean): Promise<Pick<PolicyScope, 'account' | 'launchTemplate'>> {
  if (offline) return { account: undefined, launchTemplate: undefined }
  const { createAws } = await import('../aws/index.js')
  const { target } = config.environment
  const { account, autoScaling } = createAws({ region: config.environment.region, ...brief })
  if ((await account.credentials().catch(nothing)) === undefined)
    return { account: undefined, launchTemplate: undefined }
  const [identity, group] = await Promise.all([
    account.whoAmI().catch(nothing),
    target.kind === 'asg' ? autoScaling.describeGroup(target.group).catch(nothing) : undefined,
  ])
  return { account: identity?.account, launchTemplate: group?.launchTemplate?.id }
}

function fleetOf({ environment: { target }, verify }: Config): PolicyScope['fleet'] {
  if (target.kind === 'asg') {
    return { kind: 'asg', group: target.group, direct: verify?.targets?.ask === 'direct' }
  }
  return { kind: 'ecs', cluster: target.cluster, services: target.services.map(({ service }) => service) }
}

function monitoringScope(plan: MonitoringPlan): NonNullable<PolicyScope['monitoring']> {
  const own = plan.email === undefined ? undefined : topicName(plan)
  return {
    prefix: plan.prefix,
    topic: plan.topic ?? own,
    rule: ruleName(plan),
    isStack: plan.stack !== undefined,
    hasCache: plan.cache !== undefined,
  }
}

function cacheScope(config: Config, plan: InfraPlan): NonNullable<PolicyScope['cache']> {
  const cluster = plan.kind === 'ecs' ? plan.cluster : `${plan.stack}-cache`
  return {
    ...placeOf(config),
    stack: plan.stack,
    cluster,
    logGroup: plan.logGroup,
    hasToken: plan.modelCache?.token !== undefined,
  }
}

/** What a stack would be made of. */
async function stackScope({ environment: { infra } }: Config): Promise<PolicyStack | undefined> {
  if (infra === undefined) return undefined
  const { synthesize } = await import('../infra/synthesize.js')
  const { Resources } = synthesize(infra, { script: '' })
  const types = [...new Set(Object.values(Resources).map(({ Type }) => Type))].sort()
  return { name: infra.stack, types, zone: infra.https.zone }
}

async function policyScope(config: Config, offline: boolean): Promise<PolicyScope> {
  const { environment, services } = config
  const isEcr = environment.registry === undefined
  const secrets = namedSecrets(environment.secrets)
  const infra = await stackScope(config)
  return {
    ...(await askScope(config, offline)),
    region: environment.region,
    fleet: fleetOf(config),
    repositories: isEcr ? repositories(config) : [],
    baseRepositories: isEcr ? services.flatMap(({ base }) => (base === undefined ? [] : [base.repository])) : [],
    logGroup: environment.logs?.group,
    ledger: environment.release.ledger ? placeOf(config) : undefined,
    alarms: environment.rollout.alarms.length > 0,
    ...(secrets.length > 0 && { secrets: { app: config.app, names: secrets.map(secretName) } }),
    ...(environment.monitoring !== undefined && { monitoring: monitoringScope(environment.monitoring) }),
    ...(environment.infra?.modelCache !== undefined && { cache: cacheScope(config, environment.infra) }),
    ...(infra !== undefined && { infra }),
  }
}

/** What has nothing to allow is a slip where somebody asked for it. */
function refuseEmpty(scope: PolicyScope, groups: readonly PolicyGroup[], { environment: { name } }: Config): void {
  const empty = emptyGroups(scope, groups)
  if (empty.length === 0) return
  throw new RampartError('usage', `The environment ${name} has nothing that ${empty.join(', ')} would look after.`, {
    next: ['see `infra`, `alarms`, `secrets` and `logs` of the environment in rampart.yml, or leave the group out'],
  })
}

function readGroups(named: readonly string[]): readonly PolicyGroup[] {
  return named.map((name) => {
    const group = policyGroups.find((one) => one === name)
    if (group !== undefined) return group
    throw new RampartError('usage', `--for ${name} is no group of commands.`, {
      next: [`give one of ${policyGroups.join(', ')}`],
    })
  })
}

/** That one policy of IAM does not hold it, and what is printed in its place. */
function severalText(size: number, documents: number): string {
  const why = `The policy has ${size} characters, and IAM takes ${managedPolicyLimit} of a managed one`
  const more =
    documents > attachedPoliciesLimit
      ? ` A role takes ${attachedPoliciesLimit} unless the account's quota is raised; --for prints those of fewer commands.`
      : ''
  return `${why}: printed are ${documents} policies by name, to be attached together.${more}\n`
}

async function printPolicy(flags: DoctorFlags): Promise<Performed> {
  const config = await configure(flags)
  const groups = flags.for === undefined ? usualGroups : readGroups(flags.for)
  const asked = await policyScope(config, flags.offline)
  if (flags.for !== undefined) refuseEmpty(asked, groups, config)
  const policy = leastPrivilege(asked, groups)
  const documents = splitPolicy(policy)
  const names = policyNames(
    config.app,
    config.environment.name,
    flags.for === undefined ? [] : groups,
    documents.length,
  )
  const named = documents.map((document, at) => ({ PolicyName: names[at] ?? '', PolicyDocument: document }))
  if (documents.length > 1) process.stderr.write(severalText(policySize(policy), documents.length))
  if (asked.account === undefined) {
    process.stderr.write('The account was not asked: its number stands as * in the ARNs.\n')
  }
  const simulation = process.env['RAMPART_SIMULATION']
  if (simulation !== undefined) {
    process.stderr.write(`SIMULATED: ${simulation}; account and launch template are not real\n`)
  }
  const printed = documents.length > 1 ? named : policy
  if (!flags.json) process.stdout.write(`${JSON.stringify(printed, undefined, 2)}\n`)
  return {
    exitCode: exitCodes.done,
    result: { v: 1, simulated: simulation !== undefined, for: groups, policy, documents: named },
  }
}
