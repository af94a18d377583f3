import type { Performed, SharedFlags } from '../../base-command.js'
import type { Dashboard, DashboardActions, Leaving } from '../dashboard/index.js'
import type { Phase } from '../domain/phase.js'
import { exitCodes } from '../errors/exit-codes.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Emit, Event } from '../events/event.js'
import { createEventStream } from '../events/stream.js'
import { Interruption, runOperation, type Ended, type RunContext } from '../operations/run.js'
import type { Clock } from '../ports/clock.js'
import type { Page } from '../report/page.js'
import type { Recorder } from '../report/recorder.js'
import { createReporter } from '../report/reporter.js'
import { resultJson } from '../report/result-json.js'
import { chooseColour, createPaint } from '../terminal/colour.js'
import { chooseGlyphs } from '../terminal/glyphs.js'
import { createMask, type Mask } from '../terminal/mask.js'
import { chooseProgress, type ProgressMode } from '../terminal/progress.js'
import { onStop } from '../terminal/signals.js'
import { terminalWidth } from '../terminal/size.js'
import type { View } from '../view/view.js'
import { stopHandler, type Wish } from './leave.js'
import { canAsk } from './person.js'
import type { ReportFiles, Reporting } from './report-files.js'
import type { TurnBack } from './turn-back.js'

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
  /** Takes each request that goes out to AWS, by its operation. */
  readonly onCall?: (operation: string) => void
  /** Told whenever one of them is about to be made again. */
  readonly onRetry?: () => void
}

/** What a command that watches can do beside. */
export interface Watch {
  /** What a terminal gets when nothing else is asked for; a screen stays until the person leaves it. */
  readonly onTerminal: 'dashboard' | 'list'
  /** What R does on the screen; undefined where nobody can ask for it. */
  readonly back?: TurnBack
  /** Has the rollout go back and does nothing else; with it a person who presses Ctrl-C during one is asked what is meant. */
  readonly abort?: () => Promise<string>
  readonly record?: string | undefined
  readonly report?: Reporting | undefined
  /** What is said at the very end, on stderr. */
  readonly lastWords?: () => readonly string[]
}

