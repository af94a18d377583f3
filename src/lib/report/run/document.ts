import { formatDuration } from '../../terminal/format.js'
import type { BarRow } from './chart.js'
import type { FleetStep } from './story.js'

/** A sign with its meaning; the word stands beside it in the text. */
export type Mark = 'good' | 'bad' | 'warn' | 'skip' | 'active' | 'waiting'

/** One value of a report. */
export interface Cell {
  readonly text: string
  readonly mark?: Mark
  /** Names and ids of machines, as they are. */
  readonly code?: true
  /** The exact figure behind the text: milliseconds, or a count. */
  readonly value?: number
  readonly link?: string
}

/** A column; figures stand at its right edge. */
export interface Column {
  readonly title: string
  readonly figures?: true
}

export interface Table {
  readonly kind: 'table'
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** True for the text of what a chart beside it shows: it is there to be opened. */
  readonly folded?: true
}

export interface BarChart {
  readonly kind: 'bars'
  readonly id: string
  readonly title: string
  readonly description: string
  readonly rows: readonly BarRow[]
  /** Milliseconds from its left edge to its right. */
  readonly total: number
  /** What the kinds of its bars mean, where the rows do not say it themselves. */
  readonly legend?: readonly { readonly kind: string; readonly words: string }[]
}

export interface FleetChart {
  readonly kind: 'fleet'
  readonly id: string
  readonly title: string
  readonly description: string
  readonly steps: readonly FleetStep[]
  readonly from: number
  readonly to: number
  readonly wanted: number | undefined
}

/** A part of a section. */
export type Block =
  | Table
  | BarChart
  | FleetChart
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [label: string, value: Cell])[] }
  | { readonly kind: 'note'; readonly text: string; readonly mark?: Mark }
  | { readonly kind: 'list'; readonly title: string; readonly items: readonly Cell[] }
  | { readonly kind: 'lines'; readonly title: string; readonly lines: readonly string[] }

export interface Section {
  readonly id: string
  readonly title: string
  readonly blocks: readonly Block[]
  /** True for what belongs into a comment of a pull request, too. */
  readonly brief?: true
}

/** The report of one run, in words and figures; how it looks is left to who writes it. */
export interface RunDocument {
  readonly title: string
  /** What is simulated; undefined when the cloud is real. */
  readonly simulation: string | undefined
  readonly verdict: Cell
  /** What was said at the end. */
  readonly message: string
  readonly sections: readonly Section[]
  readonly closing: string
}

/** `2026-11-20 09:00:00 UTC` of a moment in milliseconds since 1970. */
export function momentText(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? 'unknown' : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** A duration in milliseconds, or a dash for what nobody measured. */
export function timeCell(time: number | undefined): Cell {
  return time === undefined ? { text: '-' } : { text: formatDuration(time), value: time }
}

/** A number of things. */
export function countCell(count: number): Cell {
  return { text: String(count), value: count }
}
