import type { Revision } from './release.js'

/** A value that differs; null where there is none. */
export interface FieldChange {
  /** Where it stands, e.g. `api.environment.LOG_LEVEL`. */
  readonly path: string
  readonly from: string | null
  readonly to: string | null
  /** True when `***` stands for what looks like a secret. */
  readonly masked: boolean
}

interface Named {
  readonly number: number | null
  readonly release: string | null
  readonly revision: Revision
}

/** What differs between two releases: a stable interface of `releases diff`. */
export interface ReleaseDifference {
  readonly from: Named
  readonly to: Named
  /** By repository; digests. */
  readonly images: readonly FieldChange[]
  /** By service; digests, or references where no digest is known. */
  readonly bases: readonly FieldChange[]
  /** By service and model; revisions. */
  readonly models: readonly FieldChange[]
  /** What the launch template or the task definitions say; null when one of them is gone. */
  readonly configuration: readonly FieldChange[] | null
  /** Revisions that the platform does not have any more. */
  readonly gone: readonly string[]
}
