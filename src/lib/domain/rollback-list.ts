import type { ReleaseImage, Revision } from './release.js'

/** A release that an environment can go back to. Times in ISO 8601; what is not known is null. */
export interface RollbackRow {
  /** Of its rollout in the ledger. */
  readonly number: number
  readonly release: string
  readonly revision: Revision
  readonly version: string | null
  readonly commit: string | null
  readonly subject: string | null
  readonly images: readonly ReleaseImage[]
  readonly startedAt: string
  /** How its run ended, as a name of the exit codes; null when it was lost. */
  readonly outcome: string | null
  readonly proved: boolean
  /** The whole fleet is on it. */
  readonly serving: boolean
  /** The one that a rollback takes when none is named. */
  readonly default: boolean
}

/** What `rollback --list --json` prints, without `v` and `simulated`. */
export interface RollbackList {
  readonly app: string
  readonly environment: string
  readonly fleet: string
  /** What the fleet is on, or comes from while a rollout is under way. */
  readonly serving: { readonly revision: Revision; readonly release: string | null }
  /** The platform's id of the rollout that is under way; a rollback then returns to what it comes from. */
  readonly running: string | null
  /**
   * What has gone back already, e.g. `Release #7 r-…`, while nothing was released since: a rollback then takes none by
   * itself, and wants a name.
   */
  readonly goneBack: string | null
  /** Newest first, each release once. */
  readonly candidates: readonly RollbackRow[]
}
