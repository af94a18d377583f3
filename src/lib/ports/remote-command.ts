/** What became of a command on one machine. */
export type RemoteResult =
  | { readonly kind: 'done'; readonly exitCode: number; readonly output: string; readonly error: string }
  /** It did not come to its end there; `why` in the platform's own words. */
  | { readonly kind: 'not-run'; readonly why: string }

export interface RemoteOptions {
  /** Seconds that it may take on each machine. */
  readonly timeout: number
  /** What for, in AWS's history of commands. */
  readonly comment: string
  readonly signal: AbortSignal
}

/** Runs small scripts on machines by their own agents: Run Command of AWS Systems Manager. */
export interface RemoteCommand {
  /** Those of the machines whose agents answer. */
  reachable(machines: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * Runs a POSIX shell script as root on all of the machines, and waits for it: a result for each. It is kept in the
   * platform's history, so there must be no secrets in it. Rejects with the signal's reason when it is aborted.
   */
  run(script: string, machines: readonly string[], options: RemoteOptions): Promise<ReadonlyMap<string, RemoteResult>>
}
