import type { SourceRecord } from './release-record.js'
import type { Release, Revision } from './release.js'
import type { CriterionLine, VerifiedCheck } from './verification.js'

/** How a run ended, for programs and services outside. */
export interface EndFacts {
  /** A name of `exitCodes`, e.g. `done`, `rolledBack`. */
  readonly outcome: string
  readonly exitCode: number
  readonly message: string
  readonly problems: readonly string[]
  readonly next: readonly string[]
  /** Milliseconds by the run's clock. */
  readonly duration: number
}

/** What verifying what serves came to, for programs and services outside. */
export interface VerificationFacts {
  readonly checks: readonly Pick<VerifiedCheck, 'name' | 'result' | 'detail'>[]
  readonly criteria: readonly CriterionLine[]
  /** True when the fleet was taken back for it, or is on its way. */
  readonly wentBack: boolean
}

/**
 * What programs and services outside are told of a run, without secrets: a stable interface. What is not known yet, or
 * not at all, is missing. New fields may come, none goes.
 */
export interface RunFacts {
  readonly command: string
  readonly app: string
  readonly environment: string
  /** True when the cloud is the rehearsal: nothing of it is real. */
  readonly simulated: boolean
  readonly source?: SourceRecord
  readonly release?: Release
  readonly revision?: Revision
  /** What the fleet was on before. */
  readonly from?: Revision
  /** The platform's own id of the rollout. */
  readonly rollout?: string
  readonly proof?: { readonly proved: number; readonly total: number }
  readonly verification?: VerificationFacts
  /** Who started the CI run, and its page. */
  readonly actor?: string
  readonly link?: string
  readonly end?: EndFacts
}
