import { isGone } from '../terminal/gone.js'
import type { Event } from '../events/event.js'
import { cleanLine, stripControl } from '../terminal/clean.js'
import { createPaint } from '../terminal/colour.js'
import type { Glyphs } from '../terminal/glyphs.js'
import type { Mask } from '../terminal/mask.js'
import type { ProgressMode } from '../terminal/progress.js'
import { fold } from '../view/fold.js'
import { initialView, type View } from '../view/view.js'
import { cleanEvent } from './clean-event.js'
import { closingText } from './closing-text.js'
import { createNdjson } from './ndjson.js'
import type { Page } from './page.js'
import { createPlain } from './plain.js'
import { writeLines, type Output, type Progress } from './progress.js'
import { createQuiet } from './quiet.js'
import { resultText } from './result-text.js'

export interface ReporterOptions {
  /** Gets the result, or the NDJSON; nothing else. */
  readonly stdout: Output
  /** Gets what a person watches, and errors. */
  readonly stderr: Output
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean }
  readonly glyphs: Glyphs
  readonly width: number
  /** Takes secrets out of every text before anything else sees it. */
  readonly mask: Mask
  /** The run's clock, in milliseconds since 1970. */
  readonly now: () => number
  /** False when the command prints the result itself, as `--json` does; true unless told. */
  readonly result?: boolean
  /** What shows the run in the mode `dashboard`; it prints its own summary. */
  readonly screen?: Progress
}

/** Shows one run. */
export interface Reporter {
  /** Takes the next event. It neither throws nor waits. */
  event(event: Event): void
  /**
   * Draws nothing more until the given function is called, so that a person can be asked something; from then on every
   * change is a line.
   */
  hold(): Promise<() => void>
  /** What is known of the run so far, without secrets; `resultJson` takes it. */
  view(): View
  /** Prints the result and the closing words of a finished run; ends when both streams have taken everything. */
  close(): Promise<void>
}

/** Makes the reporter of a mode. What needs a library is loaded when the mode is chosen and not before. */
export async function createReporter(mode: ProgressMode, options: ReporterOptions): Promise<Reporter> {
  const { stdout, stderr, colour, glyphs, width, mask } = options
  const onStdout: Page = { paint: createPaint(colour.stdout), glyphs, width }
  const onStderr: Page = { paint: createPaint(colour.stderr), glyphs, width }
  let progress = await createProgress(mode, onStderr, options)
  let held: (() => void)[] | undefined
  // Sequences go first: a secret that a colour code cuts in two would not be found.
  const clean: Mask =
    mode === 'ndjson' ? (text) => mask(stripControl(text)) : (text) => mask(cleanLine(stripControl(text)))
  const streams = [stdout, stderr].map(holdOn)
  const printsResult = mode !== 'ndjson' && options.result !== false
  let view = initialView

  return {
    event(event) {
      const cleaned = cleanEvent(event, clean)
      view = fold(view, cleaned)
      const seen = view
      if (held === undefined) progress.event(cleaned, seen)
      else held.push(() => progress.event(cleaned, seen))
    },
    async hold() {
      const waiting = (held ??= [])
      if (mode === 'list') {
        await progress.stop()
        progress = createPlain({ output: stderr, page: onStderr, now: options.now })
      }
      return () => {
        held = undefined
        for (const show of waiting) show()
      }
    },
    view: () => view,
    async close() {
      for (const show of held ?? []) show()
      await progress.stop()
      if (view.ending !== undefined) {
        const result = printsResult ? resultText(onStdout, view) : []
        if (mode !== 'quiet' && printsResult && stdout.isTTY === true) writeLines(stdout, [''])
        writeLines(stdout, result)
        const sameScreen = printsResult && stdout.isTTY === true && stderr.isTTY === true
        const failed = view.ending.exitCode !== 0
        const showed = mode === 'plain' || mode === 'list'
        const closing = closingText(onStderr, view, {
          // A dashboard's own summary has said how it ended.
          outcome: !sameScreen && mode !== 'dashboard',
          warnings: mode === 'list',
        })
        // Where nothing was shown before, there is nothing to stand apart from.
        // Of a rollout, the dashboard's summary has said in five lines what there is to say.
        const summed = mode === 'dashboard' && view.rollout !== undefined
        if (showed || (failed && !summed)) writeLines(stderr, showed ? closing : closing.slice(1))
      }
      await Promise.all(streams.map((stream) => stream.flush()))
      for (const stream of streams) stream.release()
    },
  }
}

async function createProgress(mode: ProgressMode, page: Page, options: ReporterOptions): Promise<Progress> {
  const { stdout, stderr, now } = options
  switch (mode) {
    case 'plain':
      return createPlain({ output: stderr, page, now })
    case 'ndjson':
      return createNdjson(stdout)
    case 'quiet':
      return createQuiet()
    case 'dashboard':
      // Without a screen there is nobody to show it to.
      return options.screen ?? createQuiet()
    case 'list': {
      const { createList } = await import('./list.js')
      return createList({ output: stderr, page, now })
    }
  }
}

/** A stream whose reader may go away (`| head`, a closed terminal): that must not end a run that changes production. */
function holdOn(output: Output): { readonly flush: () => Promise<void>; readonly release: () => void } {
  const gone = Promise.withResolvers<void>()
  let hasGone = false
  const onError = (error: unknown): void => {
    if (!isGone(error)) throw error
    hasGone = true
    gone.resolve()
  }
  output.on('error', onError)
  return {
    // A stream that has failed once may never call back for what is written to it later.
    flush: () =>
      Promise.race([
        gone.promise,
        new Promise<void>((resolve) => {
          output.write('', (error) => {
            // The event follows the call, and must not find that nobody listens.
            if (error === null || error === undefined) resolve()
          })
        }),
      ]),
    // What is gone goes on telling so with every word that is still written to it.
    release: () => {
      if (!hasGone) output.removeListener('error', onError)
    },
  }
}
