import type { Digest } from './digest.js'

/** A part of a base that is not what it was when the base was built. */
export interface PartChange {
  /**
   * `Dockerfile`, `platform`, `file <path>`, `argument <name>` or `model <id>`; of what the base was proved for, `user of
   * the app`, `variable <name> of the app` or `commands of the proof`.
   */
  readonly part: string
  readonly change: 'changed' | 'added' | 'removed'
  /** What it was and what it is, where that says something to people. */
  readonly from?: string
  readonly to?: string
}

/**
 * Whether a base is what its sources say: `fresh`; `stale`, when a part of it changed; `unproved`, when the app changed
 * what it was proved for; `old`, when it is older than its configuration allows; `unlabelled`, when it does not say what it was made of; `missing`, when the registry has none.
 */
export type BaseState = 'fresh' | 'stale' | 'unproved' | 'old' | 'unlabelled' | 'missing'

/** What is known of one service's base. Sizes are bytes as stored, times milliseconds. What is not known is null. */
export interface BaseStatus {
  readonly service: string
  /** `host/repository:tag`. */
  readonly image: string
  readonly digest: Digest | null
  readonly state: BaseState
  readonly fingerprint: { readonly wanted: string; readonly found: string | null }
  /** True when the registry has the wanted base under its fingerprint, whatever the tag names. */
  readonly built: boolean
  /** Null when the base does not say what it was made of. */
  readonly changes: readonly PartChange[] | null
  /** ISO 8601. */
  readonly createdAt: string | null
  readonly age: number | null
  readonly maxAge: number | null
  readonly bytes: number | null
  /** The lowest first. */
  readonly layers: readonly { readonly digest: Digest; readonly bytes: number; readonly instruction: string | null }[]
  readonly models: readonly { readonly id: string; readonly revision: string; readonly bytes: number }[]
  /** The label `rampart.proof`, parsed; null when there is none. */
  readonly proof: unknown
  /** What is known to stand on this base: tags of the app's repository, and releases. */
  readonly usedBy: readonly { readonly name: string; readonly digest: Digest }[]
  /** What is known to stand on another one. */
  readonly notUsedBy: readonly { readonly name: string; readonly digest: Digest }[]
}
