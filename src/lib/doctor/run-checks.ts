import type { CheckupLine } from '../domain/checkup.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import { bad, failure, type Outcome } from './outcome.js'

/** One named check, not yet asked. */
export interface CheckTask {
  readonly name: string
  /** True when it needs more than this machine: `--offline` leaves it out. */
  readonly remote: boolean
  /** Milliseconds of real time that it may take; 20 seconds if absent. */
  readonly patience?: number
  ask(signal: AbortSignal): Promise<Outcome>
}

/** How long a check may take, in milliseconds. */
const usualPatience = 20_000

/** The tasks of those names, in their own order; all of them when none is named. A name that is not there is a usage error. */
export function chooseTasks(tasks: readonly CheckTask[], names: readonly string[]): readonly CheckTask[] {
  if (names.length === 0) return tasks
  const unknown = names.find((name) => !tasks.some((task) => task.name === name))
  if (unknown !== undefined) {
    throw new RampartError('usage', `There is no check ${unknown}.`, {
      next: [`use one of ${tasks.map((task) => task.name).join(', ')}`],
    })
  }
  return tasks.filter((task) => names.includes(task.name))
}

async function timed(task: CheckTask, clock: Clock): Promise<Outcome> {
  const { patience = usualPatience } = task
  const late = new AbortController()
  const done = new AbortController()
  const limit = clock.sleep(patience, done.signal).then(
    (): Outcome => {
      late.abort(new Error('took too long'))
      return bad('fail', `no answer within ${patience / 1000} s`, `rampart doctor --only ${task.name}`)
    },
    // The check came first.
    (): Promise<never> => new Promise(() => undefined),
  )
  try {
    return await Promise.race([task.ask(late.signal).catch(failure), limit])
  } finally {
    done.abort()
  }
}

/** Asks all at once, each within its own time. A check that throws or hangs is a failure of itself and of no other. */
export async function runChecks(tasks: readonly CheckTask[], clock: Clock): Promise<readonly CheckupLine[]> {
  return Promise.all(
    tasks.map(async (task): Promise<CheckupLine> => {
      const start = clock.now()
      // Also one that throws before it has given a promise.
      const { findings = [], ...outcome } = await timed({ ...task, ask: async (signal) => task.ask(signal) }, clock)
      return { name: task.name, ...outcome, findings, duration: clock.now() - start }
    }),
  )
}
