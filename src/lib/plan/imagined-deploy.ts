import type { ImaginedFleet, ImaginedService, RolloutCourse } from '../domain/imagined-rollout.js'
import type { Circumstances, ShippedService } from '../domain/release-figures.js'
import type { Figures } from './assumptions.js'
import { conditionsOf, type Imagine } from './strategies.js'

/** How a deploy's rollout would go by the state machines alone. Milliseconds. */
export interface ImaginedDeploy {
  readonly duration: number
  /** From the launch of a target to in service and to ready, in the middle of all. */
  readonly inService: number
  readonly ready: number
  /** The same of the slowest target. */
  readonly slowest: number
  /** What it takes of that from the first line of a target's process on, in the middle. */
  readonly load: number
}

function imaginedService({ name, bytes, models, fetched }: ShippedService): ImaginedService {
  return {
    name,
    layers: [{ name: 'image', bytes, ofBase: false }],
    models: [
      ...(models > 0 ? [{ id: 'models', bytes: models, isPresent: true }] : []),
      ...(fetched > 0 ? [{ id: 'fetched', bytes: fetched, isPresent: false }] : []),
    ],
  }
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** What a target does before its process begins: it starts, and pulls. */
function beforeProcess({ kind, services }: Circumstances, figures: Figures): number {
  const rate = Math.min(figures.download.value, figures.unpack.value)
  const pulls = services.map(({ bytes }) => (1000 * bytes) / rate)
  return kind === 'asg'
    ? figures.launch.value + figures.boot.value + pulls.reduce((all, pull) => all + pull, 0)
    : figures.taskProvisioning.value + middle(pulls)
}

function imaginedOf(courses: readonly RolloutCourse[], before: number, pauses = 0): ImaginedDeploy {
  const starts = courses.flatMap((course) => course.starts)
  const ready = middle(starts.map(({ launchedAt, readyAt }) => readyAt - launchedAt))
  return {
    duration: courses.reduce((all, { duration }) => all + duration, pauses),
    inService: middle(starts.map(({ launchedAt, inServiceAt }) => inServiceAt - launchedAt)),
    ready,
    load: Math.max(0, ready - before),
    slowest: Math.max(0, ...starts.map(({ launchedAt, readyAt }) => readyAt - launchedAt)),
  }
}

/** Runs the rollout in imagination; undefined when it would not end. Services of a cluster are moved one after another. */
export function imagineDeploy(
  circumstances: Circumstances,
  figures: Figures,
  imagine: Imagine,
): ImaginedDeploy | undefined {
  const { kind, targets, services, rules } = circumstances
  const before = beforeProcess(circumstances, figures)
  const conditions = conditionsOf(figures)
  const percentages = {
    minHealthyPercentage: rules.minHealthy,
    maxHealthyPercentage: rules.maxHealthy,
    bakeTime: rules.bake,
  }
  const run = (fleet: ImaginedFleet, moved: readonly ShippedService[]): RolloutCourse | undefined =>
    imagine({ fleet, services: moved.map(imaginedService), conditions, share: 0.5 })
  if (kind === 'asg') {
    const warmup = rules.warmup ?? figures.warmup.value
    const course = run({ kind, desired: Math.max(1, targets), ...percentages, warmup }, services)
    return course && imaginedOf([course], before, rules.pauses)
  }
  const courses: RolloutCourse[] = []
  for (const service of services) {
    const course = run({ kind, desired: Math.max(1, service.targets ?? targets), ...percentages }, [service])
    if (course === undefined) return undefined
    courses.push(course)
  }
  return imaginedOf(courses, before, rules.pauses)
}
