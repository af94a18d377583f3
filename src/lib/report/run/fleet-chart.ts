import type { TargetCounts } from '../../view/standing.js'
import { figure, percent, timeAxis } from './chart.js'
import type { FleetChart } from './document.js'
import { markup, type Markup } from './markup.js'

const height = 180
const top = 18

/** From the bottom up: those that serve, then those that do not. Each has a texture of its own beside its colour. */
const layers = ['old', 'new', 'starting', 'leaving', 'failing'] as const satisfies readonly (keyof TargetCounts)[]

const all = (counts: TargetCounts): number => layers.reduce((sum, layer) => sum + counts[layer], 0)

/** The targets of a run, stacked by where they stand, over its time. */
export function fleetChart(chart: FleetChart): Markup {
  const { id, steps, from, to, wanted } = chart
  const total = Math.max(1, to - from)
  const most = Math.max(1, wanted ?? 0, ...steps.map(({ counts }) => all(counts)))
  const bottom = top + height
  const y = (count: number): number => Math.round(100 * (bottom - (height * count) / most)) / 100
  const areas = steps.map(({ at, counts }, index) => {
    const x = percent(at - from, total)
    const width = Math.round(100 * (percent((steps[index + 1]?.at ?? to) - from, total) - x)) / 100
    if (width <= 0) return []
    let below = 0
    return layers.map((layer) => {
      const count = counts[layer]
      below += count
      if (count === 0) return ''
      const tall = Math.round(100 * (y(below - count) - y(below))) / 100
      return markup`<rect fill="url(#${id}-${layer})" x="${x}%" y="${y(below)}" width="${width}%" height="${tall}"><title>${count} ${layer}</title></rect>
`
    })
  })
  const level = (count: number, kind: string): Markup =>
    markup`<line class="${kind}" x1="0" x2="100%" y1="${y(count)}" y2="${y(count)}"/>`
  return markup`${figure({ ...chart, height: bottom + 24 }, [
    patterns(id),
    timeAxis(total, top, bottom),
    level(0, 'grid'),
    areas,
    wanted === undefined
      ? []
      : [
          level(wanted, 'wanted'),
          markup`<text class="tick" x="100%" y="${y(wanted) - 4}" text-anchor="end">${wanted} wanted</text>`,
        ],
    wanted === most
      ? []
      : [level(most, 'grid'), markup`<text class="tick" x="0" y="${y(most) - 4}">${most} at most</text>`],
  ])}
<ul class="legend">${layers.map((layer) => markup`<li class="${layer}">${words[layer]}</li>`)}</ul>`
}

const words = {
  old: 'old, serving',
  new: 'new, serving',
  starting: 'starting (stripes)',
  leaving: 'leaving (dots)',
  failing: 'failing (crosses)',
} as const

function patterns(id: string): Markup {
  const frame = (layer: string, drawing: Markup): Markup =>
    markup`<pattern id="${id}-${layer}" width="7" height="7" patternUnits="userSpaceOnUse"><rect class="fleet-paper" width="7" height="7"/>${drawing}</pattern>
`
  return markup`<defs>${[
    frame('old', markup`<rect class="fleet-old" width="7" height="7"/>`),
    frame('new', markup`<rect class="fleet-new" width="7" height="7"/>`),
    frame('starting', markup`<path class="fleet-starting" d="M-1 8 8 -1M-1 1 1 -1M6 8 8 6"/>`),
    frame('leaving', markup`<circle class="fleet-leaving" cx="3.5" cy="3.5" r="1.6"/>`),
    frame(
      'failing',
      markup`<path class="fleet-failing" d="M-1 8 8 -1M-1 1 1 -1M6 8 8 6M-1 -1 8 8M6 -1 8 1M-1 6 1 8"/>`,
    ),
  ]}</defs>`
}
