import type { Revision } from './release.js'
import type { Target } from './target.js'

/** What one look at a fleet at any time tells. */
export interface FleetStatus {
  readonly fleet: string
  readonly desired: number
  readonly revision: Revision
  /** The release that the revision says it launches; undefined for a revision that rampart did not make. */
  readonly release?: string
  /** The references of the configured repositories in what the revision launches, as they stand there. */
  readonly images: readonly string[]
  readonly targets: readonly Target[]
  /** The newest rollout that the platform still knows of. */
  readonly rollout?: {
    readonly id: string
    readonly status: string
    readonly active: boolean
    readonly percentage: number
    readonly reason?: string
    /** ISO 8601. */
    readonly startedAt?: string
    readonly endedAt?: string
  }
}
