import { checkRows, showsChecks, wantedCheckRows } from './check-pane.js'
import { footer } from './footer.js'
import { headerRows, type RankedRow } from './header.js'
import { helpRows } from './help.js'
import { logRows, rule } from './log-pane.js'
import { fitRow, type Row } from './row.js'
import { layoutOf, rollbackId, type Scene } from './scene.js'
import { firstTarget, scrolledTargetRows, targetRows, wantedTargetRows } from './target-table.js'
import type { Shown } from './ui.js'

/** The screen: as many rows as the terminal has, none wider than it. */
export function drawScreen(scene: Scene): readonly Row[] {
  const { rows, columns, glyphs } = scene
  const body = bodyOf(scene).slice(0, Math.max(0, rows - 1))
  const blank: Row[] = Array.from({ length: Math.max(0, rows - 1 - body.length) }, () => [])
  return [...body, ...blank, footer(scene)].slice(-rows).map((row) => fitRow(row, columns, glyphs.ellipsis))
}

/** What a key needs to know of the screen. */
export function shownOf(scene: Scene): Shown {
  const { targets: targetRoom, logs: logRoom } = roomOf(scene)
  return {
    logs: scene.logs,
    targets: scene.targets.length,
    logRows: Math.max(1, logRoom - 1),
    targetRows: Math.max(1, targetRoom - 1),
    rollbackTo: scene.canRollBack ? rollbackId(scene.view) : undefined,
  }
}

interface Room {
  readonly header: readonly RankedRow[]
  readonly targets: number
  readonly logs: number
}

/** How many rows each part has. */
function roomOf(scene: Scene): Room {
  const { ui, rows, columns } = scene
  const room = Math.max(0, rows - 1)
  const header = headerRows(scene)
  if (ui.page === 'help') return { header: [], targets: 0, logs: 0 }
  if (ui.page !== 'overview') {
    const kept = keep(header, 1)
    return ui.page === 'logs'
      ? { header: kept, targets: 0, logs: room - kept.length }
      : { header: kept, targets: room - kept.length - 1, logs: 0 }
  }
  // A person looks for the targets; with a little more room, for what they say.
  const body = rows < 16 ? Math.min(4, wantedTargetRows(scene)) : rows < 24 ? 8 : Math.ceil(room * 0.45)
  const kept = keep(header, Math.max(2, room - body))
  const left = room - kept.length - (columns >= 60 && rows >= 20 ? 1 : 0)
  const logsWanted = Math.min(paneRows(scene), left)
  const targets = Math.min(wantedTargetRows(scene), Math.max(Math.ceil(left * 0.6), left - logsWanted))
  const logs = left - targets
  return logs < 2 ? { header: kept, targets: left, logs: 0 } : { header: kept, targets, logs }
}

/** Rows that the pane below the targets could use. */
function paneRows(scene: Scene): number {
  if (showsChecks(scene.view)) return wantedCheckRows(scene)
  return scene.logTotal === 0 && layoutOf(scene.columns) === 'tiny' ? 0 : 1 + Math.max(3, scene.logs.length)
}

/** The rows of the lowest ranks, in their order. */
function keep(rows: readonly RankedRow[], room: number): readonly RankedRow[] {
  const kept = new Set(rows.toSorted((left, right) => left.rank - right.rank).slice(0, room))
  return rows.filter((row) => kept.has(row))
}

function bodyOf(scene: Scene): readonly Row[] {
  const { ui, rows, columns } = scene
  if (ui.page === 'help') return helpRows(scene)
  const room = roomOf(scene)
  const header = room.header.map(({ row }) => row)
  switch (ui.page) {
    case 'logs':
      return [...header, ...logRows(scene, room.logs)]
    case 'targets':
      return [...header, targetRule(scene, room.targets - 1), ...scrolledTargetRows(scene, room.targets)]
    case 'overview': {
      const gap: Row[] = columns >= 60 && rows >= 20 ? [[]] : []
      const pane = showsChecks(scene.view) ? checkRows(scene, room.logs) : logRows(scene, room.logs)
      return [...header, ...gap, ...targetRows(scene, room.targets), ...pane]
    }
  }
}

function targetRule(scene: Scene, rows: number): Row {
  const { targets, fleet, ui } = scene
  const wanted = targets.length === fleet.length ? '' : ` of ${fleet.length}`
  const which = ui.errorsOnly ? 'failing targets' : 'all targets'
  const filter = ui.filter === '' ? '' : ` with "${ui.filter}"`
  const from = firstTarget(scene, Math.max(0, rows))
  const place = targets.length <= rows ? '' : `${from + 1} to ${from + Math.max(0, rows)}`
  return rule(scene, `${which}${filter}, ${targets.length}${wanted}`, place)
}
