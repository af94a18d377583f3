import { bad, failure, judge, ok, skip, type Graded, type Outcome } from '../doctor/outcome.js'
import type { CheckTask } from '../doctor/run-checks.js'
import { measureLoads, warmupOutcome } from '../doctor/warmup.js'
import { formatImageRef, parseImageRef } from '../domain/image-ref.js'
import type { FleetStatus } from '../domain/fleet-status.js'
import type { Account, Identity } from '../ports/account.js'
import type { AutoScaling, LaunchTemplates } from '../ports/auto-scaling.js'
import type { LogSource } from '../ports/log-source.js'
import type { Clock } from '../ports/clock.js'
import type { Parameters } from '../ports/parameters.js'
import type { Registry } from '../ports/registry.js'
import { holderWords } from '../release/lock.js'
import type { Place } from '../release/paths.js'
import type { Check, Driver } from '../rollout/driver.js'
import { checkAccount } from './check-account.js'
import { lockStatus } from './lock.js'

/** What the checks of an environment ask. */
export interface EnvironmentPorts {
  readonly account: Account
  readonly autoScaling: AutoScaling
  readonly launchTemplates: LaunchTemplates
  readonly logs: LogSource
  readonly parameters: Parameters
  readonly driver: Driver
  /** Opened at the first use. */
  readonly registry: () => Promise<Registry>
  readonly checkBases: () => Promise<readonly Check[]>
  /** The clock that the fleet is on, and who changes it. */
  readonly clock: Clock
  /** Milliseconds since 1970, of the clock that credentials are on. */
  readonly now: () => number
}

/** The environment that is checked. */
export interface CheckedEnvironment {
  readonly name: string
  /** The Auto Scaling group; undefined for services of ECS. */
  readonly group: string | undefined
  /** Host of a registry that is not the account's own ECR. */
  readonly registry: string | undefined
  readonly repositories: readonly string[]
  readonly logGroup: string | undefined
  /** Where releases and the lock are kept; undefined where they are not. */
  readonly place: Place | undefined
  /** Seconds; undefined leaves it to the group. */
  readonly warmup: number | undefined
}

/** The checks of the driver by their stable names. */
const groupChecks = {
  group: 'group',
  'launch-template': 'launch template',
  ami: 'AMI',
  'user-data': 'user data',
  'held-instances': 'held instances',
  surge: 'room to launch first',
  'health-check': 'health check',
  alarms: 'alarms',
} as const

/** Remembers the first answer, and also that there was none. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => (answer ??= ask())
}

const outcomeOf = ({ result, detail, remedy }: Check): Outcome => ({
  result,
  detail,
  ...(remedy !== undefined && { remedy }),
})

/** Several checks of the driver's kind as one. */
function together(checks: readonly Check[], none: string): Outcome {
  const [only] = checks
  if (only === undefined) return skip(none)
  const wrong = checks.flatMap((check): readonly Graded[] =>
    check.result === 'warn' || check.result === 'fail' ? [{ ...outcomeOf(check), result: check.result }] : [],
  )
  const unknown = checks.find(({ result }) => result === 'skip')
  const well = checks.map(({ detail }) => detail).join('; ')
  if (wrong.length > 0) return judge(wrong, well)
  return unknown === undefined ? ok(well) : skip(unknown.detail, unknown.remedy)
}

// Two weeks of what a target wrote: older starts tell nothing of today's models.
const logged = 14 * 24 * 60 * 60_000

// Long enough for a deploy, its watching and the proof.
const soon = 60 * 60_000

/** Who asks: an identity, or why there is none. */
type Access = { readonly identity: Identity } | { readonly outcome: Outcome }

const task = (name: string, ask: () => Promise<Outcome>): CheckTask => ({ name, remote: true, ask })

