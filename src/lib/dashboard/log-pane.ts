import { isTrouble, type LogEntry } from './log-ring.js'
import { shortId, span, type Row } from './row.js'
import { layoutOf, type Scene } from './scene.js'
import { fit, widthOf } from './width.js'

/** A line across the screen with a title in it, and what is said at its right end. */
export function rule({ columns, glyphs }: Scene, title: string, right: string): Row {
  const end = right === '' ? '' : ` ${right}`
  const shown = fit(title, Math.max(0, columns - widthOf(end) - 5), glyphs.ellipsis)
  const line = glyphs.rule.repeat(Math.max(0, columns - widthOf(end) - widthOf(shown) - 4))
  return [span(`${glyphs.rule}${glyphs.rule} `, 'dim'), span(shown), span(` ${line}${end}`, 'dim')]
}

/** The log lines in exactly that many rows, a line with their state above them. */
export function logRows(scene: Scene, rows: number): readonly Row[] {
  if (rows < 1) return []
  const lines = visibleLines(scene, rows - 1)
  const body = lines.map((line) => logRow(scene, line))
  const blank: Row[] = Array.from({ length: rows - 1 - body.length }, () => [])
  return [rule(scene, titleOf(scene), stateOf(scene)), ...body, ...blank]
}

function titleOf({ ui, logs, logTotal }: Scene): string {
  const which = ui.errorsOnly ? 'logs, errors only' : 'logs'
  if (ui.filter === '') return ui.errorsOnly ? `${which}, ${logs.length} lines` : which
  return `${which} with "${ui.filter}", ${logs.length} of ${logTotal} lines`
}

function stateOf({ ui, logs }: Scene): string {
  if (ui.logAt === undefined) return 'following'
  const { logAt } = ui
  const behind = logs.length - 1 - logs.findLastIndex(({ number }) => number <= logAt)
  return `held, ${behind} newer`
}

/** The lines that are on the screen: the newest, or those up to the one that is held. */
function visibleLines({ ui: { logAt }, logs }: Scene, rows: number): readonly LogEntry[] {
  const held = logAt === undefined ? logs.length - 1 : logs.findLastIndex(({ number }) => number <= logAt)
  // Where the held line is gone, the oldest that are left fill the screen.
  const end = Math.max(held + 1, Math.min(rows, logs.length))
  return logs.slice(Math.max(0, end - rows), end)
}

function logRow({ columns, glyphs }: Scene, { target, time, text }: LogEntry): Row {
  const layout = layoutOf(columns)
  const moment = /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time.slice(0, 8)
  const width = layout === 'wide' ? 19 : 8
  const id = shortId(target, width, glyphs.ellipsis).padEnd(width)
  const role = isTrouble(text) ? ('bad' as const) : /\bwarn(?:ing)?\b/i.test(text) ? ('warn' as const) : undefined
  const before = layout === 'tiny' ? '' : `${moment} ${id} `
  return [span(before, 'dim'), span(text, role)]
}
