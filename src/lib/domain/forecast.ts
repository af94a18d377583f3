/** When a rollout should be over. Durations in milliseconds from the moment of the event that carries it. */
export interface Forecast {
  readonly remaining: number
  /** The same at the best and the worst of what it rests on. */
  readonly low: number
  readonly high: number
  /** `history`: earlier rollouts of this fleet; `arithmetic`: targets, batches and warmup. */
  readonly basis: 'history' | 'arithmetic'
  /** How many earlier rollouts it rests on; 0 for arithmetic. */
  readonly runs: number
  /** How many times the usual duration the rollout has taken by now; only where that is well above 1. */
  readonly slower?: number
}

/** What the measured starts of targets say about the configured warmup. Durations in milliseconds. */
export interface WarmupAdvice {
  /** From launch to ready, over that many targets. */
  readonly measured: {
    readonly targets: number
    readonly p50: number
    readonly p95: number
    readonly max: number
    /** The 95th percentile of the time from in service, where a warmup begins, to ready. */
    readonly inService?: number
  }
  readonly warmup: number
  readonly gracePeriod?: number
  readonly healthCheckInterval?: number
  /** `long`: every batch waits for nothing; `short`: targets count before they can serve. */
  readonly verdict: 'fits' | 'long' | 'short'
  /** What the whole rollout loses by it, or is missing. */
  readonly difference: number
  /** The warmup that would fit. */
  readonly proposed: number
}