/** The checks of everything beyond this machine. */
export function environmentTasks(environment: CheckedEnvironment, ports: EnvironmentPorts): readonly CheckTask[] {
  const { account, driver, launchTemplates, logs, autoScaling } = ports
  const { repositories, logGroup } = environment

  const access = once(async (): Promise<Access> => {
    try {
      if ((await account.credentials()) === undefined) {
        return { outcome: skip('there are no AWS credentials here', 'aws configure sso') }
      }
      return { identity: await account.whoAmI() }
    } catch (error) {
      return { outcome: failure(error) }
    }
  })
  /** For what needs AWS: asks only when AWS knows who asks. */
  const inAws =
    (ask: () => Promise<Outcome>): (() => Promise<Outcome>) =>
    async () => {
      const known = await access()
      if ('identity' in known) return ask()
      const { result, detail, remedy } = known.outcome
      return result === 'skip' ? known.outcome : skip(`not asked: ${detail}`, remedy)
    }
  const inRegistry = (ask: () => Promise<Outcome>): (() => Promise<Outcome>) =>
    environment.registry === undefined ? inAws(ask) : ask
  const host = once(async () => (await ports.registry()).host)
  const isGroup = environment.group !== undefined
  const group = once(async () =>
    environment.group === undefined ? undefined : autoScaling.describeGroup(environment.group),
  )
  const status = once(async (): Promise<FleetStatus | undefined> => {
    return isGroup && (await group())?.launchTemplate === undefined
      ? undefined
      : driver.status(await host(), repositories)
  })
  const preflight = once(async () => driver.preflight(await host(), repositories))
  const noGroup = skip('there is no such group, or it has no launch template')

  const credentials = async (): Promise<Outcome> => {
    const known = await access()
    if ('outcome' in known) return known.outcome
    const { expiresAt } = (await account.credentials()) ?? {}
    const left = (expiresAt ?? Infinity) - ports.now()
    if (left > soon) return ok(known.identity.arn)
    const minutes = Math.max(0, Math.floor(left / 60_000))
    return bad('warn', `${known.identity.arn}: the credentials end in ${minutes} minutes`, 'aws sso login')
  }

  const mayPush = async (): Promise<Outcome> => {
    const registry = await ports.registry()
    const tried = await Promise.allSettled(repositories.map(async (name) => registry.tryUpload(name)))
    const refused = tried.flatMap((one): readonly Graded[] =>
      one.status === 'rejected' ? [{ ...failure(one.reason), result: 'fail' }] : [],
    )
    return judge(refused, `${registry.host} takes uploads into ${repositories.join(', ')}`)
  }

  const permissions = async (): Promise<Outcome> => {
    // No operation of ECS says beforehand whether it would be allowed.
    if (!isGroup) return skip('ECS answers that only when it is asked: compare rampart doctor --policy')
    const template = (await group())?.launchTemplate
    if (template === undefined) return noGroup
    await launchTemplates.mayCreateVersion(template.id, template.version)
    // What no call can prove without doing it is said, not claimed.
    return ok('new launch-template versions are allowed; for starting a refresh compare rampart doctor --policy')
  }

  const latest = async (): Promise<Outcome> => {
    const seen = await status()
    if (seen === undefined) return noGroup
    const moving = seen.images.filter((image) => parseImageRef(image)?.digest === undefined && !image.includes('@'))
    return judge(
      moving.map((image) => {
        const ref = parseImageRef(image)
        const name = ref === undefined ? image : formatImageRef(ref)
        return {
          result: 'warn',
          detail: `version ${seen.revision.number} of ${seen.revision.name} starts ${name}: ${isGroup ? 'an instance' : 'a task'} launched tonight runs whatever was pushed last`,
          remedy: 'rampart deploy',
        }
      }),
      `every image in the ${isGroup ? 'user data' : 'task definitions'} is pinned to a digest`,
    )
  }

  const targets = async (): Promise<Outcome> => {
    const seen = await status()
    if (seen === undefined) return noGroup
    const sick = seen.targets.filter(({ health }) => health === 'unhealthy' || health === 'unavailable')
    if (sick.length > 0) {
      const words = sick.map(({ id, reason }) => `${id} is unhealthy${reason === undefined ? '' : ` (${reason})`}`)
      return bad('fail', words.join('; '), 'rampart status')
    }
    const missing = seen.desired - seen.targets.length
    return missing > 0
      ? bad('warn', `${seen.targets.length} of ${seen.desired} targets are there`, 'rampart status')
      : ok(`${seen.targets.length} of ${seen.desired} targets, none unhealthy`)
  }

  const rollout = async (): Promise<Outcome> => {
    if (isGroup && (await group()) === undefined) return noGroup
    const running = await driver.underWay()
    if (running === undefined) return ok('none is under way')
    return bad('warn', running.conflict.message, running.conflict.next[0] ?? 'rampart status')
  }

  const ledger = async (): Promise<Outcome> => {
    const { place } = environment
    if (place === undefined) return skip('release.ledger is off: there is no lock, and no list of releases')
    const where = `/rampart/${place.app}/${place.environment} of Parameter Store`
    const { holder, hold } = await lockStatus({ parameters: ports.parameters, clock: ports.clock, place })
    if (hold !== undefined) {
      return bad(
        'warn',
        `deploys are held since ${hold.at} by ${hold.by}: ${hold.reason}`,
        'rampart deploy --release-hold',
      )
    }
    if (holder !== undefined) return bad('warn', `in use: ${holderWords(holder)}`, 'rampart lock status')
    return ok(`${where} can be read; for writing compare rampart doctor --policy`)
  }

  const logsThere = async (): Promise<Outcome> => {
    if (logGroup === undefined)
      return skip('no log group is configured', 'set environments.<name>.logs.group in rampart.yml')
    return (await logs.exists(logGroup))
      ? ok(logGroup)
      : bad('fail', `there is no log group ${logGroup}`, `aws logs create-log-group --log-group-name ${logGroup}`)
  }

  const warmup = async (): Promise<Outcome> => {
    if (!isGroup) return skip('ECS knows no warmup: a task counts when it is healthy')
    const [seen, now] = await Promise.all([group(), status()])
    if (seen === undefined || now === undefined) return noGroup
    if (logGroup === undefined) return skip('no log group is configured')
    const lines = await Promise.all(
      // A start is one of the first things that a target logs; two of them are enough to know.
      now.targets
        .slice(0, 2)
        .map(async ({ id }) => logs.read(logGroup, { since: ports.now() - logged, streamPrefix: id, limit: 10_000 })),
    )
    const own = environment.warmup
    const value = own ?? seen.defaultInstanceWarmup ?? seen.healthCheckGracePeriod
    const where =
      own !== undefined
        ? 'InstanceWarmup'
        : `InstanceWarmup, from the group's ${seen.defaultInstanceWarmup === undefined ? 'grace period' : 'default'},`
    return warmupOutcome(value, where, measureLoads(lines.flat()))
  }

  return [
    task('credentials', credentials),
    task('permissions', inAws(permissions)),
    task(
      'repositories',
      inAws(async () => {
        const checks = await checkAccount(account, environment.registry, repositories)
        return together(
          checks.filter(({ name }) => name === 'repositories'),
          'none',
        )
      }),
    ),
    task('registry-push', inRegistry(mayPush)),
    task(
      'base',
      inRegistry(async () => together(await ports.checkBases(), 'no service has a base of its own')),
    ),
    ...(isGroup
      ? []
      : [
          task(
            'ecs',
            inAws(async () => together(await preflight(), 'there are no services')),
          ),
        ]),
    ...Object.entries(isGroup ? groupChecks : {}).map(([name, own]) =>
      task(
        name,
        inAws(async () => {
          const found = (await preflight()).find((check) => check.name === own)
          return found === undefined ? noGroup : outcomeOf(found)
        }),
      ),
    ),
    task('pinned-user-data', inAws(latest)),
    task('targets', inAws(targets)),
    task('rollout', inAws(rollout)),
    task('ledger', inAws(ledger)),
    task('log-group', inAws(logsThere)),
    task('warmup', inAws(warmup)),
  ]
}

/** The names of the checks of an environment, for who has none to check. */
export const environmentCheckNames: readonly string[] = [
  'credentials',
  'permissions',
  'repositories',
  'registry-push',
  'base',
  ...Object.keys(groupChecks),
  'pinned-user-data',
  'targets',
  'rollout',
  'ledger',
  'log-group',
  'warmup',
]
