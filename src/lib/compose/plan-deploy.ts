import type { Performed, SharedFlags } from '../../base-command.js'
import type { Config } from '../config/index.js'
import { runChecks } from '../doctor/run-checks.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import { openImage } from '../image/inspect/source.js'
import { planDeploy, type BuiltService } from '../operations/plan-deploy.js'
import { vcpuRoom } from '../operations/vcpu-room.js'
import { figuresOf, type Figures } from '../plan/assumptions.js'
import type { DeployPlan, PlannedRisk } from '../plan/deploy-plan.js'
import type { Clock } from '../ports/clock.js'
import type { RegionPrices } from '../domain/price-table.js'
import { imagineRollout } from '../rehearsal/imagine/rollout.js'
import { planText } from '../report/plan-text.js'
import type { Driver } from '../rollout/driver.js'
import type { Surroundings } from '../rollout/surroundings.js'
import { measureWarmup } from '../rollout/measure.js'
import { clockFrom, systemClock } from '../system/clock.js'
import { createMask } from '../terminal/mask.js'
import { parseAssumptions, type GivenAssumptions } from './assumptions.js'
import { learnedFigures } from './learned-figures.js'
import { pricesOf } from './prices.js'
import { configure, sameCommand, secretsOf } from './configure.js'
import { openLooks } from './doctor.js'
import { composeDriver } from './driver.js'
import { openScratch } from './images.js'
import { cloudPace } from './pace.js'
import { streamPage } from './perform.js'
import { orGap, readFleet, rulesOf } from './plan-facts.js'
import { openRegistries, planService, type Registries } from './planned-images.js'
import { sumOrphans } from './reclaim.js'
import { archiveOf } from './releases.js'
import { linesFrom } from './watching.js'

interface PlanFlags extends SharedFlags {
  readonly assume: readonly string[]
  readonly check: boolean
  readonly prices?: string | undefined
}

/** What `plan --json` prints. */
interface PlanResult extends DeployPlan {
  readonly v: 1
  readonly simulated: boolean
}

/** `rampart plan`. */
export async function runPlan(flags: PlanFlags): Promise<Performed> {
  const given = parseAssumptions(flags.assume)
  const config = await configure(flags)
  const simulation = process.env['RAMPART_SIMULATION']
  const mask = createMask(secretsOf(config))
  const { prices, about } = await pricesOf(config, flags.prices)
  const plan = await makePlan(config, { given, prices, unpriced: about }, clockFrom(process.env['RAMPART_CLOCK']))
  if (!flags.json) {
    const next = sameCommand('deploy', config)
    process.stdout.write(`${mask(planText({ plan, next, simulation }, streamPage(process.stdout, flags)))}\n`)
  }
  const result: PlanResult = { v: 1, simulated: simulation !== undefined, ...plan }
  return {
    exitCode: flags.check && plan.changes ? exitCodes.changes : exitCodes.done,
    result: JSON.parse(mask(JSON.stringify(result))) as unknown,
  }
}

interface Given {
  readonly given: GivenAssumptions
  readonly prices: RegionPrices | undefined
  /** Why there are none, where there are none. */
  readonly unpriced: string
}

