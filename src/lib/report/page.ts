import type { Paint, Role } from '../terminal/colour.js'
import type { Glyphs } from '../terminal/glyphs.js'
import type { PhaseView, View } from '../view/view.js'

/** What a text is made for: its colours, its signs, its columns. */
export interface Page {
  readonly paint: Paint
  readonly glyphs: Glyphs
  readonly width: number
}

/** Below this many columns, nothing is set beside anything else that could be set below it. */
const narrow = 60

/** True when the page is that narrow. */
export function isNarrow(page: Page): boolean {
  return page.width < narrow
}

/** The text, cut where the page ends; `taken` columns stand before it. At least 20 columns of it are kept. */
export function fit(text: string, page: Page, taken: number): string {
  const room = Math.max(20, page.width - taken)
  return text.length <= room ? text : `${text.slice(0, room - 1)}${page.glyphs.ellipsis}`
}

interface Sign {
  readonly role: Role
  readonly glyph: Exclude<keyof Glyphs, 'spinner'>
}

/** The signs of what phases, checks and alarms can come to; a word always stands beside them. */
export const signs = {
  waiting: { role: 'dim', glyph: 'waiting' },
  running: { role: 'active', glyph: 'active' },
  done: { role: 'good', glyph: 'good' },
  ok: { role: 'good', glyph: 'good' },
  failed: { role: 'bad', glyph: 'bad' },
  fail: { role: 'bad', glyph: 'bad' },
  warn: { role: 'warn', glyph: 'warn' },
  skipped: { role: 'dim', glyph: 'skip' },
  skip: { role: 'dim', glyph: 'skip' },
  detail: { role: 'dim', glyph: 'detail' },
  arrow: { role: 'active', glyph: 'arrow' },
} as const satisfies Record<PhaseView['state'] | (string & {}), Sign>

/** A word of {@link signs}. */
export type SignName = keyof typeof signs

/** The sign in its colour. */
export function sign(page: Page, name: SignName): string {
  const { role, glyph } = signs[name]
  return page.paint(role, page.glyphs[glyph])
}

/** The line that says that nothing here is real; undefined when it is. */
export function simulationLine(page: Page, view: View): string | undefined {
  if (view.run?.simulated !== true) return undefined
  const what = view.run.simulation === undefined ? '' : `, ${view.run.simulation}`
  return `${page.paint('warn', 'SIMULATED')}: rehearsal cloud${what}; nothing of it is real`
}

/** The same above a text that is no run, as a list to spread: nothing in it when the cloud is real. */
export function simulatedLines(page: Page, simulation: string | undefined): readonly string[] {
  return simulation === undefined ? [] : [`${page.paint('warn', 'SIMULATED')}: ${simulation}; nothing of it is real`]
}
