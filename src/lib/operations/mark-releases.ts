import type { Mark } from '../domain/monitoring.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import { markedReleases, withMarks } from '../monitoring/dashboard.js'
import type { Monitoring } from '../ports/monitoring.js'

/** A line for each release that was proved, the newest ones. Records come newest first. */
export function marksOf(records: readonly ReleaseRecord[]): readonly Mark[] {
  return records
    .filter(({ ending, endedAt }) => ending === 'done' && endedAt !== undefined)
    .slice(0, markedReleases)
    .toReversed()
    .map(({ kind, release, source, endedAt = '' }) => ({
      label: `${source?.version ?? release.id}${kind === 'rollback' ? ', rolled back to' : ''}`,
      at: endedAt,
    }))
}

/** Draws the releases into a dashboard that is there; true when that changed it. */
export async function markReleases(
  monitoring: Pick<Monitoring, 'dashboard' | 'putDashboard'>,
  name: string,
  records: () => Promise<readonly ReleaseRecord[]>,
): Promise<boolean> {
  const body = await monitoring.dashboard(name)
  if (body === undefined) return false
  const marked = withMarks(body, marksOf(await records()))
  if (marked === body) return false
  await monitoring.putDashboard(name, marked)
  return true
}
