import type { VerifiedLine } from '../domain/verification.js'
import type { VerifyTask } from '../verify/judged.js'
import { runVerifyTasks } from '../verify/run.js'
import type { Ended, RunContext } from './run.js'

/** What verifying came to, and how a run that did nothing else ends. */
export interface Verified {
  readonly checks: readonly VerifiedLine[]
  readonly ended: Ended
}

/** Makes the checks and tells of each as it is done. Nothing is changed anywhere. */
export async function verify(
  tasks: readonly VerifyTask[],
  { clock, emit, signal }: RunContext,
  onStart?: (task: VerifyTask) => void,
): Promise<Verified> {
  const checks = await runVerifyTasks(tasks, {
    clock,
    signal,
    ...(onStart !== undefined && { onStart }),
    onDone: ({ name, result, detail, remedy }) =>
      emit({ type: 'check.done', name, result, detail, ...(remedy !== undefined && { remedy }) }),
  })
  return { checks, ended: endOf(checks) }
}

function endOf(checks: readonly VerifiedLine[]): Ended {
  const asked = checks.filter(({ result }) => result !== 'skip')
  const failed = checks.filter(({ result }) => result === 'fail')
  const count = `${asked.length} ${asked.length === 1 ? 'check' : 'checks'}`
  if (failed.length === 0) return { ending: 'done', message: `${count} made, none failed`, next: [] }
  return {
    ending: 'verification',
    message: `${failed.length} of ${count} failed`,
    problems: failed.map(({ name, detail }) => `${name}: ${detail}`),
    next: [...new Set(failed.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy])))],
  }
}
