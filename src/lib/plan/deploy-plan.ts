import type { Digest } from '../domain/digest.js'
import type { FieldChange } from '../domain/release-difference.js'
import type { Revision } from '../domain/release.js'
import type { AssumptionName } from './assumptions.js'
import type { DeployForecast } from './deploy.js'
import type { Figure } from './figure.js'

/** A layer of an image that would be released. */
export interface PlannedLayer {
  readonly digest: Digest
  /** As it is stored. */
  readonly bytes: number
  readonly part: 'base' | 'app'
  /** There already; given by another repository of the same registry; or to be sent. */
  readonly delivery: 'there' | 'mount' | 'push'
}

/** The image that a deploy would release for a service. */
export interface PlannedImage {
  readonly service: string
  /** With the registry's host. */
  readonly repository: string
  readonly digest: Digest
  /** What serves now; null when that is pinned to no digest, or is another image. */
  readonly from: Digest | null
  readonly changes: boolean
  readonly layers: readonly PlannedLayer[]
  /** What would be sent to the registry. */
  readonly pushBytes: number
  /** What a new target would pull that has nothing yet. */
  readonly pullBytes: number
}

/** Something that limits how many targets there can be during the rollout. */
export interface SurgeLimit {
  readonly name: string
  /** Null where nobody can tell. */
  readonly fits: boolean | null
  readonly detail: string
  /** The figures of a quota of the account, in vCPUs. */
  readonly quota?: {
    readonly service: string
    readonly code: string
    readonly limit: number
    readonly inUse: number
    /** For the targets above the desired number. */
    readonly needed: number
  }
}

/** A risk that a check has found. */
export interface PlannedRisk {
  readonly name: string
  /** A deploy would stop at `fail` before anything is changed. */
  readonly result: 'warn' | 'fail'
  readonly detail: string
  readonly remedy: string | null
}

/** Images in the registry that nothing needs any more. */
export interface OrphanSum {
  readonly images: number
  /** Of layers that no other image has. */
  readonly bytes: number
  /** Dollars; null when the price is not known. */
  readonly monthly: number | null
}

/** What a deploy would change, how long it would take and what it would cost: `plan --json`. Durations in milliseconds. */
export interface DeployPlan {
  readonly app: string
  readonly environment: string
  readonly kind: 'asg' | 'ecs'
  readonly fleet: string
  /** False when every target serves the release already. */
  readonly changes: boolean
  readonly release: string
  /** What the fleet is on now. */
  readonly from: { readonly revision: Revision; readonly release: string | null }
  /** What an earlier run made for the release; null when a deploy would make one. */
  readonly revision: Revision | null
  readonly images: readonly PlannedImage[]
  readonly pushBytes: number
  /** Of the target that pulls most. */
  readonly pullBytes: number
  /** What the launch template or the task definitions say; null when what serves now is gone. */
  readonly configuration: readonly FieldChange[] | null
  /** How many targets there are, and how many of them would be replaced. */
  readonly targets: { readonly desired: number; readonly replaced: number }
  /** Null when nothing would be rolled out, or the rollout would never end. */
  readonly forecast: DeployForecast | null
  readonly surge: {
    /** Targets above the desired number at most, those on their way out included. */
    readonly extra: number
    readonly limits: readonly SurgeLimit[]
    /** Dollars for one deploy; null when the price is not known. */
    readonly cost: number | null
    /** What has no price and would have to have one for the cost. */
    readonly unpriced: readonly string[]
  } | null
  readonly risks: readonly PlannedRisk[]
  /** Null where the registry was not asked. */
  readonly orphans: OrphanSum | null
  /** The numbers that the forecast is made from. */
  readonly figures: Partial<Readonly<Record<AssumptionName, Figure>>>
  /** What could not be read, and is assumed or left out instead. */
  readonly gaps: readonly string[]
}
