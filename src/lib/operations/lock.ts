import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { Parameters } from '../ports/parameters.js'
import { audit, readAudit, type AuditEntry } from '../release/audit.js'
import { readHold, type Hold } from '../release/hold.js'
import { holderWords, Lock, type Claim, type IsGone } from '../release/lock.js'
import type { Place } from '../release/paths.js'
import type { Runner } from './release-steps.js'

export interface LockRequest {
  readonly parameters: Parameters
  readonly clock: Clock
  readonly place: Place
  readonly isGone?: IsGone
}

/** Who may change an environment now, and what was done to that by force. */
export interface LockStatus {
  readonly holder: Claim | undefined
  /** Who had it last, when nobody has it now. */
  readonly last: Claim | undefined
  readonly hold: Hold | undefined
  /** Newest first. */
  readonly audit: readonly AuditEntry[]
}

/** How many entries of the audit are shown. */
const shown = 5

const lockOf = ({ parameters, clock, place, isGone }: LockRequest): Lock => new Lock(parameters, clock, place, isGone)

/** Looks at the lock of an environment. */
export async function lockStatus(request: LockRequest): Promise<LockStatus> {
  const { parameters, place } = request
  const [claims, hold, entries] = await Promise.all([
    lockOf(request).standing(),
    readHold(parameters, place),
    readAudit(parameters, place),
  ])
  return { ...claims, hold, audit: entries.toReversed().slice(0, shown) }
}

export interface ForcedRelease {
  readonly runner: Runner
  /** Asks the person; true is the typed yes. */
  readonly confirm: (holder: Claim) => Promise<boolean>
}

/** Takes the lock away from whoever has it, and writes down who did so. Gives whose it was; undefined when nobody had it. */
export async function forceLock(request: LockRequest, { runner, confirm }: ForcedRelease): Promise<Claim | undefined> {
  const { parameters, clock, place } = request
  const lock = lockOf(request)
  const holder = await lock.holder()
  if (holder === undefined) return undefined
  if (!(await confirm(holder))) {
    throw new RampartError('interrupted', `The lock stays: ${holderWords(holder)}. Nothing was changed.`)
  }
  const { by, host } = runner
  // Before it happens, so that it never happens without a trace.
  await audit(parameters, place, {
    what: `lock taken by force from ${holder.owner.by} on ${holder.owner.host} (${holder.owner.command}: ${holder.doing})`,
    by,
    host,
    at: new Date(clock.now()).toISOString(),
  })
  return lock.force(by, holder.owner.id)
}
