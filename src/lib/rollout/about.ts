import type { Driver, ListedRollout } from './driver.js'
import { batchShare, durationsOf, estimateOf } from './forecast.js'
import type { LineSource } from './log-watch.js'
import type { About } from './lookout.js'

/** What watching needs to know of the app beside the rollout itself. */
export interface Watching {
  readonly registryHost: () => Promise<string>
  readonly repositories: readonly string[]
  /** Undefined when nobody knows where the targets write their logs. */
  readonly lines?: LineSource
}

/** Asks what there is to know of a rollout before it is watched: its facts, and how long earlier ones took. */
export async function aboutOf(
  driver: Driver,
  rollout: ListedRollout,
  { registryHost, repositories, lines }: Watching,
): Promise<About> {
  const host = await registryHost()
  const factsNow = () => driver.facts(rollout, host, repositories)
  const [facts, history] = await Promise.all([factsNow(), driver.history(rollout.handle)])
  return {
    facts,
    factsNow,
    basis: { earlier: durationsOf(history), estimate: estimateOf(facts), batch: batchShare(facts) },
    ...(lines !== undefined && { lines }),
  }
}
