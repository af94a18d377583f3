import type { Event } from '../events/event.js'
import { cleanLine } from '../terminal/clean.js'
import { createPaint } from '../terminal/colour.js'
import type { Glyphs } from '../terminal/glyphs.js'
import { createScreen } from '../terminal/screen.js'
import { initialView, type View } from '../view/view.js'
import type { App, MountApp } from './app.js'
import { drawScreen, shownOf } from './draw.js'
import { paste, press } from './keys.js'
import { createLogRing } from './log-ring.js'
import { createPacer, type Pacer } from './pacer.js'
import { paintRow } from './row.js'
import { makeScene, type Scene } from './scene.js'
import { summaryLines } from './summary.js'
import { createSurface, type Surface } from './surface.js'
import { suspendProcess, watchTerminal, type Leaving } from './watch-terminal.js'
import { initialUi, type Intent, type Key, type Ui } from './ui.js'

export type { Leaving } from './watch-terminal.js'

/** What a person may ask for; each says in a few words what came of it, or rejects. */
export interface DashboardActions {
  /** Goes back to what the fleet came from; called after the release's id was typed. */
  readonly rollBack?: (release: string) => Promise<string>
}

export interface DashboardOptions {
  /** Gives keys when it is a terminal. */
  readonly stdin: NodeJS.ReadStream
  /** The terminal that is drawn on. */
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly colour: boolean
  readonly glyphs: Glyphs
  /** The run's clock, in milliseconds since 1970. */
  readonly now: () => number
  readonly actions?: DashboardActions
  /** Whether to print the summary on the normal screen at the end; true unless told. */
  readonly summary?: boolean
}

/** A run on a terminal's alternate screen. */
export interface Dashboard {
  /** Takes the event and the view that it made. It neither throws nor waits. */
  event(event: Event, view: View): void
  /** Gives the terminal back and prints the summary. */
  stop(): Promise<void>
  /** Why somebody or something wants this to end; the screen stays until `stop`. Never rejects. */
  readonly closed: Promise<Leaving>
}

/** Shows a run until it is stopped. Every way out of the process gives the terminal back as it was. */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const mountApp = await loadApp()
  const { stdin, stdout, stderr, now, glyphs } = options
  const paint = createPaint(options.colour)
  const ring = createLogRing()
  const screen = createScreen({ stdin, stdout, stderr })
  const keys = stdin.isTTY && typeof stdin.setRawMode === 'function'
  // Windows consoles scroll when their last cell is written, and Ink clears the screen for each frame there.
  const spare = process.platform === 'win32' ? 1 : 0
  const size = { columns: () => Math.max(1, stdout.columns), rows: () => Math.max(1, stdout.rows - spare) }
  let view = initialView
  let ui: Ui = initialUi
  let shown: { readonly app: App; readonly surface: Surface; readonly pacer: Pacer } | undefined
  let repaint = false
  let left = false
  let stopped = false

  // A recording that is played without waiting has a clock that stands still.
  const clock = (): number => Math.max(now(), view.lastEventAt ?? 0)
  const scene = (): Scene =>
    makeScene(view, ui, ring, {
      columns: size.columns(),
      rows: size.rows(),
      now: clock(),
      glyphs,
      keys,
      rollBack: options.actions?.rollBack !== undefined,
    })

  function show(): void {
    if (stopped || shown !== undefined) return
    screen.take()
    const surface = createSurface(screen, size)
    const app = mountApp({ stdin, stdout: surface.stream, stderr }, keys ? { onKey, onPaste } : undefined)
    const pacer = createPacer(draw)
    shown = { app, surface, pacer }
    pacer.soon()
  }

  /** Also called while the process exits: nothing here waits. */
  function hide(): void {
    if (shown === undefined) return
    const { app, surface, pacer } = shown
    shown = undefined
    pacer.stop()
    surface.close()
    app.unmount()
    screen.giveBack()
  }

  function draw(): void {
    if (shown === undefined) return
    const { app, surface } = shown
    const current = scene()
    const rows = drawScreen(current).map((row) => paintRow(row, paint))
    surface.frame(() => {
      if (repaint) {
        app.forget()
        surface.stream.write('\u001b[H\u001b[J')
        repaint = false
      }
      app.draw(rows, current.columns)
    })
  }

  function redraw(): void {
    repaint = true
    shown?.pacer.soon()
  }

  function onKey(key: Key): void {
    const pressed = press(ui, key, shownOf(scene()))
    const changed = pressed.ui !== ui
    ui = pressed.ui
    if (pressed.intent !== undefined) act(pressed.intent)
    if (changed) shown?.pacer.soon()
  }

  function onPaste(text: string): void {
    ui = paste(ui, text)
    shown?.pacer.soon()
  }

  function act(intent: Intent): void {
    switch (intent.kind) {
      case 'leave':
        // Who presses again is tired of waiting, and gets what a second Ctrl-C gives outside of raw mode.
        if (left) process.kill(process.pid, 'SIGINT')
        left = true
        return terminal.leave('key')
      case 'repaint':
        return redraw()
      case 'suspend':
        hide()
        return suspendProcess(() => {
          show()
          redraw()
        })
      case 'roll-back':
        options.actions?.rollBack?.(intent.release).then(
          (text) => say(text, 'good'),
          (error: unknown) => say(error instanceof Error ? error.message : String(error), 'bad'),
        )
    }
  }

  function say(text: string, role: 'good' | 'bad'): void {
    ui = { ...ui, message: { text: cleanLine(text), role } }
    shown?.pacer.soon()
  }

  const terminal = watchTerminal({
    stdin,
    stdout,
    onResize: redraw,
    onContinue: () => {
      if (shown === undefined) return
      hide()
      show()
      redraw()
    },
  })
  // Ages and countdowns move without events. It also keeps the process while nothing but a person may end this.
  const ticks = setInterval(() => shown?.pacer.calm(), 1000)
  process.on('exit', hide)
  show()

  return {
    event(event, next) {
      view = next
      if (event.type === 'log.line') ring.push(event)
      shown?.pacer.calm()
    },
    async stop() {
      if (stopped) return
      stopped = true
      clearInterval(ticks)
      hide()
      process.removeListener('exit', hide)
      const lost = terminal.isLost()
      if (options.summary !== false && !lost) {
        const lines = summaryLines({ paint, glyphs, now: clock() }, view)
        if (lines.length > 0) {
          await new Promise<void>((resolve) => {
            stdout.write(`${lines.join('\n')}\n`, () => resolve())
          })
        }
      }
      terminal.release()
    },
    closed: terminal.closed,
  }
}

/** Loads Ink and React as they are meant for use: their development forms measure every render and keep it. */
async function loadApp(): Promise<MountApp> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    const { mountApp } = await import('./app.js')
    return mountApp
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}
