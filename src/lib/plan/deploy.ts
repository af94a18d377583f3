import type { AssumptionName, Figures } from './assumptions.js'
import { derivedFrom, spanOf, sum, type Span } from './figure.js'
import { inTurn, predictRollout, type PredictedPhase, type PredictedRollout } from './predict.js'
import { presentRollout, type Imagine, type PlannedService, type StrategyInputs } from './strategies.js'

/** A service of one deploy. */
export interface DeployedService extends PlannedService {
  /** Its targets; those of the group where all services share them. */
  readonly desired: number
  /** Whether its targets are replaced. */
  readonly moves: boolean
}

/** What one deploy is made of. */
export interface DeployInputs {
  readonly figures: Figures
  readonly services: readonly DeployedService[]
  /** By which rules the fleet is moved. */
  readonly fleet: StrategyInputs['fleet']
  /** Bytes that the registry lacks. */
  readonly pushed: number
  /** How long the rollout stands still because it is told to, in milliseconds. */
  readonly pauses: number
}

/** How a deploy would go. Durations in milliseconds. */
export interface DeployForecast {
  readonly phases: readonly PredictedPhase[]
  readonly total: Span
  readonly capacity: {
    readonly desired: number
    /** The fewest targets that are healthy at any time. */
    readonly fewest: number
    /** The most that there are, those on their way out not counted. */
    readonly most: number
    /** The most that there are, those on their way out too: each has an address. */
    readonly present: number
  }
  /** What the targets above the desired number come to: their number times how long they are there. */
  readonly surge: number
}

/** How a deploy goes from its checks to its end; undefined when nothing moves, or the rollout would not end. */
export function forecastDeploy(inputs: DeployInputs, imagine: Imagine): DeployForecast | undefined {
  const rollout = rolloutOf(inputs, imagine)
  if (rollout === undefined) return undefined
  const { figures, pauses, pushed, services } = inputs
  const { preflight, appBuild, upload } = figures
  const phases: readonly PredictedPhase[] = [
    { phase: 'preflight', span: spanOf(preflight.value, preflight.basis) },
    { phase: 'build', span: spanOf(appBuild.value, appBuild.basis) },
    { phase: 'push', span: spanOf((1000 * pushed) / upload.value, derivedFrom(upload)) },
    { phase: 'rollout', span: sum(rollout.span, spanExactly(pauses)) },
  ]
  const { course } = rollout
  // Services that stay as they are count for the fleet, too.
  const still = inputs.fleet.kind === 'asg' ? 0 : targetsOf(services.filter(({ moves }) => !moves))
  return {
    phases,
    total: sum(...phases.map(({ span }) => span)),
    capacity: {
      desired: course.standing + still,
      fewest: course.fewestHealthy + still,
      most: course.mostLive + still,
      present: course.most + still,
    },
    surge: course.surge,
  }
}

const spanExactly = (value: number): Span => ({ low: value, value, high: value, basis: 'measured' })

const targetsOf = (services: readonly DeployedService[]): number =>
  services.reduce((all, { desired }) => all + desired, 0)

function rolloutOf({ figures, services, fleet }: DeployInputs, imagine: Imagine): PredictedRollout | undefined {
  const moving = services.filter(({ moves, desired }) => moves && desired > 0)
  const [first] = moving
  if (first === undefined) return undefined
  const predicted = (own: readonly DeployedService[], desired: number): PredictedRollout | undefined => {
    const targets = { ...figures.targets, value: desired }
    const under: Figures = { ...figures, targets }
    return predictRollout(presentRollout({ figures: under, services: own, fleet }), under, imagine)
  }
  // An instance runs every service: when one changes, all of them start anew.
  if (fleet.kind === 'asg') return predicted(services, first.desired)
  const each = moving.map((service) => predicted([service], service.desired))
  return each.some((one) => one === undefined) ? undefined : inTurn(each.filter((one) => one !== undefined))
}

/** The numbers that a forecast of a deploy there depends on, in the order in which they are told. */
export function figuresBehind(
  { kind, bakeTime }: StrategyInputs['fleet'],
  { alarmBake }: Figures,
): readonly AssumptionName[] {
  const starts = ['download', 'unpack', 'modelLoad', 'healthCheckInterval', 'draining'] as const
  return kind === 'asg'
    ? ['preflight', 'appBuild', 'upload', 'launch', 'boot', ...starts, 'warmup']
    : [
        'preflight',
        'appBuild',
        'upload',
        'taskProvisioning',
        ...starts,
        ...(bakeTime === alarmBake.value ? ['alarmBake' as const] : []),
      ]
}
