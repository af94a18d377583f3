import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import { timelineRows, totalOf, type TimelinePhase, type TimelineStep } from '../domain/timeline.js'
import { neededKeys, secretName } from '../domain/secret.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { namedSecrets } from '../operations/secrets-look.js'
import type { Rehearsal } from '../rehearsal/cloud.js'
import type { RehearsedService } from '../rehearsal/setup.js'
import { formatError } from '../errors/format.js'
import { clockFrom } from '../system/clock.js'
import { streamPage } from './perform.js'

export interface FromScratchFlags extends SharedFlags {
  readonly scenario: string
  readonly speed: number
  /** Of the deploy alone. */
  readonly report?: readonly string[] | string | undefined
}

interface Scene {
  readonly cloud: Rehearsal
  readonly config: Config
  readonly services: readonly RehearsedService[]
  /** What a client needs in its environment; the process has it already. */
  readonly environment: Readonly<Record<string, string>>
}

interface Step {
  readonly phase: TimelinePhase
  readonly command: string
  readonly run: () => Promise<Performed>
}

interface Done extends TimelineStep {
  readonly result: unknown
}

/**
 * `rampart rehearse --from-scratch`: the commands that take an empty account to a proved release, one after the other,
 * as a person would give them. Stops at the first that fails, with its exit code.
 */
export async function runFromScratch(flags: FromScratchFlags, scene: Scene): Promise<Performed> {
  const { config } = scene
  if (config.environment.infra === undefined) {
    throw new RampartError('usage', `The environment ${config.environment.name} has no \`infra\` in rampart.yml.`, {
      next: [
        'add it: an empty account has nothing else that a release could go to',
        'rampart rehearse, which needs none',
      ],
    })
  }
  const steps = stepsOf(flags, scene)
  const done: Done[] = []
  for (const [index, step] of steps.entries()) {
    const { phase, command } = step
    say(flags, `\n== ${index + 1} of ${steps.length}: ${command} (${phase}) ==\n`)
    const clock = clockFrom(scene.environment['RAMPART_CLOCK'])
    const from = clock.now()
    const { exitCode, result } = await attempt(step)
    const note = command === 'deploy' ? messageOf(result) : undefined
    done.push({ phase, command, duration: clock.now() - from, exitCode, result, ...(note !== undefined && { note }) })
    if (exitCode !== exitCodes.done) break
  }
  return ending(flags, config, [
    ...done,
    ...steps.slice(done.length).map(({ phase, command }): Done => ({
      phase,
      command,
      duration: undefined,
      exitCode: undefined,
      result: null,
    })),
  ])
}

