import type { Event } from '../events/event.js'
import { formatDuration, formatElapsed } from '../terminal/format.js'
import type { View } from '../view/view.js'
import { isNarrow, sign, simulationLine, type Page } from './page.js'
import { createPlainLines, type PlainLine } from './plain-lines.js'
import { writeLines, type Progress, type ProgressContext } from './progress.js'
import { rolloutWords } from '../words/run.js'

/** When nothing has changed for so long by the run's clock, a line says that the run still goes on. */
const heartbeat = 60_000

/** One line per change, never rewritten, so that a log, a screen reader or a file can take it. */
export function createPlain({ output, page }: ProgressContext): Progress {
  const linesOf = createPlainLines()
  let startedAt: number | undefined
  let changedAt = 0
  let saidAt = 0

  return {
    event(event, view) {
      const at = Date.parse(event.at)
      if (startedAt === undefined) {
        // A run may be shown otherwise before it is shown by lines.
        startedAt = view.run?.startedAt ?? at
        changedAt = saidAt = at
      }
      if (event.type === 'run.started') writeLines(output, header(page, view, event))
      const changes = linesOf(event, view)
      if (changes.length > 0) changedAt = saidAt = at
      // How long nothing has changed is counted from the change; the next heartbeat from this one.
      const beats = at - saidAt >= heartbeat && event.type !== 'run.finished'
      if (beats) saidAt = at
      const lines = beats ? [stillLine(view, at - changedAt)] : changes
      const elapsed = formatElapsed(at - startedAt)
      writeLines(
        output,
        lines.flatMap((line) => format(page, elapsed, line)),
      )
    },
    stop: () => Promise.resolve(),
  }
}

function header(page: Page, view: View, event: Extract<Event, { readonly type: 'run.started' }>): string[] {
  const simulated = simulationLine(page, view)
  const started = `${new Date(event.at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return [
    ...(simulated === undefined ? [] : [simulated]),
    `${page.paint('strong', `rampart ${event.command}`)}: ${event.app}, ${event.environment}, started ${started}`,
  ]
}

function stillLine({ rollout, phases }: View, quietFor: number): PlainLine {
  const running = phases.findLast(({ state }) => state === 'running')?.phase
  const what = rollout === undefined || rollout.outcome !== undefined ? 'at it' : rolloutWords(rollout)
  return {
    sign: 'running',
    label: running ?? 'rampart',
    text: `still ${what}; no change for ${formatDuration(quietFor)}`,
  }
}

/** The longest label, `checkpoint`. */
const labelWidth = 10
const elapsedWidth = 7

function format(page: Page, elapsed: string, { sign: name, label, text, more = [] }: PlainLine): string[] {
  if (isNarrow(page)) {
    return [
      `${page.paint('dim', elapsed)} ${sign(page, name)} ${label}: ${text}`,
      ...more.map((line) => `  ${sign(page, 'arrow')} ${line}`),
    ]
  }
  const indent = ' '.repeat(elapsedWidth + 4 + labelWidth + 2)
  return [
    `${page.paint('dim', elapsed.padStart(elapsedWidth))}  ${sign(page, name)} ${label.padEnd(labelWidth)}  ${text}`,
    ...more.map((line) => `${indent}${sign(page, 'arrow')} ${line}`),
  ]
}
