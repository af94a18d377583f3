import { formatDuration } from '../terminal/format.js'
import { beside, rowWidth, span, type Row } from './row.js'
import { layoutOf, rollbackId, type Scene } from './scene.js'

/** Data older than this, by the run's clock, is said to be old. */
const staleAfter = 20_000

/** The last row: what the keys do, what a key has done, or what is being typed; and how old it all is. */
export function footer(scene: Scene): Row {
  const { columns, glyphs, ui } = scene
  const right = ui.entry === undefined ? age(scene) : []
  return beside(left(scene, columns - rowWidth(right) - 2), right, columns, glyphs.ellipsis)
}

function left(scene: Scene, room: number): Row {
  const { ui } = scene
  if (ui.entry?.kind === 'filter') {
    return [
      span('/', 'active'),
      span(ui.entry.text),
      span('_', 'active'),
      span('  Enter keeps it, Esc clears it', 'dim'),
    ]
  }
  if (ui.entry?.kind === 'rollback') {
    const id = rollbackId(scene.view) ?? ''
    const question =
      layoutOf(scene.columns) === 'wide'
        ? `Roll back to ${id}? Type that id and Enter, Esc cancels: `
        : `Type ${id} to roll back: `
    return [span(question, 'warn'), span(ui.entry.text), span('_', 'active')]
  }
  if (ui.message !== undefined) return [span(ui.message.text, ui.message.role)]
  return [span(scene.keys ? keyHelp(scene, room) : 'Ctrl-C leaves', 'dim')]
}

/** As many keys as there is room for; the ways out and to the help are always there. */
function keyHelp({ ui, canRollBack }: Scene, room: number): string {
  const back = ui.page === 'overview' ? [] : ['Esc back']
  const keys = ['l logs', '/ filter', ...(canRollBack ? ['R roll back'] : []), 'e errors', 'i all targets', 'f follow']
  const text = (count: number): string =>
    [...back, 'q detach', ...(ui.page === 'help' ? [] : keys.slice(0, count)), '? help'].join('  ')
  for (let count = keys.length; count > 0; count -= 1) if (text(count).length <= room) return text(count)
  return text(0)
}

function age({ view, now, columns }: Scene): Row {
  if (view.lastEventAt === undefined) return [span('no event yet', 'dim')]
  const old = Math.max(0, now - view.lastEventAt)
  const words = `${columns < 60 ? '' : 'last event '}${formatDuration(Math.floor(old / 1000) * 1000)} ago`
  return [
    span(
      old < 1000 ? words.replace('0ms', '0s') : words.replace('.0s', 's'),
      old < staleAfter || view.ending !== undefined ? 'dim' : 'warn',
    ),
  ]
}
