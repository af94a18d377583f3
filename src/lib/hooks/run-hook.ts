import type { HookName } from '../domain/hook.js'
import type { RunFacts } from '../domain/run-facts.js'
import type { Emit } from '../events/event.js'
import type { Clock } from '../ports/clock.js'
import type { ProgramEnd, Programs } from '../ports/programs.js'
import { createLines } from './lines.js'
import { environmentOf, variablesOf } from './variables.js'

/** What is shown of a hook's output; the last lines are kept for who wants to know why it failed. */
const shownBounds = { lines: 500, characters: 64 * 1024 } as const
const tailLines = 10
/** Of one line: as it is taken in, and as it is shown. A secret is looked for in the longer one. */
const lineBounds = { taken: 16 * 1024, shown: 500 } as const

export interface HookOptions {
  readonly programs: Programs
  /** The machine's own clock: hooks are real also in a rehearsal. */
  readonly clock: Clock
  /** Milliseconds. */
  readonly timeout: number
  /** Where hooks run: the folder of rampart.yml. */
  readonly directory: string
  /** The environment that the person has, and what every hook has beside. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Takes control sequences and secrets out of a text. */
  readonly clean: (text: string) => string
}

export interface HookResult {
  /** `stopped` when the signal ended it, or came before it. */
  readonly outcome: 'done' | 'failed' | 'stopped'
  /** Why it failed, as in `… failed: it ended with code 3`. */
  readonly why?: string
  /** The last lines of its output. */
  readonly tail: readonly string[]
}

/** Runs one hook from `hook.started` to `hook.finished`. Never rejects. */
export async function runHook(
  hook: HookName,
  path: string,
  facts: RunFacts,
  options: HookOptions,
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<HookResult> {
  const { programs, clock, timeout, directory } = options
  const startedAt = clock.now()
  const output = collect(hook, options, emit)
  const late = new AbortController()
  const over = new AbortController()
  emit({ type: 'hook.started', hook })
  clock.sleep(timeout, over.signal).then(
    () => late.abort(),
    () => undefined,
  )
  const end = await programs.run(
    {
      path,
      directory,
      environment: environmentOf(options.environment, variablesOf(hook, facts)),
      input: `${JSON.stringify({ v: 1, hook, ...facts })}\n`,
    },
    { onOutput: (stream, bytes) => output[stream].push(bytes), signal: AbortSignal.any([signal, late.signal]) },
  )
  over.abort()
  output.stdout.end()
  output.stderr.end()
  const outcome =
    end.kind === 'exited' && end.code === 0 ? 'done' : signal.aborted && !late.signal.aborted ? 'stopped' : 'failed'
  const why =
    outcome === 'done'
      ? undefined
      : late.signal.aborted
        ? `it ran longer than ${Math.round(timeout / 1000)}s and was ended`
        : reasonOf(end)
  emit({
    type: 'hook.finished',
    hook,
    outcome,
    duration: clock.now() - startedAt,
    ...(why !== undefined && { reason: why }),
    ...(end.kind === 'exited' && { exitCode: end.code }),
  })
  return { outcome, ...(why !== undefined && { why }), tail: output.tail }
}

function reasonOf(end: ProgramEnd): string {
  switch (end.kind) {
    case 'exited':
      return `it ended with code ${end.code}`
    case 'killed':
      return `it was ended by ${end.signal}`
    case 'unstarted':
      return end.code === 'ENOENT'
        ? 'it could not be started: the program that its first line names is not there'
        : `it could not be started: ${end.code}`
  }
}

/** Takes both streams in, shows their lines as far as the bounds go, and keeps the last ones. */
function collect(hook: HookName, { clean }: HookOptions, emit: Emit) {
  const tail: string[] = []
  let lines = 0
  let characters = 0
  const onLine = (raw: string): void => {
    // Of a line that draws over itself, a progress bar, the last state.
    const text = clean(raw)
      .split('\n')
      .findLast((part) => part.trim() !== '')
      ?.trimEnd()
      .slice(0, lineBounds.shown)
    if (text === undefined) return
    tail.push(text)
    if (tail.length > tailLines) tail.shift()
    if (lines > shownBounds.lines || characters > shownBounds.characters) return
    lines += 1
    characters += text.length
    const isLast = lines > shownBounds.lines || characters > shownBounds.characters
    emit({ type: 'hook.line', hook, text: isLast ? 'more output follows that is not shown' : text })
  }
  return {
    tail,
    stdout: createLines(onLine, lineBounds.taken),
    stderr: createLines(onLine, lineBounds.taken),
  }
}
