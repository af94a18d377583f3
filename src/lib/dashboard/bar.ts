import type { ModelLoad } from '../domain/model-load.js'
import { formatPercent } from '../terminal/format.js'
import type { Glyphs } from '../terminal/glyphs.js'
import type { Stage } from '../view/stages.js'
import { loadWords } from '../words/watch.js'
import { span, type Row, type Span } from './row.js'
import { stageRole, stageWord, type Layout } from './scene.js'
import { widthOf } from './width.js'

type Counts = Readonly<Record<Stage, number>>

/** What has a share of the bar, in its order. Those that leave are on their way out of the sum. */
const shown = ['new', 'warming', 'starting', 'old', 'failing'] as const satisfies readonly Stage[]

const cells = {
  new: 'barFull',
  warming: 'barPart',
  starting: 'barPart',
  old: 'barEmpty',
  failing: 'bad',
} as const satisfies Record<(typeof shown)[number], keyof Glyphs>

/** The fleet as one bar: new, on their way, old, failing. What there is has at least one cell, when there is room. */
export function progressBar(counts: Counts, size: number, glyphs: Glyphs, atRest: boolean): Row {
  const total = shown.reduce((sum, stage) => sum + counts[stage], 0)
  if (total === 0) return [span(glyphs.barEmpty.repeat(size), 'dim')]
  const parts = shown.flatMap((stage) =>
    counts[stage] === 0 ? [] : [{ stage, exact: (counts[stage] / total) * size }],
  )
  const widths = parts.map(({ exact }) => Math.max(1, Math.floor(exact)))
  // What rounding left over goes to those that lost most by it; what it took too much, the widest give.
  let rest = size - widths.reduce((sum, width) => sum + width, 0)
  while (rest !== 0) {
    const losses = parts.map(({ exact }, index) => exact - (widths[index] ?? 0))
    const index = rest > 0 ? losses.indexOf(Math.max(...losses)) : widths.indexOf(Math.max(...widths))
    widths[index] = (widths[index] ?? 0) + Math.sign(rest)
    rest -= Math.sign(rest)
  }
  return parts.map(({ stage }, index) => {
    const glyph = glyphs[atRest && stage === 'old' ? 'barFull' : cells[stage]]
    return span(glyph.repeat(Math.max(0, widths[index] ?? 0)), stageRole(stage, atRest))
  })
}

/** In words, what fails comes first, and those that leave last. */
const counted = ['failing', 'starting', 'warming', 'new', 'old', 'leaving'] as const satisfies readonly Stage[]

/** How many targets are in which stage, with the sign that the bar has for it in words. */
export function stageCounts(counts: Counts, layout: Layout, gone: number, atRest: boolean): Row {
  const always: readonly Stage[] = atRest ? ['old'] : ['new', 'old']
  const named = counted
    .filter((stage) => counts[stage] > 0 || (always.includes(stage) && layout !== 'tiny'))
    .map((stage) => ({
      text: `${counts[stage]} ${stageWord(stage, atRest)}`,
      role: counts[stage] === 0 ? ('dim' as const) : stageRole(stage, atRest),
    }))
  const left = gone === 0 || layout === 'tiny' ? [] : [{ text: `${gone} gone`, role: 'dim' as const }]
  return [...named, ...left].flatMap((one, index): Span[] => (index === 0 ? [one] : [span(', '), one]))
}

/** How far a target is with its models, in at most that many columns: a bar where there is a measure, and words. */
export function loadCell(load: ModelLoad | undefined, width: number, glyphs: Glyphs): Row {
  if (load === undefined) return []
  const role =
    load.state === 'killed' ? 'bad' : load.downloads.length > 0 || load.state === 'downloading' ? 'warn' : undefined
  const { progress } = load
  const words = loadWords(load)
  const { model, ...unnamed } = load
  const named = model === undefined ? words : loadWords({ ...load, model: model.slice(model.lastIndexOf('/') + 1) })
  const fits = (...some: readonly string[]): string | undefined => some.find((one) => widthOf(one) <= width)
  if (progress === undefined || load.state === 'ready' || load.state === 'killed' || load.state === 'loaded') {
    // Why it was killed matters more than how that is known, and that something was downloaded more than what.
    return [span(fits(words, named, words.replace(/, downloaded .*/, ', downloaded')) ?? briefly(named), role)]
  }
  const share = progress.total === 0 ? 0 : Math.min(1, Math.max(0, progress.done / progress.total))
  const size = width < 16 ? 5 : 8
  const full = Math.floor(share * size)
  const bar = [span(glyphs.barFull.repeat(full), role ?? 'active'), span(glyphs.barEmpty.repeat(size - full), 'dim')]
  const short = `${load.state} ${formatPercent(100 * share)}`
  const room = width - size - 1
  const candidates = [words, named, loadWords(unnamed), short, formatPercent(100 * share)]
  const text = candidates.find((one) => widthOf(one) <= room) ?? ''
  return [...bar, span(` ${text}`, role)]
}

const briefly = (words: string): string => words.replace(/ \([^)]*\)$|, most likely .*/, '')
