import { RampartError } from '../errors/rampart-error.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { monitor, type MonitorRequest } from './monitor.js'
import type { Ended, RunContext } from './run.js'

/**
 * Lets the rollout go on that waits for a person, and watches it to its end. Needs no lock and keeps no record: the run
 * that started the rollout has both, and sees that it goes on. Rejects with kind `conflict` when nothing waits.
 */
export async function continueRollout(
  request: Omit<MonitorRequest, 'stays' | 'rollout'> & { readonly holder: string },
  run: RunContext,
): Promise<Ended> {
  const { driver, holder, comeBack } = request
  const newest = await unlessStopped(run.signal, driver.latest())
  const isUnderWay = newest !== undefined && newest.outcome === undefined
  const continued = isUnderWay ? ((await driver.continuePaused?.()) ?? 0) : 0
  if (newest === undefined || continued === 0) {
    throw new RampartError(
      'conflict',
      `Nothing waits to be continued, and another run has the lock: ${holder}. Nothing was changed.`,
      { next: [`${comeBack}, to see what it does`, 'run the same command again when it has ended'] },
    )
  }
  run.emit({ type: 'warning', message: `Continued what waited. The rollout belongs to another run: ${holder}.` })
  return monitor({ ...request, rollout: newest.handle.id, stays: false }, run)
}
