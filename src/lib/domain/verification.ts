import type { CheckResult, CheckupLine } from './checkup.js'
import type { LatencyBudget } from './verify-plan.js'

/** How long requests took, in milliseconds; quantiles are those of real requests (nearest rank). */
export interface Latency {
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** How many requests took at most so many milliseconds and more than the bar before; bars rise. */
export interface HistogramBar {
  readonly upTo: number
  readonly count: number
}

/** What requests one after the other came to. */
export interface SampledLatency extends Latency {
  readonly budget: LatencyBudget
  /** The first request, which opened the connection and is not among those counted. */
  readonly first?: number
  /** Each of those counted, in turn. */
  readonly times: readonly number[]
}

/** What load came to. Rates are requests a second. */
export interface LoadFigures {
  /** Undefined when requests were sent as fast as answers came. */
  readonly wantedRate?: number
  /** Of successful answers. */
  readonly achievedRate: number
  readonly sent: number
  readonly succeeded: number
  /** Percent. */
  readonly success: number
  /** What was asked for. */
  readonly leastSuccess: number
  readonly leastRate?: number
  /** Most requests that were under way at once. */
  readonly concurrency: number
  /** Counted from the moment a request was due, so that a stall counts for all that waited. */
  readonly latency: Latency
  /** Counted from the moment a request was sent, as generators do that wait for the server. */
  readonly service: Latency
  readonly histogram: readonly HistogramBar[]
  readonly budget: LatencyBudget
  /** The most that this machine was late with a request, in milliseconds. */
  readonly lag: number
}

/** What a check looked at. */
export type VerifyKind = 'dns' | 'https' | 'endpoint' | 'load' | 'target' | 'log' | 'compare' | 'release'

/** What one check came to, and what it saw. */
export interface VerifiedLine extends CheckupLine {
  readonly kind: VerifyKind
  /** What was seen, one line each; no secrets. */
  readonly evidence: readonly string[]
  /** How often it was made until it succeeded or its time was over. */
  readonly attempts: number
  readonly latency?: SampledLatency
  readonly load?: LoadFigures
}

/** What verifying an address came to, in the order in which it was asked. */
export interface Verification {
  readonly url: string
  readonly checks: readonly VerifiedLine[]
  /** What the team has agreed on; empty where rampart.yml says nothing of it, and where checks were chosen. */
  readonly criteria: readonly CriterionLine[]
}

/** What a criterion came to. */
export interface CriterionLine {
  readonly group: string
  readonly name: string
  readonly result: CheckResult
  readonly detail: string
}

/** What one check of a release came to, as events and results tell it. */
export interface VerifiedCheck {
  readonly name: string
  readonly result: CheckResult
  readonly detail: string
  readonly evidence: readonly string[]
  /** Milliseconds. */
  readonly latency?: Latency
}

/** What a release was verified to do, as its record keeps it. */
export interface VerificationRecord {
  /** ISO 8601. */
  readonly at: string
  readonly ok: number
  /** Names of the checks that failed. */
  readonly failed: readonly string[]
  /** True when the fleet went back for it. */
  readonly wentBack?: boolean
  /** By endpoint, in milliseconds; `times` are the requests themselves, rounded. */
  readonly latency?: Readonly<Record<string, EndpointRecord>>
  /** How many times as long as a warm request the slowest of the first ones took. */
  readonly first?: number
}

/** How long an endpoint took, in milliseconds. */
export interface EndpointRecord {
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly times?: readonly number[]
}
