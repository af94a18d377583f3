import type { BaseRecord, SourceRecord } from './release-record.js'
import type { Digest } from './digest.js'
import type { Revision } from './release.js'
import type { Phase } from './phase.js'

/**
 * How a rollout went: a name of `exitCodes` as its run ended; `running` while it goes on, `unknown` when nobody can tell
 * any more, `recorded` for a revision that the ledger knows nothing of.
 */
export type ReleaseOutcome = string

/** One line of `releases`, which is a stable interface: a rollout of a release to an environment. Times in ISO 8601. */
export interface ReleaseRow {
  /** Null for one that is older than the ledger. */
  readonly number: number | null
  readonly kind: 'deploy' | 'rollback'
  /** The release's id; null when the platform does not tell it. */
  readonly release: string | null
  readonly revision: Revision
  readonly source: SourceRecord | null
  readonly images: readonly {
    readonly service: string | null
    readonly repository: string
    readonly digest: Digest | null
  }[]
  /** By service. */
  readonly bases: Readonly<Record<string, BaseRecord>>
  readonly by: string | null
  readonly actor: string | null
  readonly host: string | null
  readonly link: string | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** Milliseconds. */
  readonly phases: readonly { readonly phase: Phase; readonly duration: number }[]
  /** What they were predicted to take together; null where nobody foretold it. Milliseconds. */
  readonly predicted: number | null
  readonly outcome: ReleaseOutcome
  /** Who says so: the run itself, or the platform where the run was lost or left. */
  readonly outcomeBy: 'run' | 'platform'
  /** The platform's own id. */
  readonly rollout: string | null
  readonly proof: { readonly proved: number; readonly total: number } | null
  /** What the checks of `verify` came to; null where none were made. */
  readonly verification: {
    readonly at: string
    readonly ok: number
    readonly failed: readonly string[]
    readonly wentBack: boolean
  } | null
  /** True for the one that the fleet is on now. */
  readonly serving: boolean
}

/** The releases of an environment, newest first. */
export interface ReleaseList {
  readonly app: string
  readonly environment: string
  readonly fleet: string
  readonly releases: readonly ReleaseRow[]
  /** What the fleet is on now. */
  readonly serving: { readonly revision: Revision; readonly release: string | null }
}