/** The way that is asked for, or that fits the terminal. A dashboard needs one to be drawn on, and nothing else on it. */
export function modeOf(flags: SharedFlags, watch: Pick<Watch, 'onTerminal'> | undefined): ProgressMode {
  const { stdout, stderr, env } = process
  const mode = chooseProgress({ flag: flags.progress, env, stdoutIsTty: stdout.isTTY, stderrIsTty: stderr.isTTY })
  const isAsked = flags.progress !== undefined || (env['RAMPART_PROGRESS'] ?? '').trim() !== ''
  if (mode === 'list' && !isAsked && watch?.onTerminal === 'dashboard' && stdout.isTTY && !flags.json)
    return 'dashboard'
  return mode === 'dashboard' && (watch === undefined || flags.json) ? 'list' : mode
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

/** Asks a person while what is under way is not drawn over the question. */
export type Aside = <T>(ask: () => Promise<T>) => Promise<T>

/** Runs an operation in front of a person, a pipe or a CI log: events, reporter, signals, result and exit code. */
export async function perform(
  performance: Performance,
  flags: SharedFlags,
  body: (context: RunContext, aside: Aside) => Promise<Ended>,
  watch?: Watch,
): Promise<Performed> {
  const { stdout, stderr, env } = process
  const { clock } = performance
  const mode = modeOf(flags, watch)
  if (flags.json && mode === 'ndjson') {
    throw new RampartError('usage', '--json and --progress ndjson both write to stdout.', {
      next: ['use one of them: NDJSON ends with the outcome, --json is the result alone'],
    })
  }
  const colour = (stream: NodeJS.WriteStream): boolean =>
    chooseColour({ noColourFlag: flags['no-color'], env, isTty: stream.isTTY })
  const mask = createMask(performance.secrets)
  const recorder = watch?.record === undefined ? undefined : await openRecorder(watch.record, mask)
  const reports = await openReportsOf(watch?.report, mask)
  const screen =
    mode === 'dashboard'
      ? await openScreen({
          colour: colour(stdout),
          now: () => clock.now(),
          actions: watch?.back && { rollBack: watch.back.rollBack },
        })
      : undefined
  const reporter = await createReporter(mode, {
    ...(screen !== undefined && { screen }),
    stdout,
    stderr,
    colour: { stdout: colour(stdout), stderr: colour(stderr) },
    glyphs: chooseGlyphs(env),
    width: terminalWidth(stderr, env),
    mask,
    now: () => clock.now(),
    // A screen of its own has shown all that there is to a watcher.
    result: !flags.json && !(mode === 'dashboard' && watch?.onTerminal === 'dashboard'),
  })
  const stream = createEventStream({
    now: () => clock.now(),
    sinks: [
      (event) => reporter.event(event),
      ...(recorder === undefined ? [] : [(event: Event) => recorder.event(event)]),
      ...(reports === undefined ? [] : [(event: Event) => reports.event(event)]),
    ],
  })
  const emit: Emit = (event) => stream.emit(event)
  const controller = new AbortController()
  const aside: Aside = async (ask) => {
    const goOn = await reporter.hold()
    try {
      return await ask()
    } finally {
      goOn()
    }
  }
  const onSignal = stopHandler({
    mayAsk: () => watch?.abort !== undefined && mode === 'list' && canAsk(flags) && isUnderWay(reporter.view()),
    ask: (signal) => askWish(aside, signal),
    leave: (signal) => controller.abort(new Interruption(signal)),
    abort: async () => {
      const goBack = watch?.abort?.() ?? Promise.resolve('nothing that could go back is known yet')
      const said = await goBack.catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
      emit({ type: 'warning', message: said })
    },
  })
  // Never released: a signal that comes while the process is on its way out must not take its exit code away.
  onStop(onSignal, process, onSignal)
  void screen?.closed.then((why) => controller.abort(new Interruption(stopSignal(why))))
  const context: RunContext = { clock, emit, signal: controller.signal }
  try {
    const ended = await runOperation(
      context,
      performance,
      () => watch?.back?.around(context, () => body(context, aside)) ?? body(context, aside),
    )
    if (ended.ending === 'bug' && env['DEBUG'] !== undefined && ended.error instanceof Error) {
      stderr.write(`${ended.error.stack ?? ''}\n`)
    }
    // Who watches a screen looks at its end for as long as they like.
    if (watch?.onTerminal === 'dashboard') await screen?.closed
    return { exitCode: exitCodes[ended.ending], result: resultJson(reporter.view()) }
  } finally {
    stream.end()
    recorder?.close()
    await reporter.close()
    const written = (await reports?.write()) ?? []
    const words = [...(mode === 'quiet' ? written.filter(isTrouble) : written), ...(watch?.lastWords?.() ?? [])]
    if (words.length > 0) stderr.write(`${words.join('\n')}\n`)
  }
}

const isUnderWay = ({ rollout, ending }: View): boolean =>
  rollout !== undefined && rollout.outcome === undefined && ending === undefined

/** Asks on the terminal what a Ctrl-C was meant to do; what goes on meanwhile is shown afterwards. */
async function askWish(aside: Aside, signal: AbortSignal): Promise<Wish> {
  const { createAsker } = await import('../terminal/ask.js')
  return aside(async () => {
    const asker = await createAsker({ input: process.stdin, output: process.stderr, signal })
    return asker.choose<Wish>('A rollout is under way. What now?', [
      { value: 'stay', label: 'keep watching' },
      { value: 'detach', label: 'detach: it goes on without you (Ctrl-C again)' },
      { value: 'abort', label: 'abort: have it go back to what served before' },
    ])
  })
}

/** A key is as good as Ctrl-C; a terminal that has gone away as good as the signal that tells so. */
const stopSignal = (why: Leaving): NodeJS.Signals => (why === 'key' ? 'SIGINT' : why === 'lost' ? 'SIGHUP' : why)

/** The recorder, before anything is changed that it could not record. */
async function openRecorder(path: string, mask: Mask): Promise<Recorder> {
  const { createRecorder } = await import('../report/recorder.js')
  try {
    return createRecorder(path, mask)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RampartError('usage', `The run can not be recorded: ${why}`, {
      next: ['name a file that can be written with --record'],
    })
  }
}

const isTrouble = (line: string): boolean => line.startsWith('warning: ')

/** The reports that are asked for, before anything is changed that they could not tell of. */
export async function openReportsOf(reporting: Reporting | undefined, mask: Mask): Promise<ReportFiles | undefined> {
  if (reporting === undefined) return undefined
  const { openReports } = await import('./report-files.js')
  return openReports(reporting, mask)
}

/** The dashboard, on the terminal of this process. */
export async function openScreen({
  colour,
  now,
  actions,
}: {
  readonly colour: boolean
  readonly now: () => number
  readonly actions: DashboardActions | undefined
}): Promise<Dashboard> {
  const { stdin, stdout, stderr, env } = process
  // Ink does not read NO_COLOR; what colours its texts reads this, when it is loaded.
  if (!colour) env['FORCE_COLOR'] = '0'
  const { startDashboard } = await import('../dashboard/index.js')
  return startDashboard({
    stdin,
    stdout,
    stderr,
    colour,
    glyphs: chooseGlyphs(env),
    now,
    ...(actions !== undefined && { actions }),
  })
}
