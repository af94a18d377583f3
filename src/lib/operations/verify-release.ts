import type { MeasuredMemory } from '../domain/measured-memory.js'
import type { ReleaseRecord } from '../domain/release-record.js'
import type { VerificationRecord, VerifiedCheck, VerifiedLine } from '../domain/verification.js'
import type { CriterionPlan } from '../domain/verify-plan.js'
import { judgeCriteria } from '../verify/criteria.js'
import type { VerifyTask } from '../verify/judged.js'
import { inPhase, type RunContext } from './run.js'
import { verify } from './verify.js'

/** Makes the checks of the configuration on what a rollout has brought. */
export interface ReleaseVerifier {
  readonly criteria: readonly CriterionPlan[]
  /** True when one of the checks tells what memory the targets have left: the proof need not say it as well. */
  readonly tellsMemory?: boolean
  /** Measures what serves, to compare with it later, and says what came of it. Undefined where nothing is compared. */
  readonly measure?: (signal: AbortSignal) => Promise<string>
  /** Takes what the record of the release before says, where that could not be measured. */
  readonly recall?: (record: ReleaseRecord) => void
  readonly tasks: () => Promise<readonly VerifyTask[]>
  /** What the targets were seen to need, once the checks are made; undefined where none of them has told it. */
  readonly memory?: () => MeasuredMemory | undefined
  /** What the record keeps beside the results. */
  readonly figures: (checks: readonly VerifiedLine[]) => Pick<VerificationRecord, 'latency' | 'first'>
}

/** What verifying a release came to. */
export interface Verdict {
  readonly record: VerificationRecord
  readonly memory?: MeasuredMemory
  /** How many checks were made, and what of each that failed: its name and why. */
  readonly made: number
  readonly problems: readonly string[]
  readonly next: readonly string[]
}

/** Measures what serves before anything is rolled out. A fleet that does not answer is no reason not to deploy. */
export async function measureBefore(verifier: ReleaseVerifier | undefined, run: RunContext): Promise<void> {
  const measure = verifier?.measure
  if (measure === undefined) return
  await inPhase(run, 'baseline', async () => {
    const detail = await measure(run.signal)
    return { value: undefined, detail }
  })
}

const checkOf = ({ name, result, detail, evidence, latency, findings }: VerifiedLine): VerifiedCheck => {
  const { count, min, mean, p50, p95, p99, max } = latency ?? {}
  const found = result === 'fail' || result === 'warn' ? findings.map((one) => one.detail) : []
  return {
    name,
    result,
    detail,
    evidence: [...(found.length > 1 || result === 'warn' ? found : []), ...evidence],
    ...(latency !== undefined && {
      latency: { count, min, mean, p50, p95, p99, max } as VerifiedCheck['latency'] & object,
    }),
  }
}

/** Makes the checks in a phase of their own, tells of each as it ends and of all at the end. Never changes anything. */
export async function verifyRelease(verifier: ReleaseVerifier, run: RunContext): Promise<Verdict> {
  return inPhase(run, 'verify', async () => {
    const { checks, ended } = await verify(await verifier.tasks(), run)
    run.signal.throwIfAborted()
    const failed = checks.filter(({ result }) => result === 'fail')
    const made = checks.filter(({ result }) => result !== 'skip').length
    const criteria = judgeCriteria(verifier.criteria, checks)
    run.emit({ type: 'verified', checks: checks.map(checkOf), criteria })
    const record: VerificationRecord = {
      at: new Date(run.clock.now()).toISOString(),
      ok: checks.filter(({ result }) => result === 'ok').length,
      failed: failed.map(({ name }) => name),
      ...verifier.figures(checks),
    }
    const memory = verifier.memory?.()
    const problems = ended.problems ?? []
    const value = { record, made, problems, next: ended.next, ...(memory !== undefined && { memory }) }
    return failed.length === 0
      ? { value, detail: `${made} checks, none failed` }
      : { value, outcome: 'failed', detail: `${failed.length} of ${made} checks failed` }
  })
}
