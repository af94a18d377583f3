import type { Role } from '../terminal/colour.js'
import type { View } from '../view/view.js'
import { rule } from './log-pane.js'
import { span, type Row } from './row.js'
import { layoutOf, type Scene } from './scene.js'

interface Line {
  readonly group: string
  readonly name: string
  readonly result: 'ok' | 'warn' | 'fail' | 'skip'
  readonly detail: string
}

const signs = {
  ok: ['good', 'good'],
  warn: ['warn', 'warn'],
  fail: ['bad', 'bad'],
  skip: ['skip', 'dim'],
} as const satisfies Record<Line['result'], readonly [string, Role]>

/** What is worst comes first where there is not room for all. */
const severity: readonly Line['result'][] = ['fail', 'warn', 'skip', 'ok']

const checksOf = ({ checks }: View): readonly Line[] =>
  checks.filter(({ phase }) => phase === 'verify').map((check) => ({ ...check, group: '' }))

/** The criteria when the release is verified, the checks as they end before that. */
const linesOf = (view: View): readonly Line[] => {
  const criteria = view.verification?.criteria ?? []
  return criteria.length > 0 ? criteria : checksOf(view)
}

/** True when the verification is what there is to see: from its begin on, but not while the fleet goes back. */
export function showsChecks(view: View): boolean {
  const isGoingBack = view.phases.some(({ phase, state }) => phase === 'rollback' && state === 'running')
  return !isGoingBack && linesOf(view).length > 0
}

/** `12 ok, 1 fail`: only what there is. */
function countWords(lines: readonly Line[]): string {
  const counts = (['ok', 'warn', 'fail', 'skip'] as const).map(
    (result) => [lines.filter((line) => line.result === result).length, result] as const,
  )
  return counts.flatMap(([count, result]) => (count === 0 ? [] : [`${count} ${result}`])).join(', ')
}

/** How many checks were made and what failed; empty before the first. */
export function verifySpans({ view, glyphs }: Scene): Row {
  const checks = checksOf(view)
  if (checks.length === 0) return []
  const hasFailed = checks.some(({ result }) => result === 'fail')
  const state = hasFailed ? 'bad' : view.verification === undefined ? 'active' : 'good'
  return [span(glyphs[state], state), span(` ${checks.length} checks: ${countWords(checks)}`)]
}

/** Rows that the pane could use. */
export function wantedCheckRows(scene: Scene): number {
  return 1 + bodyRows(scene, linesOf(scene.view), true).length
}

/** The checks or criteria in exactly that many rows, a line that names them above them. */
export function checkRows(scene: Scene, rows: number): readonly Row[] {
  if (rows < 1) return []
  const lines = linesOf(scene.view)
  const hasCriteria = lines.some(({ group }) => group !== '')
  const title = hasCriteria ? 'success criteria' : 'checks of what serves now'
  const body = fitting(scene, lines, rows - 1)
  const blank: Row[] = Array.from({ length: Math.max(0, rows - 1 - body.length) }, () => [])
  return [rule(scene, title, countWords(lines)), ...body, ...blank]
}

/** All where there is room, then all without their groups, then the worst and the newest. */
function fitting(scene: Scene, lines: readonly Line[], rows: number): readonly Row[] {
  const whole = [bodyRows(scene, lines, true), bodyRows(scene, lines, false)].find((body) => body.length <= rows)
  if (whole !== undefined) return whole
  const newestFirst = lines.toReversed()
  const worst = severity.flatMap((result) => newestFirst.filter((line) => line.result === result))
  const kept = new Set(worst.slice(0, Math.max(0, rows - 1)))
  const left = lines.filter((line) => !kept.has(line))
  return [
    ...bodyRows(
      scene,
      lines.filter((line) => kept.has(line)),
      false,
    ),
    ...(rows < 1 ? [] : [[span(`${scene.glyphs.ellipsis} ${left.length} more: ${countWords(left)}`, 'dim')]]),
  ]
}

function bodyRows(scene: Scene, lines: readonly Line[], withGroups: boolean): readonly Row[] {
  const width = Math.max(0, ...lines.map(({ name }) => name.length))
  return lines.flatMap((line, index) => {
    const isNew = withGroups && line.group !== '' && line.group !== lines[index - 1]?.group
    return [...(isNew ? [[span(line.group, 'dim')]] : []), lineRow(scene, line, width)]
  })
}

function lineRow({ columns, glyphs }: Scene, { name, result, detail }: Line, width: number): Row {
  const [glyph, role] = signs[result]
  const layout = layoutOf(columns)
  const hasDetail = layout === 'wide' || layout === 'medium'
  const text = hasDetail ? `${name.padEnd(Math.min(width, Math.floor(columns / 2)))}  ${detail}` : name
  return [span(`${glyphs[glyph]} ${result.padEnd(4)}`, role), span(` ${text}`, result === 'skip' ? 'dim' : undefined)]
}
