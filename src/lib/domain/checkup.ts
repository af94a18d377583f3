/** What a check came to. */
export type CheckResult = 'ok' | 'warn' | 'fail' | 'skip'

/** One thing that a check found, of several. */
export interface Finding {
  readonly detail: string
  /** `file:line:column`, as far as it is known. */
  readonly place?: string
  /** The command or the edit that mends it. */
  readonly remedy?: string
}

/** What one named check came to. */
export interface CheckupLine extends Finding {
  /** Stable, lower case with hyphens: what `--only` takes. */
  readonly name: string
  readonly result: CheckResult
  /** Every place where it was found, when there can be more than one; the line itself then shows the first. */
  readonly findings: readonly Finding[]
  /** Milliseconds of real time. */
  readonly duration: number
}

/** Everything that was checked, in a stable order. */
export interface Checkup {
  readonly checks: readonly CheckupLine[]
}
