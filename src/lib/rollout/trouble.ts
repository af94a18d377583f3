import type { ModelLoad } from '../domain/model-load.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import type { GuardState, Observation } from './driver.js'

/** What one look has to show; times in milliseconds since 1970. */
export interface Look {
  readonly seen: Observation
  readonly guards: readonly GuardState[]
  readonly loads: ReadonlyMap<string, ModelLoad>
  readonly restarts: ReadonlyMap<string, number>
  /** Since when the last words of a target's process are those of one that has ended. */
  readonly endedAt?: ReadonlyMap<string, number>
  readonly at: number
}

/** Why a cause should be looked for, in a few words; the same words as long as it is the same trouble. */
export interface TroubleWatch {
  look(look: Look): string | undefined
  /** When something was last seen to move on; milliseconds since 1970. */
  movedAt(): number
}

/** From the request for a target to in service, with room for a slow one. */
const launch = 90_000
const leastPatience = 3 * 60_000

/** A rollout that has not moved on for so long, in milliseconds, has stalled: half as long again as a target may take. */
export function stallBound({ warmup = 0, healthCheckInterval = 30_000 }: RolloutFacts): number {
  return Math.max(leastPatience, 1.5 * (launch + warmup + 2 * healthCheckInterval))
}

/** One restart may be an accident; a process that begins so often does not live. */
export const mostRestarts = 2

/** Whoever has been silent for so long after an error does not go on; lines may arrive late. */
const silentFor = 30_000

// What the platform waits for because somebody asked for it is no stall.
const asked = /checkpoint delay|bake time/i
// It says so itself, and nothing but a person ends it.
const blocked = /is protected|in standby/i

const isLeaving = (lifecycle: string): boolean => lifecycle.startsWith('Terminat')

function progressOf({ seen, loads }: Look): string {
  const fresh = seen.targets.filter(({ isNew, lifecycle }) => isNew && !isLeaving(lifecycle))
  const serving = fresh.filter(({ health, lifecycle }) => lifecycle === 'InService' && health === 'healthy').length
  const loading = fresh.map(({ id }) => {
    const load = loads.get(id)
    return load === undefined || load.state === 'killed' ? '' : `${load.state} ${load.progress?.done ?? ''}`
  })
  return [seen.status, seen.direction, seen.percentage, seen.remaining, serving, ...loading.toSorted()].join(' ')
}

/** Watches whether a rollout moves on; `startedAt` is when it was first looked at. */
export function createTroubleWatch(facts: RolloutFacts, startedAt: number): TroubleWatch {
  const bound = stallBound(facts)
  let progress: string | undefined
  let movedAt = startedAt
  /** So many failures there were when the percentage last rose: those are behind it. */
  let forgiven = 0
  let percentage = 0

  function troubleOf({ seen, guards, loads, restarts, endedAt, at }: Look): string | undefined {
    const failed = seen.failedStarts.length - forgiven
    const fresh = seen.targets.filter(({ isNew, lifecycle }) => isNew && !isLeaving(lifecycle))
    const killed = fresh.filter(({ id }) => loads.get(id)?.state === 'killed').map(({ id }) => id)
    const looping = fresh.filter(({ id }) => (restarts.get(id) ?? 0) >= mostRestarts).map(({ id }) => id)
    const silent = fresh.some(
      ({ id, health }) => health === 'unhealthy' && (endedAt?.get(id) ?? Infinity) + silentFor <= at,
    )
    const loud = guards.filter(({ state }) => state === 'ALARM').map(({ name }) => name)
    const parts = [
      seen.direction === 'back' ? 'going back' : undefined,
      failed > 0 ? `${failed} failed` : undefined,
      killed.length > 0 ? `killed ${killed.join(' ')}` : undefined,
      looping.length > 0 ? `restarting ${looping.join(' ')}` : undefined,
      silent ? 'silent after an error' : undefined,
      loud.length > 0 ? `alarm ${loud.join(' ')}` : undefined,
      blocked.test(seen.reason ?? '') ? 'blocked' : undefined,
      at - movedAt > bound && seen.status !== 'Baking' && !asked.test(seen.reason ?? '') ? 'stalled' : undefined,
    ].filter((part) => part !== undefined)
    return parts.length === 0 ? undefined : parts.join(', ')
  }

  return {
    look(look) {
      const now = progressOf(look)
      if (now !== progress) movedAt = look.at
      progress = now
      if (look.seen.percentage > percentage) forgiven = look.seen.failedStarts.length
      percentage = look.seen.percentage
      return troubleOf(look)
    },
    movedAt: () => movedAt,
  }
}
