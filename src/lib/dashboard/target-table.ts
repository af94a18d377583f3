import { formatDuration } from '../terminal/format.js'
import { countStages, stages, warmupLeft, type StagedTarget } from '../view/stages.js'
import { loadCell } from './bar.js'
import { cell, fitRow, rowWidth, span, type Row } from './row.js'
import { isAtRest, layoutOf, stageRole, stageSign, stageWord, type Scene } from './scene.js'

/** One column of the table; the last one takes the room that is left. */
interface Column {
  readonly title: string
  readonly width: number
  readonly of: (scene: Scene, one: StagedTarget, width: number) => Row
}

const text =
  (words: (scene: Scene, one: StagedTarget) => string): Column['of'] =>
  (scene, one, width) => [cell(words(scene, one), width, scene.glyphs)]

const id = text((_scene, { seen }) => seen.target.id)
const zone = text((_scene, { seen }) => seen.target.zone)
const age = text(({ view }, { seen: { target } }) => (isAtRest(view) ? target.revision : target.isNew ? 'new' : 'old'))
const revision = text(({ view }, { seen: { target } }) =>
  isAtRest(view) ? target.revision : `${target.isNew ? 'new' : 'old'} ${target.revision}`,
)
const lifecycle = text((_scene, { seen }) => seen.target.lifecycle)
const health = text((_scene, { seen: { target } }) => (target.health === 'none' ? '-' : target.health))

const stage: Column['of'] = ({ view, glyphs }, one, width) => [
  cell(stageWord(one.stage, isAtRest(view)), width, glyphs, stageRole(one.stage, isAtRest(view))),
]

/** Ids that differ at their end, as an instance's do. */
const shortId: Column['of'] = ({ glyphs }, { seen }, width) => {
  const whole = seen.target.id
  const short = whole.length <= width ? whole : `${whole.slice(0, 2)}${glyphs.ellipsis}${whole.slice(3 - width)}`
  return [cell(short, width, glyphs)]
}

const warmup = text((scene, { seen }) => {
  const left = warmupLeft(scene.view, seen, scene.now)
  return left === undefined ? '' : left === 0 ? 'over' : formatDuration(left)
})

const since = text(({ now }, { seen: { target } }) =>
  target.launchedAt === undefined ? '' : formatDuration(now - Date.parse(target.launchedAt)),
)

const models: Column['of'] = ({ view, glyphs }, { seen }, width) =>
  fitRow(loadCell(view.loads.get(seen.target.id), width, glyphs), width, glyphs.ellipsis)

function noteOf({ seen: { target, note } }: StagedTarget): string {
  return [target.reason, note].filter((part) => part !== undefined && part !== '').join('; ')
}

const note = text((_scene, one) => noteOf(one))

/** The models where they tell something, else what else there is to say; what went wrong goes first. */
const modelsOrNote: Column['of'] = (scene, one, width) => {
  const load = scene.view.loads.get(one.seen.target.id)
  const words = noteOf(one)
  const ill = one.stage === 'failing' && load?.state !== 'killed'
  const tells = load !== undefined && !(ill && words !== '') && !(load.state === 'ready' && words !== '')
  return tells ? models(scene, one, width) : [cell(words, width, scene.glyphs)]
}

const columnsOf = {
  wide: [
    { title: 'TARGET', width: 19, of: id },
    { title: 'ZONE', width: 10, of: zone },
    { title: 'RELEASE', width: 8, of: revision },
    { title: 'LIFECYCLE', width: 13, of: lifecycle },
    { title: 'HEALTH', width: 9, of: health },
    { title: 'WARMUP', width: 7, of: warmup },
    { title: 'AGE', width: 7, of: since },
    { title: 'MODELS, NOTE', width: 0, of: modelsOrNote },
  ],
  medium: [
    { title: 'TARGET', width: 19, of: id },
    { title: 'RELEASE', width: 7, of: revision },
    { title: 'STAGE', width: 8, of: stage },
    { title: 'WARMUP', width: 7, of: warmup },
    { title: 'MODELS, NOTE', width: 0, of: modelsOrNote },
  ],
  narrow: [
    { title: 'TARGET', width: 8, of: shortId },
    { title: 'REL', width: 3, of: age },
    { title: 'STAGE', width: 8, of: stage },
    { title: 'MODELS, NOTE', width: 0, of: modelsOrNote },
  ],
  tiny: [
    { title: 'TARGET', width: 8, of: shortId },
    { title: 'STAGE', width: 0, of: stage },
  ],
} as const satisfies Record<string, readonly Column[]>

/** With this many columns, models and notes have one of their own each. */
const widest: readonly Column[] = [
  ...columnsOf.wide.slice(0, -1),
  { title: 'MODELS', width: 28, of: models },
  { title: 'NOTE', width: 0, of: note },
]

function columnsFor({ columns }: Scene): readonly Column[] {
  return columns >= 128 ? widest : columnsOf[layoutOf(columns)]
}

/** A heading and a row per target in at most that many rows: those that matter most, and the rest counted. */
export function targetRows(scene: Scene, rows: number): readonly Row[] {
  if (rows < 1) return []
  const { targets, view, glyphs } = scene
  const room = rows - 1
  if (targets.length <= room || room < 2) return tableRows(scene, targets.slice(0, room))
  const rest = restWords(targets.slice(room - 1), isAtRest(view))
  return [...tableRows(scene, targets.slice(0, room - 1)), [span(`${glyphs.ellipsis} ${rest}`, 'dim')]]
}

/** The same from some target on, as far as the rows go; at the end of the list they are full. */
export function scrolledTargetRows(scene: Scene, rows: number): readonly Row[] {
  const room = Math.max(0, rows - 1)
  const from = firstTarget(scene, room)
  return tableRows(scene, scene.targets.slice(from, from + room))
}

/** The place of the first target on the page of all targets. */
export function firstTarget({ targets, ui }: Scene, room: number): number {
  return Math.max(0, Math.min(ui.targetAt, targets.length - room))
}

function tableRows(scene: Scene, targets: readonly StagedTarget[]): readonly Row[] {
  const table = columnsFor(scene)
  return [heading(table, scene.columns, scene.glyphs.ellipsis), ...targets.map((one) => targetRow(scene, table, one))]
}

/** How many rows the table wants. */
export function wantedTargetRows({ targets }: Scene): number {
  return targets.length + 1
}

function heading(table: readonly Column[], columns: number, ellipsis: string): Row {
  const titles = table.map(({ title, width }) => (width === 0 ? title : title.padEnd(width).slice(0, width)))
  return fitRow([span(`  ${titles.join(' ')}`, 'dim')], columns, ellipsis)
}

function targetRow(scene: Scene, table: readonly Column[], one: StagedTarget): Row {
  const fixed = table.reduce((sum, { width }) => sum + width, 2 + table.length - 1)
  const last = Math.max(0, scene.columns - fixed)
  const cells = table.flatMap(({ width, of }, index) => {
    const spans = of(scene, one, width === 0 ? last : width)
    const used = rowWidth(spans)
    // A bar and its words may leave room in their cell.
    const filled = width > used ? [...spans, span(' '.repeat(width - used))] : spans
    return index === 0 ? filled : [span(' '), ...filled]
  })
  return [stageSign(one.stage, isAtRest(scene.view), scene.glyphs), span(' '), ...cells]
}

function restWords(rest: readonly StagedTarget[], atRest: boolean): string {
  const counts = countStages(rest)
  const named = stages.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${stageWord(name, atRest)}`)
  return `${rest.length} more: ${named.join(', ')}`
}
