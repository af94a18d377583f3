import type { CheckResult, Finding } from '../domain/checkup.js'
import type { LoadFigures, SampledLatency, VerifyKind } from '../domain/verification.js'
import { RampartError } from '../errors/rampart-error.js'

/** What looking once came to. */
export interface Judged {
  readonly result: CheckResult
  readonly detail: string
  readonly remedy?: string
  readonly findings?: readonly Finding[]
  readonly evidence?: readonly string[]
  readonly latency?: SampledLatency
  readonly load?: LoadFigures
}

/** One named check that can be made, again and again while its retry window lasts. */
export interface VerifyTask {
  readonly name: string
  readonly kind: VerifyKind
  /** True when nothing else may be measured at the same time. */
  readonly alone: boolean
  /** Milliseconds of the run's clock. */
  readonly retry: number
  /** What a watcher is told before it begins, when it takes its time. */
  readonly announce?: string
  look(signal: AbortSignal): Promise<Judged>
}

/** All of some problems as one failure, or success where there are none. */
export function judgeAll(
  problems: readonly Finding[],
  well: string,
  more: Omit<Judged, 'result' | 'detail'> = {},
): Judged {
  const [first, ...others] = problems
  if (first === undefined) return { ...more, result: 'ok', detail: well }
  const detail = others.length === 0 ? first.detail : `${first.detail}, and ${others.length} more`
  return {
    ...more,
    result: 'fail',
    detail,
    ...(first.remedy !== undefined && { remedy: first.remedy }),
    findings: problems,
  }
}

/** What a check that could not be carried through comes to. */
export function couldNot(error: unknown): Judged {
  if (!(error instanceof RampartError)) {
    const why = error instanceof Error ? error.message : String(error)
    return { result: 'fail', detail: `the check itself failed: ${why}` }
  }
  const [remedy] = error.next
  return { result: 'fail', detail: error.message, ...(remedy !== undefined && { remedy }) }
}
