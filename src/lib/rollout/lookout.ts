import type { Cause } from '../domain/outcome.js'
import type { Revision } from '../domain/release.js'
import type { RolloutFacts } from '../domain/rollout-facts.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit } from '../events/event.js'
import type { Clock } from '../ports/clock.js'
import { changes } from './changes.js'
import type { Driver, GuardState, Observation, RolloutHandle } from './driver.js'
import { forecast, type ForecastBasis } from './forecast.js'
import { watchLogs, type LineSource } from './log-watch.js'
import { createTroubleWatch } from './trouble.js'
import { unlessStopped } from './unless-stopped.js'
import { adviseWarmup, type MeasuredStart } from './warmup-advice.js'

/** What is known of a rollout before it is watched. */
export interface About {
  readonly facts: RolloutFacts
  /** Asks for the facts again: at the end, some of them may have changed. */
  readonly factsNow: () => Promise<RolloutFacts>
  readonly basis: ForecastBasis
  /** Undefined when nobody knows where the targets write their logs. */
  readonly lines?: LineSource
}

/** Looks at a rollout and says everything that is new: the same to whoever looks, and changing nothing. */
export interface Lookout {
  see(): Promise<Observation>
  /** The likeliest cause of what was last seen, told when it is a new one. */
  explain(seen: Observation): Promise<Cause | undefined>
  /** How long nothing has changed, in milliseconds. */
  unchangedFor(): number
  /** After the last look: the last lines, what has changed of the facts, and what the starts say about the warmup. Gives the starts. */
  finish(seen: Observation | undefined): Promise<readonly MeasuredStart[]>
}

/** The same trouble is looked into again after so many milliseconds: each time costs a handful of calls. */
const explainEvery = 60_000

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** What cannot be asked is left out: it must not end the watching. */
async function orElse<T>(otherwise: T, question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    return otherwise
  }
}

/** A lookout over one rollout. It says at once what the rollout is about. */
export function createLookout(
  driver: Driver,
  handle: RolloutHandle,
  revision: Revision,
  { facts, factsNow, basis, lines }: About,
  { clock, emit, signal }: { readonly clock: Clock; readonly emit: Emit; readonly signal: AbortSignal },
): Lookout {
  const logs = lines && watchLogs(lines, handle.startedAt, (stream) => driver.targetOf(stream), emit)
  const loads = logs?.loads ?? new Map()
  const restarts = logs?.restarts ?? new Map()
  const endedAt = logs?.endedAt ?? new Map()
  const trouble = createTroubleWatch(facts, clock.now())
  const healthyAt = new Map<string, number>()
  let last: Observation | undefined
  let changedAt = clock.now()
  let guards: readonly GuardState[] = []
  let cause: Cause | undefined
  let looked: { readonly into: string; readonly at: number } | undefined
  let endsAt: number | undefined
  emit({ type: 'fleet.seen', facts })

  function say(found: Cause | undefined): void {
    if (same(found, cause)) return
    cause = found
    emit({ type: 'cause', ...(found !== undefined && { cause: found }) })
  }

  async function explain(seen: Observation): Promise<Cause | undefined> {
    const found = await unlessStopped(signal, driver.explain(handle, revision, seen, { loads, restarts }))
    // What the platform itself says is the least: it does not take the place of what a witness has said.
    if (found !== undefined && (found.code !== 'platform' || cause === undefined)) say(found)
    return cause
  }

  async function lookIntoTrouble(seen: Observation): Promise<void> {
    const at = clock.now()
    const into = trouble.look({ seen, guards, loads, restarts, endedAt, at })
    if (seen.outcome !== undefined) return
    if (into === undefined) {
      looked = undefined
      if (seen.direction === 'forward') say(undefined)
      return
    }
    // Once it goes back, what there was to be seen has been seen; the end is looked at anew.
    if (looked?.into === into && (seen.direction === 'back' || at - looked.at < explainEvery)) return
    looked = { into, at }
    await orElse(undefined, () => explain(seen))
  }

  function tellForecast(seen: Observation): void {
    if (seen.outcome !== undefined) return
    const elapsed = clock.now() - handle.startedAt
    const now = forecast(seen, elapsed, basis)
    // Back at zero, old targets may still start and new ones drain: nobody has measured how long.
    if (seen.direction === 'back' && now.remaining === 0) return
    // The end that was foretold still holds: there is nothing to tell.
    const end = clock.now() + now.remaining
    if (endsAt !== undefined && Math.abs(end - endsAt) < 15_000 && now.slower === undefined) return
    endsAt = end
    emit({ type: 'forecast', forecast: now })
  }

  return {
    async see() {
      const seen = await unlessStopped(signal, driver.observe(handle, revision))
      const news = changes(handle.id, last, seen)
      if (news.length > 0) changedAt = clock.now()
      for (const event of news) emit(event)
      // Of one that was there before, the log's window shows a part only: its start was another one's business.
      const launched = seen.targets.filter(
        ({ isNew, launchedAt }) => isNew || (launchedAt !== undefined && Date.parse(launchedAt) >= handle.startedAt),
      )
      logs?.present(new Set(launched.map(({ id }) => id)))
      await unlessStopped(signal, logs?.look() ?? Promise.resolve())
      for (const { id, isNew, health } of seen.targets) {
        if (isNew && health === 'healthy' && !healthyAt.has(id)) healthyAt.set(id, clock.now())
      }
      last = seen
      const states = await unlessStopped(
        signal,
        orElse(guards, () => driver.guards(facts.alarms)),
      )
      for (const { name, state } of states) {
        if (guards.some((known) => known.name === name && known.state === state)) continue
        changedAt = clock.now()
        emit({ type: 'alarm', name, state })
      }
      guards = states
      tellForecast(seen)
      await lookIntoTrouble(seen)
      return seen
    },

    explain,

    unchangedFor: () => clock.now() - changedAt,

    async finish(seen) {
      // Who leaves is not to wait.
      if (!signal.aborted) await logs?.finish()
      if (seen?.outcome === undefined) return []
      if (seen.outcome === 'succeeded') say(undefined)
      const { from } = facts
      // What it came from was seen on the way; afterwards AWS only tells what a revision was made from.
      const now = { ...(await orElse(facts, factsNow)), ...(from !== undefined && { from }) }
      if (!same(now, facts)) emit({ type: 'fleet.seen', facts: now })
      const starts = seen.targets.flatMap(({ id, isNew, launchedAt, inServiceAt }): readonly MeasuredStart[] => {
        // Where the logs tell nothing, the first healthy look is the best that is known.
        const ready = logs?.readyAt.get(id) ?? healthyAt.get(id)
        if (!isNew || launchedAt === undefined || inServiceAt === undefined || ready === undefined) return []
        return [{ launchedAt: Date.parse(launchedAt), inServiceAt: Date.parse(inServiceAt), readyAt: ready }]
      })
      const advice = adviseWarmup(starts, now)
      if (advice !== undefined && seen.outcome === 'succeeded') emit({ type: 'warmup.advice', advice })
      return starts
    },
  }
}
