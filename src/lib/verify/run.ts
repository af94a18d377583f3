import type { VerifiedLine } from '../domain/verification.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import { couldNot, type Judged, type VerifyTask } from './judged.js'

/** Milliseconds before the next try; the last holds for all that follow. */
const pauses = [1000, 2000, 4000, 5000] as const

export interface RunVerify {
  /** Retry windows are counted on it. */
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told before a check that announces itself. */
  readonly onStart?: (task: VerifyTask) => void
  readonly onDone?: (line: VerifiedLine) => void
}

const isNamed = (task: VerifyTask, name: string): boolean => task.name === name || task.name.endsWith(`:${name}`)

/** The tasks of those names, with or without what stands before the colon, in their own order; all when none is named. */
export function chooseVerifyTasks(tasks: readonly VerifyTask[], names: readonly string[]): readonly VerifyTask[] {
  const unknown = names.find((name) => !tasks.some((task) => isNamed(task, name)))
  if (unknown !== undefined) {
    throw new RampartError('usage', `There is no check ${unknown}.`, {
      next: [`use one of ${tasks.map(({ name }) => name).join(', ')}`],
    })
  }
  return names.length === 0 ? tasks : tasks.filter((task) => names.some((name) => isNamed(task, name)))
}

/** Makes all checks: those that disturb nobody at once, the others one after the other. Rejects with the signal's reason. */
export async function runVerifyTasks(tasks: readonly VerifyTask[], run: RunVerify): Promise<readonly VerifiedLine[]> {
  const lines = new Map<VerifyTask, VerifiedLine>()
  const make = async (task: VerifyTask): Promise<void> => {
    run.onStart?.(task)
    const line = await persist(task, run)
    lines.set(task, line)
    run.onDone?.(line)
  }
  await Promise.all(tasks.filter(({ alone }) => !alone).map(make))
  for (const task of tasks) if (task.alone) await make(task)
  return tasks.flatMap((task) => lines.get(task) ?? [])
}

/** Looks again while it fails and its window lasts: a fleet that has just been rolled may still be settling. */
async function persist(task: VerifyTask, { clock, signal }: RunVerify): Promise<VerifiedLine> {
  const start = clock.now()
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted()
    const judged = await task.look(signal).catch((error: unknown): Judged => {
      // A schema that can not be read does not become readable.
      if (signal.aborted || (error instanceof RampartError && error.kind === 'usage')) throw error
      return couldNot(error)
    })
    const pause = pauses[Math.min(attempts, pauses.length) - 1] ?? 0
    const spent = clock.now() - start
    if (judged.result !== 'fail' || spent + pause > task.retry) return lineOf(task, judged, attempts, spent)
    await clock.sleep(pause, signal)
  }
}

function lineOf({ name, kind }: VerifyTask, judged: Judged, attempts: number, duration: number): VerifiedLine {
  const { findings = [], evidence = [], ...rest } = judged
  const tried = attempts === 1 ? [] : [`${rest.result === 'fail' ? 'failed' : 'succeeded'} at try ${attempts}`]
  return { name, kind, ...rest, findings, evidence: [...evidence, ...tried], attempts, duration }
}
