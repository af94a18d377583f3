import type { Intent, Key, Shown, Ui } from './ui.js'

/** The screen's state after a key, and what the key asks for. */
export interface Pressed {
  readonly ui: Ui
  readonly intent?: Intent
}

/** Longest text that a person can enter. */
const longestEntry = 200

/** What a key does. Keys that mean nothing here change nothing. */
export function press(ui: Ui, key: Key, shown: Shown): Pressed {
  const calm = ui.message === undefined ? ui : { ...ui, message: undefined }
  switch (key.name) {
    case 'ctrl-c':
      return { ui: calm, intent: { kind: 'leave' } }
    case 'ctrl-z':
      return { ui: calm, intent: { kind: 'suspend' } }
    case 'ctrl-l':
      return { ui: calm, intent: { kind: 'repaint' } }
    default:
      return ui.entry === undefined ? browse(calm, key, shown) : edit(calm, ui.entry, key, shown)
  }
}

/** Text that arrives at once belongs into the line that is being typed; elsewhere it means nothing. */
export function paste(ui: Ui, text: string): Ui {
  if (ui.entry === undefined) return ui
  return withEntry(ui, ui.entry, ui.entry.text + (text.split(/[\r\n]/, 1)[0] ?? '').trim())
}

function withEntry(ui: Ui, entry: NonNullable<Ui['entry']>, text: string): Ui {
  const next = { ...ui, entry: { ...entry, text: text.slice(0, longestEntry) } }
  // A filter works while it is typed.
  return entry.kind === 'filter' ? { ...next, filter: next.entry.text, logAt: undefined, targetAt: 0 } : next
}

function edit(ui: Ui, entry: NonNullable<Ui['entry']>, key: Key, shown: Shown): Pressed {
  switch (key.name) {
    case 'character':
      return { ui: withEntry(ui, entry, entry.text + key.character) }
    case 'backspace':
      return { ui: withEntry(ui, entry, Array.from(entry.text).slice(0, -1).join('')) }
    case 'ctrl-u':
      return { ui: withEntry(ui, entry, '') }
    case 'escape':
      return { ui: { ...withEntry(ui, entry, ''), entry: undefined } }
    case 'enter':
      return entry.kind === 'filter' ? { ui: { ...ui, entry: undefined } } : confirmRollback(ui, entry.text, shown)
    case 'up':
    case 'down':
    case 'page-up':
    case 'page-down':
    case 'home':
    case 'end':
      return entry.kind === 'filter' ? { ui: move(ui, key.name, shown) } : { ui }
    default:
      return { ui }
  }
}

function confirmRollback(ui: Ui, typed: string, { rollbackTo }: Shown): Pressed {
  const closed = { ...ui, entry: undefined }
  if (rollbackTo !== undefined && typed === rollbackTo) {
    const message = { text: `asking to roll back to ${rollbackTo}`, role: 'active' } as const
    return { ui: { ...closed, message }, intent: { kind: 'roll-back', release: rollbackTo } }
  }
  return { ui: { ...closed, message: { text: 'not rolled back: that is not the id', role: 'warn' } } }
}

function browse(ui: Ui, key: Key, shown: Shown): Pressed {
  switch (key.name) {
    case 'character':
      return letter(ui, key.character, shown)
    case 'escape':
      if (ui.page !== 'overview') return { ui: { ...ui, page: 'overview', targetAt: 0 } }
      return { ui: { ...ui, filter: '', errorsOnly: false, logAt: undefined, targetAt: 0 } }
    case 'up':
    case 'down':
    case 'page-up':
    case 'page-down':
    case 'home':
    case 'end':
      return { ui: move(ui, key.name, shown) }
    default:
      return { ui }
  }
}

function letter(ui: Ui, character: string, shown: Shown): Pressed {
  switch (character) {
    case 'q':
      return { ui, intent: { kind: 'leave' } }
    case 'l':
      return { ui: toggle(ui, 'logs') }
    case 'i':
      return { ui: toggle(ui, 'targets') }
    case '?':
      return { ui: toggle(ui, 'help') }
    case '/':
      return { ui: { ...ui, entry: { kind: 'filter', text: ui.filter } } }
    case 'f':
      return { ui: { ...ui, logAt: ui.logAt === undefined ? shown.logs.at(-1)?.number : undefined } }
    case 'e':
      return { ui: { ...ui, errorsOnly: !ui.errorsOnly, logAt: undefined, targetAt: 0 } }
    case 'R':
      if (shown.rollbackTo !== undefined) return { ui: { ...ui, entry: { kind: 'rollback', text: '' } } }
      return { ui: { ...ui, message: { text: 'there is no rollout here to roll back', role: 'warn' } } }
    default:
      return { ui }
  }
}

function toggle(ui: Ui, page: Ui['page']): Ui {
  return { ...ui, page: ui.page === page ? 'overview' : page, targetAt: 0 }
}

type Move = 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end'

function step(name: Move, rows: number, all: number): number {
  const page = Math.max(1, rows - 1)
  return { up: -1, down: 1, 'page-up': -page, 'page-down': page, home: -all, end: all }[name]
}

function move(ui: Ui, name: Move, shown: Shown): Ui {
  if (ui.page === 'help') return ui
  if (ui.page === 'targets') {
    const last = Math.max(0, shown.targets - shown.targetRows)
    const at = Math.min(ui.targetAt, last) + step(name, shown.targetRows, shown.targets)
    return { ...ui, targetAt: Math.min(last, Math.max(0, at)) }
  }
  const { logs, logRows } = shown
  const end = logs.length - 1
  const { logAt } = ui
  // A line that the ring has let go was before all that it keeps.
  const from =
    logAt === undefined
      ? end
      : Math.max(
          0,
          logs.findLastIndex(({ number }) => number <= logAt),
        )
  const to = Math.min(end, Math.max(Math.min(end, logRows - 1), from + step(name, logRows, logs.length)))
  return { ...ui, logAt: to >= end ? undefined : logs[to]?.number }
}
