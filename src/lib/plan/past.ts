import type { Phase } from '../domain/phase.js'
import type { ReleaseFigures } from '../domain/release-figures.js'
import type { ReleaseRecord } from '../domain/release-record.js'

/** A deploy of the past that says something about the next one. */
export interface PastDeploy {
  /** Milliseconds. */
  readonly phases: ReadonlyMap<Phase, number>
  /** Missing in records of older versions. */
  readonly figures?: ReleaseFigures
  /** How many deploys before it its own prediction could rest on. */
  readonly runs: number
}

/** What is older than that was another project. */
const mostDeploys = 30

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

/** What somebody wrote there by hand, or a later rampart, is not learned from. */
function isUsable(figures: ReleaseFigures): boolean {
  const { kind, targets, services, pushed, rules, starts } = figures as Partial<ReleaseFigures>
  return (
    (kind === 'asg' || kind === 'ecs') &&
    isNumber(targets) &&
    isNumber(pushed) &&
    Array.isArray(services) &&
    services.length > 0 &&
    services.every(
      ({ name, bytes, models, fetched }) => typeof name === 'string' && [bytes, models, fetched].every(isNumber),
    ) &&
    isNumber(rules?.minHealthy) &&
    isNumber(rules.maxHealthy) &&
    isNumber(rules.bake) &&
    (starts === undefined || [starts.inService?.p50, starts.ready?.p50, starts.ready?.p95].every(isNumber))
  )
}

/**
 * The deploys of an environment that ended well under a clock of that pace (undefined for the real one), newest first:
 * what failed, what went back and what was timed by another clock tells nothing of how long the next one takes.
 */
export function pastDeploys(records: readonly ReleaseRecord[], pace: number | undefined): readonly PastDeploy[] {
  return records
    .toSorted((a, b) => b.number - a.number)
    .filter(({ kind, ending }) => kind === 'deploy' && ending === 'done')
    .flatMap(({ phases = [], figures }): readonly Omit<PastDeploy, 'runs'>[] => {
      if (figures?.pace !== pace || (figures !== undefined && !isUsable(figures))) return []
      const timed = new Map(
        phases.filter(({ duration }) => isNumber(duration)).map(({ phase, duration }) => [phase, duration]),
      )
      return [{ phases: timed, ...(figures !== undefined && { figures }) }]
    })
    .map((deploy, index, all) => ({ ...deploy, runs: all.length - 1 - index }))
    .slice(0, mostDeploys)
}
