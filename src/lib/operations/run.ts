import { exitCodes, type Ending } from '../errors/exit-codes.js'
import { formatProblem } from '../errors/format.js'
import { formatPlace, RampartError } from '../errors/rampart-error.js'
import type { Phase } from '../domain/phase.js'
import type { Emit } from '../events/event.js'
import type { Clock } from '../ports/clock.js'

/** How a run ended, for people and for the process. */
export interface Ended {
  readonly ending: Ending
  readonly message: string
  /** Everything that was found wrong, one line each. */
  readonly problems?: readonly string[]
  readonly next: readonly string[]
}

/** What every operation gets. */
export interface RunContext {
  readonly clock: Clock
  readonly emit: Emit
  /** Aborted when the person or the machine wants rampart to stop; the reason is an {@link Interruption}. */
  readonly signal: AbortSignal
}

/** The signal that asked rampart to stop. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly ending: 'interrupted' | 'terminated'

  constructor(signal: NodeJS.Signals) {
    super(`Stopped by ${signal}.`)
    this.ending = signal === 'SIGINT' ? 'interrupted' : 'terminated'
  }
}

/** Times one phase of a run, and says how it went. */
export async function inPhase<T>(
  { clock, emit, signal }: RunContext,
  phase: Phase,
  body: () => Promise<{ readonly value: T; readonly detail?: string; readonly outcome?: 'skipped' | 'failed' }>,
): Promise<T> {
  signal.throwIfAborted()
  const start = clock.now()
  emit({ type: 'phase.started', phase })
  const finish = (outcome: 'done' | 'failed' | 'skipped', detail?: string): void => {
    emit({
      type: 'phase.finished',
      phase,
      outcome,
      duration: clock.now() - start,
      ...(detail !== undefined && { detail }),
    })
  }
  try {
    const { value, detail, outcome } = await body()
    finish(outcome ?? 'done', detail)
    return value
  } catch (error) {
    finish('failed')
    throw error
  }
}

/** The end that an error means. What rampart did not expect is a bug and says so. */
export function endOf(error: unknown): Ended {
  if (error instanceof RampartError) {
    const place = error.place === undefined ? '' : `${formatPlace(error.place)}: `
    return {
      ending: error.kind,
      message: `${place}${error.message}`,
      problems: error.problems.map(formatProblem),
      next: error.next,
    }
  }
  if (error instanceof Interruption) {
    return { ending: error.ending, message: `${error.message} Nothing that serves was changed.`, next: [] }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    ending: 'bug',
    message: `This is a bug in rampart: ${message}`,
    next: ['run the command again with DEBUG=rampart for the details, and report them'],
  }
}

/** Runs an operation from `run.started` to `run.finished`. Never rejects. */
export async function runOperation(
  context: RunContext,
  about: {
    readonly command: string
    readonly app: string
    readonly environment: string
    /** The phases that it goes through, when they are known. */
    readonly phases?: readonly Phase[]
    readonly simulation: string | undefined
  },
  body: () => Promise<Ended>,
): Promise<Ended & { readonly error?: unknown }> {
  const start = context.clock.now()
  context.emit({
    type: 'run.started',
    command: about.command,
    app: about.app,
    environment: about.environment,
    ...(about.phases !== undefined && { phases: about.phases }),
    simulated: about.simulation !== undefined,
    ...(about.simulation !== undefined && { simulation: about.simulation }),
  })
  let error: unknown
  const ended = await body().catch((thrown: unknown) => {
    error = thrown
    return endOf(thrown)
  })
  context.emit({
    type: 'run.finished',
    ending: ended.ending,
    exitCode: exitCodes[ended.ending],
    message: ended.message,
    ...(ended.problems !== undefined && ended.problems.length > 0 && { problems: ended.problems }),
    next: ended.next,
    duration: context.clock.now() - start,
  })
  return { ...ended, ...(error !== undefined && { error }) }
}
