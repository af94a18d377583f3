import type { View } from './view.js'

/**
 * What everybody who watches the same rollout sees alike at its end, whenever they began to watch: the rollout itself
 * and what the platform and the targets' own logs tell of it.
 *
 * The rest is each watcher's own: when it began (`run`, `phases`, `lastEventAt`, `startedAt`, `changedAt`), what it did
 * itself (`checks`, `plan`, `images`, `waitsFor`, `release`, `proof`, `ending`), what it happened to see on the way (`gone`, `note`,
 * `wasHealthy`, `logs`, `warnings`, `checkpoint`, `forecast` while it runs, `advice` where the logs tell nothing), and
 * why whoever ended the rollout did so (`rollout.reason`).
 */
export interface SharedView {
  readonly rollout: Pick<NonNullable<View['rollout']>, 'id' | 'group' | 'status' | 'percentage' | 'outcome'> | undefined
  readonly facts: View['facts']
  readonly targets: readonly NonNullable<ReturnType<View['targets']['get']>>['target'][]
  readonly loads: readonly (readonly [string, NonNullable<ReturnType<View['loads']['get']>>])[]
  readonly downloads: readonly string[]
  readonly alarms: readonly (readonly [string, string])[]
  readonly cause: View['cause']
  readonly forecast: View['forecast']
}

const byFirst = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** The part of a view that does not depend on who watches; in an order that does not either. */
export function sharedView(view: View): SharedView {
  const { rollout } = view
  return {
    rollout: rollout && {
      id: rollout.id,
      group: rollout.group,
      status: rollout.status,
      percentage: rollout.percentage,
      outcome: rollout.outcome,
    },
    facts: view.facts,
    targets: [...view.targets.values()].map(({ target }) => target).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    loads: [...view.loads].toSorted(byFirst),
    downloads: view.downloads.toSorted(),
    alarms: [...view.alarms].toSorted(byFirst),
    cause: view.cause,
    forecast: view.forecast,
  }
}
