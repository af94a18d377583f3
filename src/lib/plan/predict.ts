import type { ImaginedFleet, RolloutCourse } from '../domain/imagined-rollout.js'
import type { Figures } from './assumptions.js'
import { derivedFrom, leastSure, spanOf, sum, type Span } from './figure.js'
import type { Imagine, Making, Recipe } from './strategies.js'

/** One stretch of a deploy. */
export interface PredictedPhase {
  readonly phase: 'preflight' | 'build' | 'push' | 'rollout'
  readonly span: Span
}

/** What a strategy takes, and what its rollout does to the fleet. */
export interface Prediction {
  readonly phases: readonly PredictedPhase[]
  /** A deploy of a change in the code. */
  readonly next: Span
  /** The first deploy: a base is made before it, where there is one. */
  readonly first: Span
  /** A base that has changed, with the deploy that ships it; undefined where there is no base. */
  readonly rebuild: Span | undefined
  readonly fleet: ImaginedFleet
  readonly course: RolloutCourse
}

/** What a recipe takes; undefined when its rollout would not end. */
export function predict(recipe: Recipe, figures: Figures, imagine: Imagine): Prediction | undefined {
  const rollout = predictRollout(recipe, figures, imagine)
  if (rollout === undefined) return undefined
  const [build, push] = making(recipe.app, figures)
  const { preflight } = figures
  const phases: readonly PredictedPhase[] = [
    { phase: 'build', span: build },
    { phase: 'push', span: push },
    { phase: 'preflight', span: spanOf(preflight.value, preflight.basis) },
    { phase: 'rollout', span: rollout.span },
  ]
  const next = sum(...phases.map(({ span }) => span))
  const rebuild = recipe.base === undefined ? undefined : sum(...making(recipe.base, figures), next)
  return { phases, next, first: rebuild ?? next, rebuild, fleet: recipe.fleet, course: rollout.course }
}

function making({ build, fetched, pushed }: Making, figures: Figures): readonly [build: Span, push: Span] {
  const { dependenciesBuild, appBuild, modelDownload, upload } = figures
  const fetching = fetched === 0 ? [] : [modelDownload]
  return [
    spanOf(build + (1000 * fetched) / modelDownload.value, derivedFrom(dependenciesBuild, appBuild, ...fetching)),
    spanOf((1000 * pushed) / upload.value, derivedFrom(upload)),
  ]
}

const shares = { low: 0, value: 0.5, high: 1 } as const

/** A rollout ends when the platform is content and every new target has loaded its models. */
function endOf({ duration, starts }: RolloutCourse): number {
  return Math.max(duration, ...starts.map(({ readyAt }) => readyAt))
}

/** A rollout: how long it takes, and how it goes when nothing is quick or slow. */
export interface PredictedRollout {
  readonly span: Span
  readonly course: RolloutCourse
}

/** How a rollout goes; undefined when it would not end. Services of ECS are moved one after the other. */
export function predictRollout(
  recipe: Pick<Recipe, 'fleet' | 'services' | 'conditions' | 'pool'>,
  figures: Figures,
  imagine: Imagine,
): PredictedRollout | undefined {
  const { fleet, services, conditions, pool } = recipe
  if (fleet.kind === 'ecs' && services.length > 1) {
    const each = services.map((service) => predictRollout({ ...recipe, services: [service] }, figures, imagine))
    return inTurn(each.filter((one) => one !== undefined))
  }
  const at = (share: number): { readonly end: number; readonly course: RolloutCourse } | undefined => {
    const course = imagine({ fleet, services, conditions, share })
    if (course === undefined) return undefined
    if (pool === 0 || fleet.kind !== 'asg') return { end: endOf(course), course }
    // A warm pool is renewed when the instances that serve have been, by the same percentages:
    // https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
    const renewed = imagine({
      fleet: { ...fleet, desired: pool, warmup: 0, bakeTime: 0 },
      services,
      conditions: { ...conditions, draining: 0 },
      share,
    })
    return renewed && { end: endOf(course) + endOf(renewed), course }
  }
  const [low, middle, high] = [at(shares.low), at(shares.value), at(shares.high)]
  if (low === undefined || middle === undefined || high === undefined) return undefined
  const { download, unpack, launch, boot, modelLoad } = figures
  const basis = leastSure(derivedFrom(download, unpack, launch, boot, modelLoad))
  return { span: { low: low.end, value: middle.end, high: high.end, basis }, course: middle.course }
}

/** Rollouts of several services, each beginning when the one before has ended: together they stand as one. */
export function inTurn(rollouts: readonly PredictedRollout[]): PredictedRollout | undefined {
  const [first, ...others] = rollouts
  if (first === undefined) return undefined
  return others.reduce(
    (before, next): PredictedRollout => ({
      span: sum(before.span, next.span),
      course: follow(before.course, next.course, before.span.value),
    }),
    first,
  )
}

function follow(before: RolloutCourse, next: RolloutCourse, at: number): RolloutCourse {
  return {
    duration: at + next.duration,
    starts: [
      ...before.starts,
      ...next.starts.map(({ launchedAt, inServiceAt, readyAt }) => ({
        launchedAt: at + launchedAt,
        inServiceAt: at + inServiceAt,
        readyAt: at + readyAt,
      })),
    ],
    // While the one moves, the other stands as it did.
    fewestHealthy: Math.min(before.fewestHealthy + next.standing, before.standing + next.fewestHealthy),
    most: Math.max(before.most + next.standing, before.standing + next.most),
    mostLive: Math.max(before.mostLive + next.standing, before.standing + next.mostLive),
    standing: before.standing + next.standing,
    surge: before.surge + next.surge,
  }
}
