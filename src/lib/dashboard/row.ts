import type { Paint, Role } from '../terminal/colour.js'
import type { Glyphs } from '../terminal/glyphs.js'
import { fit, pad, settle, widthOf } from './width.js'

/** A stretch of one row that is coloured alike. */
export interface Span {
  readonly text: string
  readonly role?: Role
}

/** One row of the screen. */
export type Row = readonly Span[]

/** Text in its role. */
export function span(text: string, role?: Role): Span {
  return role === undefined ? { text } : { text, role }
}

/** Columns that the row takes. */
export function rowWidth(row: Row): number {
  return row.reduce((sum, { text }) => sum + widthOf(settle(text)), 0)
}

/** The row cut to that many columns. */
export function fitRow(row: Row, width: number, ellipsis: string): Row {
  if (rowWidth(row) <= width) return row.map((one) => ({ ...one, text: settle(one.text) }))
  const fitted: Span[] = []
  let left = width
  for (const one of row) {
    const text = settle(one.text)
    const wide = widthOf(text)
    // The sign of the cut needs a column that the last whole stretch may have taken.
    if (wide < left) {
      fitted.push({ ...one, text })
      left -= wide
      continue
    }
    fitted.push({ ...one, text: fit(wide === left ? `${text}  ` : text, left, ellipsis) })
    break
  }
  return fitted
}

/** Two rows beside each other, the second at the right edge; where both do not fit, the first is cut. */
export function beside(left: Row, right: Row, width: number, ellipsis: string): Row {
  const kept = fitRow(right, width, ellipsis)
  const taken = rowWidth(kept)
  const room = width - taken - (taken === 0 ? 0 : 2)
  if (room < 1) return kept
  const fitted = fitRow(left, room, ellipsis)
  return [...fitted, span(' '.repeat(width - taken - rowWidth(fitted))), ...kept]
}

/**
 * As much of an id as tells it apart: instances differ at their end, `i-…e5e07`, tasks at their beginning. The same
 * everywhere on a screen, so that a person finds a target of the table in the log.
 */
export function shortId(id: string, width: number, ellipsis: string): string {
  if (id.length <= width) return id
  if (!id.startsWith('i-')) return fit(id, width, ellipsis)
  return `i-${ellipsis}${id.slice(2 + widthOf(ellipsis) - width)}`
}

/** A cell of a table. */
export function cell(text: string, width: number, glyphs: Glyphs, role?: Role): Span {
  return span(pad(text, width, glyphs.ellipsis), role)
}

/** The row as text in its colours. */
export function paintRow(row: Row, paint: Paint): string {
  return row.map(({ text, role }) => (role === undefined || text.trim() === '' ? text : paint(role, text))).join('')
}

/** The row as text without colours. */
export function rowText(row: Row): string {
  return row.map(({ text }) => text).join('')
}
