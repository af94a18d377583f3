import type { ReleaseRecord } from '../domain/release-record.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Check, Driver } from '../rollout/driver.js'
import { memoryRemedy, refit } from '../verify/targets/memory-fit.js'

/**
 * A warning where the newest release of which that is known was measured to need more memory than targets have as they are
 * launched now; whatever the next one needs. Never more than a warning: that one may need less.
 */
export async function memoryChecks(
  newestFirst: readonly ReleaseRecord[],
  driver: Pick<Driver, 'rooms'>,
): Promise<readonly Check[]> {
  const last = newestFirst.find(({ memory, ending }) => memory !== undefined && ending === 'done')
  if (last?.memory === undefined) return []
  const rooms = await driver.rooms(last.revision).catch((error: unknown) => {
    // Who may not ask, or has no template to ask about, is told what was measured.
    if (!(error instanceof RampartError)) throw error
    return new Map()
  })
  const fit = refit(last.memory, rooms)
  if (fit.verdict === 'fits') return []
  const since = fit === last.memory ? '' : ', of the size that targets have by now'
  const detail = `measured when release ${last.number} was proved${since}: ${fit.detail}`
  return [{ name: 'memory', result: 'warn', detail, remedy: memoryRemedy }]
}
