import type { Revision } from '../domain/release.js'
import type { Target } from '../domain/target.js'

/** What one look at a fleet tells. */
export interface FleetStatus {
  readonly fleet: string
  readonly desired: number
  readonly revision: Revision
  /** The release that the revision says it launches; undefined for a revision that rampart did not make. */
  readonly release?: string
  /** The image references that the revision launches. */
  readonly images: readonly string[]
  readonly targets: readonly Target[]
  readonly rollout?: {
    readonly id: string
    readonly status: string
    readonly percentage: number
    readonly reason?: string
    readonly revision?: Revision
    readonly startedAt?: string
    readonly endedAt?: string
    readonly active: boolean
  }
}
