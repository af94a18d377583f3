import { isInService, isLeaving, type Target } from '../domain/target.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Bounds } from '../ports/auto-scaling.js'
import type { Check, Driver, FleetSize } from '../rollout/driver.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { targetChanges } from '../rollout/changes.js'
import { memoryChecks } from './memory-checks.js'
import { keeping, type ReleaseKeeper } from './release-steps.js'
import { runChecks } from './run-checks.js'
import { inPhase, Interruption, type Ended, type RunContext } from './run.js'

export interface ScaleRequest {
  readonly driver: Driver
  readonly desired: number
  /** Moves the bounds too. */
  readonly bounds?: Bounds
  /** As rampart.yml names the service; needed where a fleet has several. */
  readonly service?: string
  readonly accountChecks: () => Promise<readonly Check[]>
  /** Lock and ledger; undefined where the configuration wants none. */
  readonly keeper?: ReleaseKeeper
  /** Called when the lock is ours: from then on every change has to ask for it. */
  readonly guard?: () => void
  readonly comeBack: string
}

/** Between two looks, and how long targets may take to serve or to go, in milliseconds. */
const interval = 10_000
const patience = 30 * 60_000

function partOf({ service }: ScaleRequest, sizes: readonly FleetSize[]): FleetSize {
  const names = sizes.map((one) => one.service ?? one.name)
  const found = service === undefined ? sizes : sizes.filter((one) => one.service === service)
  const [only, other] = found
  if (only !== undefined && other === undefined) return only
  throw new RampartError(
    'usage',
    only === undefined
      ? `There is no service ${service ?? ''} to scale.`
      : 'The fleet has several services; which one is to be scaled?',
    { next: names.map((name) => `--service ${name}`) },
  )
}

/** What becomes of the bounds, where they change. */
function movement(asked: Bounds | undefined, bounds: Bounds | undefined): string {
  if (asked === undefined || (asked.min === bounds?.min && asked.max === bounds.max)) return ''
  return bounds === undefined ? ', which are set anew' : `, moved from ${bounds.min} and ${bounds.max}`
}

function boundsCheck({ desired, bounds: asked, service }: ScaleRequest, { name, bounds }: FleetSize): Check {
  const check = 'bounds'
  const holding = asked ?? bounds
  if (holding === undefined) {
    return { name: check, result: 'skip', detail: `Application Auto Scaling keeps none for ${name}` }
  }
  const { min, max } = holding
  if (desired >= min && desired <= max)
    return { name: check, result: 'ok', detail: `${desired} is within ${min} and ${max}${movement(asked, bounds)}` }
  return {
    name: check,
    result: 'fail',
    detail: `${desired} is not within ${min} and ${max}, the bounds ${asked === undefined ? `of ${name}` : 'that were asked for'}`,
    remedy: `rampart scale ${desired}${service === undefined ? '' : ` --service ${service}`} --bounds ${Math.min(min, desired)}:${Math.max(max, desired)}`,
  }
}

/** Those that count towards what is wanted: what is on its way out, or was set aside, does not. */
const living = (targets: readonly Target[]): readonly Target[] =>
  targets.filter(
    (target) => !isLeaving(target) && !target.lifecycle.endsWith('Standby') && target.health !== 'draining',
  )

const isServing = (target: Target): boolean =>
  isInService(target) && (target.health === 'healthy' || target.health === 'none')

/** Looks until as many targets serve as are wanted, and no others are left. */
async function follow(request: ScaleRequest, name: string, run: RunContext): Promise<FleetSize> {
  const { driver, desired } = request
  const { clock, signal, emit } = run
  const deadline = clock.now() + patience
  let before: readonly Target[] | undefined
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- asked until it is so
      const size = (await unlessStopped(signal, driver.sizes())).find((one) => one.name === name)
      if (size !== undefined) {
        for (const event of targetChanges(before, size.targets)) emit(event)
        before = size.targets
        if (size.desired !== desired) {
          throw new RampartError('attention', `Somebody has set ${name} to ${size.desired} targets meanwhile.`)
        }
        const alive = living(size.targets)
        const isDone = alive.length === desired && alive.every(isServing)
        if (isDone || clock.now() >= deadline) return size
      }
    } catch (error) {
      if (!(error instanceof RampartError) || !error.passing || clock.now() >= deadline) throw error
    }
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(interval, signal)
  }
}

function endOf({ desired, comeBack }: ScaleRequest, { name, targets }: FleetSize): Ended {
  const alive = living(targets)
  const serving = alive.filter(isServing).length
  const how = `${serving} of ${desired} ${desired === 1 ? 'target serves' : 'targets serve'}`
  if (serving === desired && alive.length === desired)
    return { ending: 'done', message: `${name} is scaled: ${how}.`, next: [] }
  return {
    ending: 'attention',
    message: `${name} did not come to ${desired} targets in ${patience / 60_000} minutes: ${how}.`,
    problems: alive
      .filter((target) => !isServing(target))
      .map(
        ({ id, lifecycle, health, reason }) =>
          `${id}: ${lifecycle}, ${health}${reason === undefined ? '' : ` (${reason})`}`,
      ),
    next: [comeBack],
  }
}

/** Sets how many targets serve and follows that until they do; refuses while a rollout is under way. */
export async function scale(request: ScaleRequest, run: RunContext): Promise<Ended> {
  return keeping(request.keeper, run, async (kept) => scaleKept(request, kept))
}

async function scaleKept(request: ScaleRequest, run: RunContext): Promise<Ended> {
  const { driver, desired, bounds, keeper, guard } = request
  let part: FleetSize | undefined
  let asked = false
  await runChecks(run, [
    async () => (await Promise.all([request.accountChecks(), keeper?.checks() ?? []])).flat().map(pastHold),
    async () => {
      const [sizes, running] = await Promise.all([driver.sizes(), driver.underWay()])
      if (running !== undefined) throw running.conflict
      part = partOf(request, sizes)
      return [...(await memoryChecks(keeper?.earlier ?? [], driver)), boundsCheck(request, part)]
    },
  ])
  const { name, desired: before = desired } = part ?? {}
  if (name === undefined) throw new RampartError('bug', 'Nothing was found that could be scaled.')
  return inPhase<Ended>(run, 'rollout', async () => {
    await keeper?.take(`scale to ${desired}`, run)
    guard?.()
    // It may have begun before the lock was ours.
    const running = await unlessStopped(run.signal, driver.underWay())
    if (running !== undefined) throw running.conflict
    asked = true
    const refused = await driver.resize(name, desired, bounds)
    if (refused !== undefined) throw refused
    const value = endOf(request, await follow(request, name, run))
    return {
      value,
      detail: `${name}: ${before} to ${desired}`,
      ...(value.ending !== 'done' && { outcome: 'failed' as const }),
    }
  }).catch((error: unknown) => {
    if (!asked || !(error instanceof Interruption)) throw error
    return {
      ending: 'unknown',
      message: `${name} was set to ${desired} targets; how many serve was not seen.`,
      next: [request.comeBack],
    }
  })
}

/** A hold is for deploys: how many serve is another matter. */
const pastHold = (check: Check): Check =>
  check.name === 'hold' && check.result === 'fail' ? { name: 'hold', result: 'warn', detail: check.detail } : check
