import type { Digest } from './digest.js'
import type { MeasuredMemory } from './measured-memory.js'
import type { Phase } from './phase.js'
import type { ReleaseFigures } from './release-figures.js'
import type { Release, Revision } from './release.js'
import type { VerificationRecord } from './verification.js'

/** What an app image was built on. */
export interface BaseRecord {
  readonly reference: string
  readonly digest?: Digest
  /** `id@revision` of each model that it carries. */
  readonly models: readonly string[]
}

/** Where the sources of a release came from. */
export interface SourceRecord {
  readonly commit: string
  readonly subject: string
  readonly dirty: boolean
  /** What `git describe` says, or the version that the person gave. */
  readonly version?: string
}

/** One rollout of a release to an environment, as the ledger keeps it. Times in ISO 8601, durations in milliseconds. */
export interface ReleaseRecord {
  readonly v: 1
  /** Counts from 1 within the environment; written once, never given again. */
  readonly number: number
  readonly kind: 'deploy' | 'rollback'
  readonly release: Release
  readonly revision: Revision
  /** What the fleet was on before. */
  readonly from: Revision
  readonly source?: SourceRecord
  /** By service. */
  readonly bases?: Readonly<Record<string, BaseRecord>>
  /** The identity that AWS knows, and the machine. */
  readonly by: string
  readonly host: string
  /** Who started the CI run, by the name that the CI system knows. */
  readonly actor?: string
  /** The page of the CI run, where there is one. */
  readonly link?: string
  readonly startedAt: string
  /** The platform's own id of the rollout, once it began. */
  readonly rollout?: string
  readonly endedAt?: string
  /** How the run ended, as a name of `exitCodes`; missing while it runs, and when its process was lost. */
  readonly ending?: string
  readonly phases?: readonly { readonly phase: Phase; readonly duration: number }[]
  /** What the durations depend on; missing in older records, and where a run has only joined a rollout. */
  readonly figures?: ReleaseFigures
  /** Of the targets that were asked for the proof. */
  readonly memory?: MeasuredMemory
  readonly proof?: { readonly proved: number; readonly total: number }
  readonly verification?: VerificationRecord
}
