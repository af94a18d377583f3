import type { Performed, SharedFlags } from '../../base-command.js'
import type { Phase } from '../domain/phase.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit } from '../events/event.js'
import { createEventStream } from '../events/stream.js'
import { Interruption, runOperation, type Ended, type RunContext } from '../operations/run.js'
import type { Clock } from '../ports/clock.js'
import type { Page } from '../report/page.js'
import { createReporter } from '../report/reporter.js'
import { resultJson } from '../report/result-json.js'
import { chooseColour, createPaint } from '../terminal/colour.js'
import { chooseGlyphs } from '../terminal/glyphs.js'
import { createMask } from '../terminal/mask.js'
import { chooseProgress } from '../terminal/progress.js'
import { onStop } from '../terminal/signals.js'
import { terminalWidth } from '../terminal/size.js'

export interface Performance {
  readonly command: string
  readonly app: string
  readonly environment: string
  /** What is simulated, when something is. */
  readonly simulation: string | undefined
  /** The phases that it goes through, for who waits. */
  readonly phases: readonly Phase[]
  readonly clock: Clock
  /** Values that no output may show. */
  readonly secrets: Iterable<string>
}

/** How text is to look on a stream. */
export function streamPage(stream: NodeJS.WriteStream, flags: SharedFlags): Page {
  const { env } = process
  return {
    paint: createPaint(chooseColour({ noColourFlag: flags['no-color'], env, isTty: stream.isTTY })),
    glyphs: chooseGlyphs(env),
    width: terminalWidth(stream, env),
  }
}

/** Runs an operation in front of a person, a pipe or a CI log: events, reporter, signals, result and exit code. */
export async function perform(
  performance: Performance,
  flags: SharedFlags,
  body: (context: RunContext) => Promise<Ended>,
): Promise<Performed> {
  const { stdout, stderr, env } = process
  const { clock } = performance
  const mode = chooseProgress({
    flag: flags.progress,
    env,
    stdoutIsTty: stdout.isTTY,
    stderrIsTty: stderr.isTTY,
  })
  if (flags.json && mode === 'ndjson') {
    throw new RampartError('usage', '--json and --progress ndjson both write to stdout.', {
      next: ['use one of them: NDJSON ends with the outcome, --json is the result alone'],
    })
  }
  const colour = (stream: NodeJS.WriteStream): boolean =>
    chooseColour({ noColourFlag: flags['no-color'], env, isTty: stream.isTTY })
  const reporter = await createReporter(mode === 'dashboard' ? 'list' : mode, {
    stdout,
    stderr,
    colour: { stdout: colour(stdout), stderr: colour(stderr) },
    glyphs: chooseGlyphs(env),
    width: terminalWidth(stderr, env),
    mask: createMask(performance.secrets),
    now: () => clock.now(),
    result: !flags.json,
  })
  const stream = createEventStream({ now: () => clock.now(), sinks: [(event) => reporter.event(event)] })
  const emit: Emit = (event) => stream.emit(event)
  const controller = new AbortController()
  // Never released: a signal that comes while the process is on its way out must not take its exit code away.
  onStop((signal) => controller.abort(new Interruption(signal)))
  const context: RunContext = { clock, emit, signal: controller.signal }
  try {
    const ended = await runOperation(context, performance, () => body(context))
    if (ended.ending === 'bug' && env['DEBUG'] !== undefined && ended.error instanceof Error) {
      stderr.write(`${ended.error.stack ?? ''}\n`)
    }
    return { exitCode: exitCodes[ended.ending], result: resultJson(reporter.view()) }
  } finally {
    stream.end()
    await reporter.close()
  }
}
