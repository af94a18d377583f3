import type { Config } from '../config/index.js'
import type { MeasuredMemory } from '../domain/measured-memory.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { EndpointRecord, VerifiedLine } from '../domain/verification.js'
import type { VerifyPlan } from '../domain/verify-plan.js'
import type { ReleaseVerifier } from '../operations/verify-release.js'
import type { Clock } from '../ports/clock.js'
import { measureBaseline, type Baseline } from '../verify/baseline.js'
import { compareTasks, firstTasks, type CompareOptions } from '../verify/compare.js'
import type { VerifyTask } from '../verify/judged.js'
import { tightestOf } from '../verify/targets/memory-fit.js'
import { verifyTasks, type VerifyPorts } from '../verify/tasks.js'
import { fleetTasks } from './fleet-tasks.js'
import { whyNoLoad } from './load-permission.js'
import { planOfConfig, secretsOfVerify, type VerifyAt } from './verify-plan.js'
import { verifyPorts } from './verify-ports.js'

/** A record older than that says little of how fast the release is now. Milliseconds. */
const fresh = 7 * 24 * 3_600_000

/** Times of one endpoint that a record keeps. */
const mostTimes = 40

/** Who verifies what a deploy or a rollback has brought; undefined where the configuration asks for nothing. */
export async function composeVerifier(
  config: Config,
  flags: VerifyAt,
  clock: Clock,
): Promise<ReleaseVerifier | undefined> {
  const { verify } = config
  if (verify === undefined) return undefined
  const plan = planOfConfig(config, flags)
  const ports = await verifyPorts(flags.ca)
  const { compare } = verify
  const answers = plan === undefined ? noAnswers(config) : undefined
  let baseline: Baseline | undefined
  let first: number | undefined
  const memories = new Map<string, MeasuredMemory>()
  const common = {
    criteria: verify.criteria,
    tellsMemory: verify.targets !== undefined && verify.targets.ask !== 'off',
    memory: () => tightestOf([...memories.values()]),
    figures: (checks: readonly VerifiedLine[]) => ({
      latency: latencyOf(checks),
      ...(first !== undefined && { first: Math.round(first * 100) / 100 }),
    }),
  }
  const fleet = async (): Promise<readonly VerifyTask[]> =>
    fleetTasks(config, plan === undefined ? [] : secretsOfVerify(plan, config), clock, (service, memory) =>
      memories.set(service, memory),
    )
  if (plan === undefined) return { ...common, tasks: async () => [...(answers ?? []), ...(await fleet())] }
  return {
    ...common,
    ...(compare !== undefined && {
      measure: async (signal) => {
        baseline = await measureBaseline(plan.url, plan.endpoints, ports, signal)
        return wordsOf(baseline)
      },
      recall: (record) => {
        baseline ??= recalled(record, clock.now())
      },
    }),
    tasks: async () => {
      const measured = new Map<string, VerifiedLine['latency']>()
      const options = compare && {
        url: plan.url,
        plan: compare,
        endpoints: plan.endpoints,
        ports,
        baseline,
        measured: (endpoint: string) => measured.get(endpoint),
        onFirst: (ratio: number) => {
          first = ratio
        },
      }
      return [
        ...answerTasks(plan, ports, options, measured).map((task) => permitted(task, plan, config)),
        ...(await fleet()),
      ]
    },
  }
}

/** The checks of what is answered, those of the first requests first and those that compare after the endpoints'. */
function answerTasks(
  plan: VerifyPlan,
  ports: VerifyPorts,
  options: CompareOptions | undefined,
  measured: Map<string, VerifiedLine['latency']>,
): readonly VerifyTask[] {
  const own = verifyTasks(plan, ports).map((task): VerifyTask => {
    if (task.kind !== 'endpoint') return task
    const name = task.name.replace(/^endpoint:/, '')
    return {
      ...task,
      look: async (signal) => {
        const judged = await task.look(signal)
        measured.set(name, judged.latency)
        return judged
      },
    }
  })
  if (options === undefined) return own
  const load = own.findIndex(({ kind }) => kind === 'load')
  const at = load < 0 ? own.length : load
  return [...firstTasks(options), ...own.slice(0, at), ...compareTasks(options), ...own.slice(at)]
}

/** Nobody is asked in the middle of a deploy: load that is not allowed is left out, and that is said. */
function permitted(task: VerifyTask, plan: VerifyPlan, config: Config): VerifyTask {
  const load = task.kind === 'load' ? plan.loads.find(({ name }) => task.name === `load:${name}`) : undefined
  const why = load && whyNoLoad(plan, load, config)
  return why === undefined ? task : { ...task, look: async () => ({ result: 'skip', detail: why }) }
}

/** What can not be asked because nobody says where. */
function noAnswers({ environment, verify }: Config): readonly VerifyTask[] {
  const detail = `not asked: the environment ${environment.name} does not say where users reach it, as serves.url`
  const names = [
    ...(verify?.endpoints ?? []).map(({ name }) => `endpoint:${name}`),
    ...(verify?.loads ?? []).map(({ name }) => `load:${name}`),
  ]
  return names.map((name) => ({
    name,
    kind: name.startsWith('load') ? 'load' : 'endpoint',
    alone: false,
    retry: 0,
    look: async () => ({ result: 'skip', detail }),
  }))
}

function wordsOf({ endpoints }: Baseline): string {
  const asked = [...endpoints.values()].filter(({ answers }) => answers.size > 0)
  const requests = asked.reduce((sum, { times, answers }) => sum + times.length + answers.size, 0)
  return asked.length === 0
    ? 'what serves gave no answer that could be compared'
    : `${asked.length} endpoints of what serves now, ${requests} requests`
}

/** What the record of the release before tells, when it is recent enough. */
function recalled({ release, verification }: ReleaseRecord, now: number): Baseline | undefined {
  if (verification === undefined || now - Date.parse(verification.at) > fresh) return undefined
  const { at, latency = {}, first } = verification
  return {
    origin: { kind: 'recorded', release: release.id, at },
    endpoints: new Map(
      Object.entries(latency).map(([name, { times = [] }]) => [name, { times, answers: new Map() }] as const),
    ),
    ...(first !== undefined && { first }),
  }
}

const rounded = (time: number): number => Math.round(time * 10) / 10

function latencyOf(checks: readonly VerifiedLine[]): Readonly<Record<string, EndpointRecord>> {
  return Object.fromEntries(
    checks.flatMap(({ kind, name, latency }) =>
      kind !== 'endpoint' || latency === undefined
        ? []
        : [
            [
              name.replace(/^endpoint:/, ''),
              {
                mean: rounded(latency.mean),
                p50: rounded(latency.p50),
                p95: rounded(latency.p95),
                times: latency.times.slice(0, mostTimes).map(Math.round),
              },
            ] as const,
          ],
    ),
  )
}
