import type { Role } from '../terminal/colour.js'

/** What a person has chosen to see; nothing of the run itself. */
export interface Ui {
  readonly page: 'overview' | 'logs' | 'targets' | 'help'
  /** The line that is being typed, when one is. */
  readonly entry: { readonly kind: 'filter' | 'rollback'; readonly text: string } | undefined
  readonly filter: string
  readonly errorsOnly: boolean
  /** The number of the last log line on the screen; undefined follows the newest. */
  readonly logAt: number | undefined
  /** How many targets are scrolled past. */
  readonly targetAt: number
  /** What came of the last key, until the next one. */
  readonly message: { readonly text: string; readonly role: Role } | undefined
}

/** The first screen. */
export const initialUi: Ui = {
  page: 'overview',
  entry: undefined,
  filter: '',
  errorsOnly: false,
  logAt: undefined,
  targetAt: 0,
  message: undefined,
}

/** One key press. A `character` is what one printable key gives, `ctrl-…` a letter with Ctrl. */
export type Key =
  | { readonly name: 'character'; readonly character: string }
  | {
      readonly name: 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end' | 'enter' | 'escape' | 'backspace'
    }
  | { readonly name: 'ctrl-c' | 'ctrl-l' | 'ctrl-u' | 'ctrl-z' }

/** What a key asks for beyond the screen's own state. */
export type Intent =
  | { readonly kind: 'leave' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'repaint' }
  | { readonly kind: 'roll-back'; readonly release: string }

/** What the screen shows at the time of the key. */
export interface Shown {
  /** Numbers of the wanted log lines, oldest first. */
  readonly logs: readonly { readonly number: number }[]
  readonly targets: number
  /** Rows that log lines and targets have on the screen. */
  readonly logRows: number
  readonly targetRows: number
  /** The release that a rollback would go to; undefined when there is none, or nobody to ask for it. */
  readonly rollbackTo: string | undefined
}