async function makePlan(config: Config, { given, prices, unpriced }: Given, clock: Clock): Promise<DeployPlan> {
  const { environment } = config
  const { signal } = new AbortController()
  const { createAws } = await import('../aws/index.js')
  const { createNetwork } = await import('../aws/network.js')
  const aws = createAws({ region: environment.region, ...cloudPace() })
  const gaps: string[] = prices === undefined ? [unpriced] : []
  const registries = await openRegistries(config, signal)
  const scratch = openScratch()
  try {
    const { home } = registries
    if (home === undefined) throw new RampartError('bug', 'The registry of the environment was not opened.')
    const driver = await composeDriver(config, aws, clock)
    const services: BuiltService[] = []
    for (const service of config.services) {
      const { base, platform, repository, name } = service
      const { image } = await planService(config, service, { home, locate: registries.locate }, { signal, scratch })
      const found = base && (await openBase(base, platform, registries))
      services.push({
        name,
        repository,
        models: base?.models ?? [],
        image,
        base: base === undefined || found === undefined ? undefined : { image: found, repository: base.repository },
      })
    }
    const fleet = await readFleet(config, aws, gaps)
    if (fleet === undefined) throw new RampartError('preflight', gaps.join('; '), { next: ['rampart doctor'] })
    const { surroundings, known } = fleet
    const network = createNetwork({ region: environment.region })
    const [subnets, archive, risks, warmup, orphans, room] = await Promise.all([
      orGap(network.describeSubnets(surroundings.subnets), 'free addresses', gaps),
      archiveOf(config, aws, home.host),
      risksOf(config),
      measuredWarmup(config, driver, aws, clock),
      orGap(sumOrphans(config, clock, prices), 'images without a tag', gaps),
      roomFor(surroundings, environment.region, clock),
    ])
    const read = figuresOf({ ...known, ...warmup })
    const learned = await orGap(learnedFigures(config, aws, read), 'earlier deploys', gaps)
    const figures = figuresOf(learned ?? read, given)
    return await planDeploy(
      {
        app: config.app,
        environment: environment.name,
        fleet: rulesOf(config, figures),
        services,
        figures,
        surroundings,
        subnets,
        room,
        pauses: pausesOf(config),
        prices,
        risks,
        orphans,
        gaps,
      },
      { registry: home, driver, archive, imagine: imagineRollout },
    )
  } finally {
    await scratch.remove()
    await registries.close()
  }
}

/** What is left of the account's quota. Whoever may not ask plans without it. */
async function roomFor(
  surroundings: Surroundings,
  region: string,
  clock: Clock,
): Promise<Awaited<ReturnType<typeof vcpuRoom>>> {
  const [{ createQuotas }, { createMetrics }] = await Promise.all([
    import('../aws/quotas.js'),
    import('../aws/metrics.js'),
  ])
  try {
    return await vcpuRoom(surroundings, {
      quotas: createQuotas({ region }),
      metrics: createMetrics({ region }),
      now: () => clock.now(),
    })
  } catch (error) {
    if (error instanceof RampartError) return { unknown: error.message }
    throw error
  }
}

async function openBase(
  { repository, tag }: { readonly repository: string; readonly tag: string },
  platform: string,
  { home }: Registries,
) {
  return home && openImage({ registry: home, repository, reference: tag, name: `${repository}:${tag}`, platform })
}

/** A rollout waits at each of its checkpoints but the one at its end. */
function pausesOf({ environment: { rollout } }: Config): number {
  const { at = [], delay = 0 } = rollout.checkpoints ?? {}
  return at.filter((percent) => percent < 100).length * delay
}

/** What the doctor finds wrong that a deploy does not mend by itself. */
async function risksOf(config: Config): Promise<readonly PlannedRisk[]> {
  const { tasks, close } = await openLooks(config)
  try {
    const lines = await runChecks(
      tasks.filter(({ name }) => name !== 'pinned-user-data'),
      systemClock,
    )
    return lines.flatMap(({ name, result, detail, remedy }) =>
      result === 'warn' || result === 'fail' ? [{ name, result, detail, remedy: remedy ?? null }] : [],
    )
  } finally {
    await close()
  }
}

/** What `auto` would set, from the last rollout that went well. */
async function measuredWarmup(
  config: Config,
  driver: Driver,
  { logs }: { readonly logs: Parameters<typeof linesFrom>[1] },
  clock: Clock,
): Promise<Partial<Figures>> {
  if (config.environment.rollout.warmup !== 'auto') return {}
  const lines = await linesFrom(config, logs, clock)
  const measured = lines && (await measureWarmup(driver, lines).catch(() => undefined))
  if (measured === undefined) return {}
  return { warmup: { value: measured.warmup, basis: 'measured', from: `rollout ${measured.rollout}` } }
}
