import type { Driver } from './driver.js'
import { watchLogs, type LineSource } from './log-watch.js'
import { fittingWarmup, type MeasuredStart } from './warmup-advice.js'

/** A warmup that fits how the targets of an earlier rollout started. */
export interface MeasuredWarmup {
  /** Milliseconds. */
  readonly warmup: number
  readonly targets: number
  /** The platform's own id of the rollout. */
  readonly rollout: string
}

/** So many readings of the log of that time; a target that has said nothing by then is left out. */
const mostReadings = 20

/**
 * The warmup that fits the last rollout that went well, by the platform's record of its launches and the lines of its
 * targets; undefined when there was none, or its log is gone.
 */
export async function measureWarmup(driver: Driver, lines: LineSource): Promise<MeasuredWarmup | undefined> {
  const last = (await driver.history()).find(({ outcome }) => outcome === 'succeeded')
  if (last === undefined) return undefined
  const { startedAt, id } = last.handle
  const launches = (await driver.launches(startedAt)).filter(
    ({ launchedAt }) => launchedAt <= (last.endedAt ?? Infinity),
  )
  if (launches.length === 0) return undefined
  const logs = watchLogs(
    lines,
    startedAt,
    (stream) => driver.targetOf(stream),
    () => undefined,
  )
  for (let reading = 0; reading < mostReadings; reading++) {
    const before = logs.newest()
    await logs.look()
    const isOver = logs.newest() === before || logs.newest() > (last.endedAt ?? Infinity)
    if (isOver || launches.every(({ target }) => logs.readyAt.has(target))) break
  }
  const starts = launches.flatMap(({ target, launchedAt, inServiceAt }): readonly MeasuredStart[] => {
    const readyAt = logs.readyAt.get(target)
    return readyAt === undefined ? [] : [{ launchedAt, inServiceAt, readyAt }]
  })
  const warmup = fittingWarmup(starts)
  return warmup === undefined ? undefined : { warmup, targets: starts.length, rollout: id }
}
