import { standingOf } from './standing.js'
import type { TargetView, View } from './view.js'

/** Where a target is on its way through a rollout, what needs to be looked at first. */
export const stages = ['failing', 'starting', 'warming', 'leaving', 'new', 'old'] as const

/**
 * A word of {@link stages}: `failing` (found ill, or its process killed), `starting`, `warming` (a new one that serves
 * and does not count yet), `leaving`, and `new` or `old` for those that serve.
 */
export type Stage = (typeof stages)[number]

/** Milliseconds until a new target in service counts, by the run's clock; undefined where nobody knows or waits for it. */
export function warmupLeft(view: View, { target }: TargetView, now: number): number | undefined {
  const warmup = view.facts?.warmup
  if (view.rollout?.outcome !== undefined) return undefined
  if (!target.isNew || target.inServiceAt === undefined || warmup === undefined) return undefined
  return Math.max(0, Date.parse(target.inServiceAt) + warmup - now)
}

/** The stage of one target. */
function stageOf(view: View, seen: TargetView, now: number): Stage {
  const standing = standingOf(seen)
  if (standing === 'leaving') return 'leaving'
  if (standing === 'failing' || view.loads.get(seen.target.id)?.state === 'killed') return 'failing'
  if (standing === 'starting') return 'starting'
  if (!seen.target.isNew) return 'old'
  return (warmupLeft(view, seen, now) ?? 0) > 0 ? 'warming' : 'new'
}

/** A target with its stage. */
export interface StagedTarget {
  readonly seen: TargetView
  readonly stage: Stage
}

/** Every target, what fails or moves first, and within a stage by its id. */
export function stagedTargets(view: View, now: number): readonly StagedTarget[] {
  const groups = new Map<Stage, StagedTarget[]>(stages.map((stage) => [stage, []]))
  for (const seen of view.targets.values()) {
    const stage = stageOf(view, seen, now)
    groups.get(stage)?.push({ seen, stage })
  }
  return stages.flatMap((stage) => (groups.get(stage) ?? []).sort(byId))
}

function byId({ seen: { target: left } }: StagedTarget, { seen: { target: right } }: StagedTarget): number {
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0
}

/** How many of them are in each stage. */
export function countStages(targets: readonly StagedTarget[]): Readonly<Record<Stage, number>> {
  const counts = { failing: 0, starting: 0, warming: 0, leaving: 0, new: 0, old: 0 }
  for (const { stage } of targets) counts[stage] += 1
  return counts
}
