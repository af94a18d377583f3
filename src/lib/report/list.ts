import {
  DefaultRenderer,
  Listr,
  ListrLogger,
  ProcessOutput,
  Spinner,
  type ListrDefaultRendererOptions,
  type ListrDefaultRendererTask,
  type ListrTaskWrapper,
  type SimpleRenderer,
} from 'listr2'
import { everyPhase, initialView, type PhaseView, type View } from '../view/view.js'
import { phaseDetails, phaseTitle } from './list-lines.js'
import { sign, simulationLine, type Page } from './page.js'
import { writeLines, type Output, type Progress, type ProgressContext } from './progress.js'

/** The screen is drawn at most this often, in milliseconds of real time. */
const frameEvery = 100
const spinnerEvery = 125

type Phase = PhaseView['phase']

/** What listr's renderer needs of ours on every frame. */
interface Frame {
  /** Takes the way to lay out a frame without drawing it. */
  readonly ready: (layOut: () => void) => void
  readonly prepare: () => void
  readonly icon: (name: string | undefined) => string
  readonly bullet: string
}

class CalmSpinner extends Spinner {
  override start(draw?: () => void): void {
    super.start(draw, spinnerEvery)
  }
}

/** listr2's own renderer, drawn at our pace and with our signs, on whatever stream it is given. */
function calmRenderer(frame: Frame): typeof DefaultRenderer {
  return class extends DefaultRenderer {
    // The list is drawn on stderr; whether stdout is a terminal, which listr2 asks, says nothing about it.
    static override nonTTY = true
    private drawnAt = -frameEvery

    override async render(): Promise<void> {
      await super.render()
      frame.ready(() => this.create())
    }

    // listr2 draws whenever anything of a task is set. What is left out here the spinner draws a moment later.
    override update(): void {
      const now = performance.now()
      if (now - this.drawnAt < frameEvery) return
      this.drawnAt = now
      frame.prepare()
      super.update()
    }

    protected override style(task: ListrDefaultRendererTask, output = false): string {
      return output ? frame.bullet : frame.icon(task.initialTitle)
    }
  }
}

/** When a phase starts (`false`: never) and when there is nothing more to tell of it. */
interface Gate {
  readonly started: PromiseWithResolvers<boolean>
  readonly finished: PromiseWithResolvers<void>
}

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>

/** The phases as a list that is drawn again in place, each with what goes on in it. */
export function createList({ output, page, now }: ProgressContext): Progress {
  const gates = new Map<Phase, Gate>(
    everyPhase.map((phase) => [phase, { started: Promise.withResolvers(), finished: Promise.withResolvers() }]),
  )
  const wrappers = new Map<Phase, Wrapper>()
  let view: View = initialView
  let running: Promise<unknown> | undefined
  let releaseCursor: (() => void) | undefined
  let layOut: (() => void) | undefined

  const phaseOf = (name: string | undefined): PhaseView | undefined => view.phases.find(({ phase }) => phase === name)
  const spinnerGlyph = (): string => {
    const frames = page.glyphs.spinner
    return page.paint('active', frames[Math.floor(performance.now() / spinnerEvery) % frames.length] ?? '')
  }
  const frame: Frame = {
    ready(how) {
      layOut = how
    },
    prepare() {
      // listr2 hears what a task says only once it has laid the task out.
      layOut?.()

      for (const [phase, wrapper] of wrappers) say(page, view, phaseOf(phase), wrapper, now())
    },
    icon(name) {
      const state = phaseOf(name)?.state ?? 'waiting'
      return state === 'running' && view.ending === undefined ? spinnerGlyph() : sign(page, state)
    },
    bullet: sign(page, 'detail'),
  }

  function start(): Promise<unknown> {
    const stream = output as NodeJS.WriteStream
    const tasks = everyPhase.map((phase) => phaseTask(phase, gates, wrappers, () => phaseOf(phase), frame))
    const rendererOptions: ListrDefaultRendererOptions = {
      spinner: new CalmSpinner(),
      formatOutput: 'truncate',
      collapseErrors: false,
      collapseSkips: false,
      showErrorMessage: false,
      showSkipMessage: false,
      logger: new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(stream, stream) }),
    }
    releaseCursor = cursorGuard(output)
    return new Listr(tasks, {
      concurrent: true,
      exitOnError: false,
      // Ctrl-C detaches; listr2 would cancel its tasks and exit with a code of its own.
      registerSignalListeners: false,
      renderer: calmRenderer(frame),
      rendererOptions,
    }).run()
  }

  return {
    event(event, next) {
      view = next
      if (event.type === 'run.started') writeLines(output, header(page, view))
      if (running === undefined) {
        running = start()
        // A list that can not be drawn must not end the run that it shows; `stop` says what was wrong.
        running.catch(() => {})
      }
      if (event.type === 'phase.started') gates.get(event.phase)?.started.resolve(true)
      if (event.type === 'phase.finished') {
        gates.get(event.phase)?.started.resolve(true)
        gates.get(event.phase)?.finished.resolve()
      }
    },
    async stop() {
      for (const gate of gates.values()) {
        gate.started.resolve(false)
        gate.finished.resolve()
      }
      await running
      releaseCursor?.()
    },
  }
}

/**
 * A task that waits for its phase. listr2 asks `enabled` twice: before everything, when a phase that was announced is
 * shown as waiting, and before the task, when it waits for the phase to start; a phase that never does is taken away.
 */
function phaseTask(
  phase: Phase,
  gates: ReadonlyMap<Phase, Gate>,
  wrappers: Map<Phase, Wrapper>,
  current: () => PhaseView | undefined,
  frame: Frame,
) {
  let asked = false
  return {
    title: phase,
    enabled: (): boolean | Promise<boolean> => {
      if (asked) return gates.get(phase)?.started.promise ?? false
      asked = true
      return current() !== undefined
    },
    task: async (_context: unknown, wrapper: Wrapper): Promise<void> => {
      wrappers.set(phase, wrapper)
      await gates.get(phase)?.finished.promise
      frame.prepare()
    },
    rendererOptions: { persistentOutput: true, outputBar: 1 },
  }
}

function say(page: Page, view: View, phase: PhaseView | undefined, wrapper: Wrapper, now: number): void {
  if (phase === undefined) return
  const title = phaseTitle(phase, now)
  if (wrapper.title !== title) wrapper.title = title
  const details = phaseDetails(page, view, phase, now).join('\n')
  if ((wrapper.output ?? '') !== details) wrapper.output = details === '' ? null : details
}

function header(page: Page, view: View): string[] {
  const simulated = simulationLine(page, view)
  const { run } = view
  return [
    ...(simulated === undefined ? [] : [simulated]),
    ...(run === undefined ? [] : [`${page.paint('strong', `rampart ${run.command}`)}: ${run.app}, ${run.environment}`]),
  ]
}

/**
 * listr2 hides the cursor and takes the stream's `write` for itself until its end. A process that leaves before then
 * must still give the cursor back, past that.
 */
function cursorGuard(output: Output): () => void {
  const write = output.write.bind(output)
  const show = (): void => {
    write('\u001b[?25h')
  }
  process.once('exit', show)
  return () => process.removeListener('exit', show)
}
