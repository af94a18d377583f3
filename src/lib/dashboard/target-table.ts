import { formatDuration } from '../terminal/format.js'
import { countStages, stages, warmupLeft, type StagedTarget } from '../view/stages.js'
import { loadCell } from './bar.js'
import { cell, fitRow, rowWidth, shortId, span, type Row } from './row.js'
import { isAtRest, layoutOf, stageRole, stageSign, stageWord, type Scene } from './scene.js'

/** One column of the table; the last one takes the room that is left. */
interface Column {
  readonly title: string
  readonly width: number
  /** What the widest of its cells wants, where that differs from fleet to fleet; never less than the width. */
  readonly wants?: (scene: Scene, one: StagedTarget) => number
  readonly of: (scene: Scene, one: StagedTarget, width: number) => Row
}

const text =
  (words: (scene: Scene, one: StagedTarget) => string): Column['of'] =>
  (scene, one, width) => [cell(words(scene, one), width, scene.glyphs)]

const id: Column['of'] = ({ glyphs }, { seen }, width) => [
  cell(shortId(seen.target.id, width, glyphs.ellipsis), width, glyphs),
]
const zone = text((_scene, { seen }) => seen.target.zone)
const age = text(({ view }, { seen: { target } }) => (isAtRest(view) ? target.revision : target.isNew ? 'new' : 'old'))
const revisionOf = ({ view }: Scene, { seen: { target } }: StagedTarget): string =>
  isAtRest(view) ? target.revision : `${target.isNew ? 'new' : 'old'} ${target.revision}`
const revision = text(revisionOf)
const lifecycle = text((_scene, { seen }) => seen.target.lifecycle)

const health: Column['of'] = ({ glyphs }, { seen: { target }, stage: at }, width) => [
  cell(target.health === 'none' ? '-' : target.health, width, glyphs, at === 'failing' ? 'bad' : undefined),
]

const stage: Column['of'] = ({ view, glyphs }, one, width) => [
  cell(stageWord(one.stage, isAtRest(view)), width, glyphs, stageRole(one.stage, isAtRest(view))),
]

const warmup = text((scene, { seen }) => {
  const left = warmupLeft(scene.view, seen, scene.now)
  return left === undefined ? '' : left === 0 ? 'over' : formatDuration(left)
})

const since = text(({ now }, { seen: { target } }) =>
  target.launchedAt === undefined ? '' : ageWords(now - Date.parse(target.launchedAt)),
)

const hour = 3_600_000

/** Of what is older than two days, nobody asks for the minutes. */
function ageWords(milliseconds: number): string {
  const hours = Math.floor(milliseconds / hour)
  return hours < 48 ? formatDuration(milliseconds) : `${Math.floor(hours / 24)}d ${hours % 24}h`
}

const models: Column['of'] = ({ view, glyphs }, { seen }, width) =>
  fitRow(loadCell(view.loads.get(seen.target.id), width, glyphs), width, glyphs.ellipsis)

function noteOf({ seen: { target, note } }: StagedTarget): string {
  return [target.reason, note].filter((part) => part !== undefined && part !== '').join('; ')
}

/**
 * A note in as many columns. The load balancer's code says what its text says, but for the statuses in brackets.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/check-target-health.html
 */
function shortNote(one: StagedTarget, width: number): string {
  const whole = noteOf(one)
  const code = whole.replace(/^((?:Target|Elb)\.\w+): [^;[]*(\[[^\]]*\])?/, (_all, first: string, statuses?: string) =>
    statuses === undefined ? first : `${first} ${statuses}`,
  )
  const bare = code.replace(/^(?:Target|Elb)\./, '')
  return [whole, code].find((words) => words.length <= width) ?? bare
}

const note: Column['of'] = ({ glyphs }, one, width) => [
  // What a target that starts lacks is no fault yet.
  cell(shortNote(one, width), width, glyphs, one.stage === 'starting' ? 'dim' : undefined),
]

/** The models where they tell something, else what else there is to say; what went wrong goes first. */
const modelsOrNote: Column['of'] = (scene, one, width) => {
  const load = scene.view.loads.get(one.seen.target.id)
  const words = noteOf(one)
  const ill = one.stage === 'failing' && load?.state !== 'killed'
  const tells = load !== undefined && !(ill && words !== '') && !(load.state === 'ready' && words !== '')
  return tells ? models(scene, one, width) : note(scene, one, width)
}

const zoneWidth: Column['wants'] = (_scene, { seen }) => Math.min(15, seen.target.zone.length)
const revisionWidth: Column['wants'] = (scene, one) => Math.min(18, revisionOf(scene, one).length)

const columnsOf = {
  wide: [
    { title: 'TARGET', width: 19, of: id },
    { title: 'ZONE', width: 10, of: zone, wants: zoneWidth },
    { title: 'RELEASE', width: 8, of: revision, wants: revisionWidth },
    { title: 'LIFECYCLE', width: 13, of: lifecycle },
    { title: 'HEALTH', width: 9, of: health },
    { title: 'WARMUP', width: 7, of: warmup },
    { title: 'AGE', width: 7, of: since },
    { title: 'MODELS, NOTE', width: 0, of: modelsOrNote },
  ],
  medium: [
    { title: 'TARGET', width: 19, of: id },
    { title: 'RELEASE', width: 7, of: revision, wants: revisionWidth },
    { title: 'STAGE', width: 8, of: stage },
    { title: 'WARMUP', width: 7, of: warmup },
    { title: 'MODELS, NOTE', width: 0, of: modelsOrNote },
  ],
  narrow: [
    { title: 'TARGET', width: 8, of: id },
    { title: 'REL', width: 3, of: age },
    { title: 'STAGE', width: 8, of: stage },
    { title: 'MODELS, NOTE', width: 0, of: modelsOrNote },
  ],
  tiny: [
    { title: 'TARGET', width: 8, of: id },
    { title: 'STAGE', width: 0, of: stage },
  ],
} as const satisfies Record<string, readonly Column[]>

/** With fewer columns than a terminal has by habit, what a target does matters more than its whole id. */
const close: readonly Column[] = [
  { title: 'TARGET', width: 8, of: id },
  { title: 'REL', width: 3, of: age },
  ...columnsOf.medium.slice(2),
]

/** With this many columns, models and notes have one of their own each. */
const widest: readonly Column[] = [
  ...columnsOf.wide.slice(0, -1),
  { title: 'MODELS', width: 28, of: models },
  { title: 'NOTE', width: 0, of: note },
]

function columnsFor(scene: Scene): readonly Column[] {
  const { columns, fleet } = scene
  const layout = layoutOf(columns)
  const table: readonly Column[] =
    columns >= 128 ? widest : layout === 'medium' && columns < 80 ? close : columnsOf[layout]
  return table.map((column) =>
    column.wants === undefined
      ? column
      : {
          ...column,
          width: fleet.reduce((most, one) => Math.max(most, column.wants?.(scene, one) ?? 0), column.width),
        },
  )
}

/** A heading and a row per target in at most that many rows: those that matter most, and the rest counted. */
export function targetRows(scene: Scene, rows: number): readonly Row[] {
  const { targets, fleet, view, glyphs } = scene
  if (rows < 1 || fleet.length === 0) return []
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
export function wantedTargetRows({ targets, fleet }: Scene): number {
  return fleet.length === 0 ? 0 : targets.length + 1
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