/** The last words of a command. */
function messageOf(result: unknown): string | undefined {
  const { message } = (result ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' ? message : undefined
}

/** What one command of many throws is its own end, not that of the timeline. */
async function attempt(step: Step): Promise<Performed> {
  try {
    return await step.run()
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    process.stderr.write(`${formatError(error)}\n`)
    return { exitCode: error.exitCode, result: { error: { kind: error.kind, message: error.message } } }
  }
}

function say({ json, progress }: SharedFlags, text: string): void {
  if (!json && progress !== 'quiet' && progress !== 'ndjson') process.stderr.write(text)
}

async function ending(flags: SharedFlags, config: Config, steps: readonly Done[]): Promise<Performed> {
  const simulation = process.env['RAMPART_SIMULATION'] ?? ''
  const failed = steps.find(({ exitCode }) => exitCode !== undefined && exitCode !== exitCodes.done)
  const stream = flags.progress === 'ndjson' ? process.stderr : process.stdout
  if (!flags.json) {
    const { timelineText } = await import('../report/timeline-text.js')
    stream.write(`\n${timelineText(steps, streamPage(stream, flags), simulation)}\n`)
  }
  const rows = timelineRows(steps)
  const deployed = steps.find(({ command }) => command === 'deploy')?.result as
    | { readonly release?: unknown; readonly proof?: unknown }
    | null
    | undefined
  return {
    exitCode: failed?.exitCode ?? exitCodes.done,
    result: {
      v: 1,
      simulated: true,
      simulation,
      command: 'rehearse --from-scratch',
      app: config.app,
      environment: config.environment.name,
      stoppedAt: failed?.command ?? null,
      release: deployed?.release ?? null,
      proof: deployed?.proof ?? null,
      duration: totalOf(rows) ?? null,
      timeline: rows.map(({ phase, duration, planned }) => ({
        phase,
        duration: duration ?? null,
        planned,
        steps: steps
          .filter((step) => step.phase === phase)
          .map(({ command, duration: took, exitCode, result }) => ({
            command,
            duration: took ?? null,
            exitCode: exitCode ?? null,
            result,
          })),
      })),
    },
  }
}

function stepsOf(flags: FromScratchFlags, scene: Scene): readonly Step[] {
  const { config, environment } = scene
  const shared: SharedFlags = { ...flags, config: config.path }
  const at = {
    url: environment['RAMPART_URL'],
    ca: environment['RAMPART_CA'],
    'http-port': Number(environment['RAMPART_HTTP_PORT']),
  }
  const infra = async (): Promise<Performed> => (await import('./infra.js')).runInfraDeploy({ ...shared, yes: true })
  return [
    { phase: 'Infrastructure', command: 'infra deploy', run: infra },
    { phase: 'Pre-Deployment', command: 'secrets set', run: () => giveSecrets(shared, scene) },
    // Before anything starts that reads from it; behind the secrets, for models that ask for a token.
    ...(config.environment.infra?.modelCache === undefined
      ? []
      : [
          {
            phase: 'Pre-Deployment',
            command: 'cache warm',
            run: async () => (await import('./cache.js')).runCacheWarm(shared),
          } as const,
        ]),
    { phase: 'Container Build', command: 'base build', run: () => giveBases(shared, scene) },
    {
      phase: 'Container Build',
      command: 'app build',
      run: async () => (await import('./app-build.js')).runBuild(shared),
    },
    // The same again, now that the repositories hold images: it starts them.
    { phase: 'Deployment', command: 'infra deploy', run: infra },
    {
      phase: 'Deployment',
      command: 'deploy',
      run: async () =>
        (await import('./deploy.js')).runDeploy({
          ...shared,
          ...at,
          force: false,
          report: flags.report,
          rehearsal: 'rehearse --from-scratch',
        }),
    },
    // The stack has made both as the definitions say, and has drawn no release: what differs is mended and told.
    ...(config.environment.monitoring === undefined
      ? []
      : [
          {
            phase: 'Deployment',
            command: 'alarms apply',
            run: async () => (await import('./alarms.js')).runAlarmsApply(shared),
          } as const,
          {
            phase: 'Deployment',
            command: 'dashboard apply',
            run: async () => (await import('./dashboard-page.js')).runDashboardApply(shared),
          } as const,
        ]),
    ...(config.verify === undefined
      ? []
      : [
          {
            phase: 'Validation',
            command: 'verify',
            run: async () =>
              (await import('./verify.js')).runVerify({
                ...shared,
                only: [],
                load: true,
                yes: false,
                ...at,
              }),
          } as const,
        ]),
  ]
}

const rehearsed = (of: string): string => `rehearsed ${of}: this is no secret`

/** Values for all secrets: made up here, for this cloud alone, and given as a person would, by `secrets set`. */
async function giveSecrets(flags: SharedFlags, { config }: Scene): Promise<Performed> {
  const { runSecretsSet } = await import('./secrets.js')
  const variable = 'RAMPART_REHEARSED_SECRET'
  const results: unknown[] = []
  for (const id of namedSecrets(config.environment.secrets)) {
    const keys = neededKeys(config.environment.secrets, id)
    process.env[variable] =
      keys.length === 0 ? rehearsed(id) : JSON.stringify(Object.fromEntries(keys.map((key) => [key, rehearsed(key)])))
    const { exitCode, result } = await runSecretsSet([secretName(id)], { ...flags, 'from-env': variable }).finally(() =>
      Reflect.deleteProperty(process.env, variable),
    )
    results.push(result)
    if (exitCode !== exitCodes.done) return { exitCode, result }
  }
  return { exitCode: exitCodes.done, result: { v: 1, simulated: true, secrets: results } }
}

/**
 * The bases, as `base build` would have left them: layers with sizes and no content, under the same tags and labels. So
 * it needs no Docker engine and downloads nothing; the time is what the sizes take at the speeds of this cloud.
 */
async function giveBases(flags: SharedFlags, { cloud, services, environment }: Scene): Promise<Performed> {
  const { storeBase } = await import('../rehearsal/seed-images.js')
  const clock = clockFrom(environment['RAMPART_CLOCK'])
  const { switches } = cloud.world.state
  const bases = []
  for (const service of services) {
    if (service.base === undefined) continue
    const { bytes, digest } = storeBase(cloud.registry, service, clock.now())
    const models = service.base.models.reduce((all, model) => all + model.bytes, 0)
    const seconds =
      models / switches.modelDownloadBytesPerSecond +
      (bytes - models) / switches.downloadBytesPerSecond +
      (2 * bytes) / switches.unpackBytesPerSecond
    await clock.sleep(seconds * 1000)
    const { repository, tag } = service.base
    say(flags, `base of ${service.name}: ${repository}:${tag}, simulated: layers without content, no Docker engine\n`)
    bases.push({ service: service.name, repository, tag, digest, bytes, simulated: true })
  }
  return { exitCode: exitCodes.done, result: { v: 1, simulated: true, bases } }
}
