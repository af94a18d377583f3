import { formatDuration } from '../../terminal/format.js'
import { markup, type Markup, type Part } from './markup.js'

/** Where on the width of a chart a moment is, as a percentage; `at` of `total`, both from the same zero. */
export function percent(at: number, total: number): number {
  if (!(total > 0) || !Number.isFinite(at)) return 0
  return Math.round(10_000 * Math.min(1, Math.max(0, at / total))) / 100
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400].map(
  (s) => s * 1000,
)

/** The moments that an axis of so many milliseconds names: at most six, and round. */
function ticks(total: number): readonly number[] {
  const step = steps.find((one) => total / one <= 5) ?? total / 4
  if (!(step > 0)) return [0]
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step)
}

/** `0`, `5m`, `1h 30m`: a moment of an axis is round. */
const tickText = (at: number): string => (at === 0 ? '0' : formatDuration(at).replace(/ 00[sm]$/, ''))

/** One chart with a name and a description for who cannot see it. Widths inside are percentages, so that text keeps its size. */
export function figure(
  {
    id,
    title,
    description,
    height,
  }: { readonly id: string; readonly title: string; readonly description: string; readonly height: number },
  drawing: Part,
): Markup {
  return markup`<svg role="img" aria-labelledby="${id}-title ${id}-desc" width="100%" height="${height}" class="chart">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>
${drawing}</svg>`
}

/** The axis of time below a drawing that ends at `bottom`, with a line up to `top` at each of its moments. */
export function timeAxis(total: number, top: number, bottom: number): readonly Markup[] {
  const shown = ticks(total)
  return shown.map((at) => {
    const x = percent(at, total)
    // A word in the middle of a line at the very edge would be cut.
    const anchor = x < 4 ? 'start' : x > 94 ? 'end' : 'middle'
    return markup`<line class="grid" x1="${x}%" x2="${x}%" y1="${top}" y2="${bottom}"/><text class="tick" x="${x}%" y="${bottom + 16}" text-anchor="${anchor}">${tickText(at)}</text>`
  })
}

/** A stretch of a row; `kind` is a class of the style sheet. */
export interface Bar {
  readonly from: number
  readonly to: number
  readonly kind: string
  readonly words: string
}

/** A row of bars under its name, with a figure at the right. */
export interface BarRow {
  readonly label: string
  readonly figure: string
  readonly bars: readonly Bar[]
}

const rowHeight = 38

/** Rows of bars over an axis of time, `total` milliseconds long. */
export function barChart(
  about: { readonly id: string; readonly title: string; readonly description: string },
  rows: readonly BarRow[],
  total: number,
): Markup {
  const bottom = rows.length * rowHeight + 4
  return figure({ ...about, height: bottom + 24 }, [
    timeAxis(total, 0, bottom),
    rows.map(({ label, figure: figures, bars }, index) => {
      const top = index * rowHeight
      return [
        markup`<text class="label" x="0" y="${top + 16}">${label}</text><text class="figure" x="100%" y="${top + 16}" text-anchor="end">${figures}</text>
`,
        bars.map((bar) => barMarkup(bar, top + 22, total)),
      ]
    }),
  ])
}

function barMarkup({ from, to, kind, words }: Bar, y: number, total: number): Markup {
  const x = percent(from, total)
  const width = Math.max(0, Math.round(100 * (percent(to, total) - x)) / 100)
  // What is too short to be seen as wide is still a line.
  return markup`<rect class="${kind}" x="${x}%" y="${y}" width="${width}%" height="10"><title>${words}</title></rect><line class="${kind}" x1="${x}%" x2="${x}%" y1="${y}" y2="${y + 10}"/>
`
}
