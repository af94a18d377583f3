import type { Config } from '../config/index.js'
import type { MeasuredMemory } from '../domain/measured-memory.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { Release } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'
import type { LogSource } from '../ports/log-source.js'
import type { Clock } from '../ports/clock.js'
import type { Driver } from '../rollout/driver.js'
import type { VerifyTask } from '../verify/judged.js'
import type { ScannedLine } from '../verify/logs/scan.js'
import type { TargetLogs } from '../verify/logs/tasks.js'
import { connect } from './connect.js'
import { repositories } from './configure.js'
import { cloudPace } from './pace.js'
import { releaseTasksOf } from './release-tasks.js'
import { composeAsker, wantedOf } from './witness.js'

/** Logs are read from then on at most, and so many lines of them. */
const farthest = 24 * 3_600_000
const mostLines = 200_000

/**
 * The checks of the targets themselves and of their logs, where the configuration asks for them. They need AWS; what is
 * configured without them does not.
 */
export async function fleetTasks(
  config: Config,
  secrets: readonly string[],
  clock: Clock,
  onMemory?: (service: string, memory: MeasuredMemory) => void,
): Promise<readonly VerifyTask[]> {
  const { verify, environment } = config
  if (verify?.targets === undefined && verify?.logs === undefined) return []
  const { driver, account, logs, parameters } = await connect(config, { clock })
  const host = async (): Promise<string> =>
    environment.registry ?? new URL((await account.registryAuthorization()).endpoint).host
  const { createSecrets } = await import('../aws/secrets.js')
  const secretsManager = createSecrets({ region: environment.region })
  const tasks: VerifyTask[] = [
    ...releaseTasksOf(config, { driver, account, parameters, secrets: secretsManager, clock }),
  ]
  if (verify.targets !== undefined) {
    const { targetTasks } = await import('../verify/targets/tasks.js')
    const services = await wantedOf(config)
    const ask = await composeAsker(config, clock, driver)
    const ofTargets = targetTasks({
      least: verify.targets.grade,
      retry: verify.targets.retry,
      serving: async () => {
        const release = await servingRelease(config, driver, await host())
        const revision = await driver.current()
        return { proofs: await driver.prove(revision, release), services: services(release) }
      },
      ...(ask !== undefined && { ask }),
    })
    // Tasks that are asked directly do not say what they hold; CloudWatch does.
    const { target } = environment
    if (target.kind === 'asg') tasks.push(...ofTargets)
    else
      tasks.push(
        ...ofTargets.filter(({ name }) => name !== 'memory'),
        ...(await memoryTasks(config, target, clock, onMemory)),
      )
  }
  const group = environment.logs?.group
  if (verify.logs !== undefined && group !== undefined) {
    const { logTasks } = await import('../verify/logs/tasks.js')
    const { createValueFinder } = await import('../verify/logs/value-finder.js')
    const { configuredValues } = await import('./secret-values.js')
    const kept = await configuredValues(config)
    const values = [
      ...[...new Set(secrets)].map((value, index) => ({ name: `configured secret ${index + 1}`, value })),
      ...kept,
    ]
    const read = async (signal: AbortSignal) => linesOfTargets(driver, logs, group, clock, signal)
    tasks.push(...logTasks(read, verify.logs, createValueFinder(values)))
  }
  return (await account.credentials()) === undefined ? tasks.map(unasked) : tasks
}

/** What the services of a cluster hold. Few attempts: without an answer the check is left out. */
async function memoryTasks(
  { environment: { region } }: Config,
  { cluster, services }: Extract<Config['environment']['target'], { kind: 'ecs' }>,
  clock: Clock,
  onMemory: ((service: string, memory: MeasuredMemory) => void) | undefined,
): Promise<readonly VerifyTask[]> {
  const [{ createEcs }, { createMetrics }, { reportedMemoryTasks }] = await Promise.all([
    import('../aws/ecs.js'),
    import('../aws/metrics.js'),
    import('../verify/targets/reported-memory.js'),
  ])
  const client = { region, maxAttempts: 3, ...cloudPace() }
  return reportedMemoryTasks({
    ecs: createEcs(client),
    metrics: createMetrics(client),
    clock,
    cluster,
    services,
    ...(onMemory !== undefined && { onMemory }),
  })
}

/** A check that nobody can make here: what needs no AWS is still worth its answer. */
function unasked(task: VerifyTask): VerifyTask {
  return {
    ...task,
    retry: 0,
    look: async () => ({ result: 'skip', detail: 'not asked: this machine has no AWS credentials' }),
  }
}

/** What the fleet is on, by the images that it names. */
async function servingRelease(config: Config, driver: Driver, host: string): Promise<Release> {
  const { to } = await driver.facts(undefined, host, repositories(config))
  const images = config.services.flatMap(({ name, repository }) => {
    const reference = (to?.images ?? []).map(parseImageRef).find((one) => one?.repository === repository)
    return reference?.digest === undefined
      ? []
      : [{ service: name, repository: `${reference.registry}/${repository}`, digest: reference.digest }]
  })
  if (images.length === 0) {
    throw new RampartError('verification', `${driver.fleet} does not name its images by digest.`, {
      next: ['rampart deploy: it pins them'],
    })
  }
  return { id: to?.release ?? 'unknown', app: config.app, environment: config.environment.name, images }
}

/** What the targets that serve have written, each since its launch as far as the platform tells it. */
async function linesOfTargets(
  driver: Driver,
  source: LogSource,
  group: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<TargetLogs> {
  const oldest = clock.now() - farthest
  const [targets, launches] = await Promise.all([driver.targets(await driver.current()), driver.launches(oldest)])
  const since = new Map(launches.map(({ target, launchedAt }) => [target, launchedAt]))
  const serving = new Set(targets.map(({ id }) => id))
  const starts = [...serving].map((id) => since.get(id) ?? oldest)
  const lines: ScannedLine[] = []
  let from: string | undefined
  do {
    signal.throwIfAborted()
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const page = await source.page(group, {
      since: Math.min(...starts, clock.now()),
      ...(from !== undefined && { from }),
    })
    for (const { stream, time, text } of page.lines) {
      const target = driver.targetOf(stream)
      if (target === undefined || !serving.has(target) || time < (since.get(target) ?? oldest)) continue
      lines.push({ stream, time, text })
    }
    from = page.next
  } while (from !== undefined && lines.length < mostLines)
  return { lines, targets: serving.size, cut: from !== undefined }
}
