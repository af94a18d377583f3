import type { Parameters } from '../ports/parameters.js'
import { auditName, type Place } from './paths.js'

/** Something that somebody did by force. */
export interface AuditEntry {
  /** E.g. `lock released by force`. */
  readonly what: string
  readonly by: string
  readonly host: string
  /** ISO 8601. */
  readonly at: string
}

/** Writes an entry. The platform keeps the last hundred and says itself whose identity wrote each. */
export function audit(parameters: Parameters, place: Place, entry: AuditEntry): Promise<void> {
  return parameters.put(auditName(place), JSON.stringify(entry))
}

/** The entries, the oldest first. */
export async function readAudit(parameters: Parameters, place: Place): Promise<readonly AuditEntry[]> {
  const versions = await parameters.history(auditName(place))
  return versions.flatMap(({ value, modifiedAt, modifiedBy }) => {
    try {
      const { what, by, host } = JSON.parse(value) as Partial<AuditEntry>
      const at = new Date(modifiedAt).toISOString()
      return [{ what: what ?? value, by: modifiedBy ?? by ?? 'unknown', host: host ?? 'unknown', at }]
    } catch {
      return []
    }
  })
}
