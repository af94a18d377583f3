import { styleText } from 'node:util'
import { isSwitchedOn, type Environment } from './progress.js'

export interface ColourQuestion {
  /** True when `--no-color` was given. */
  readonly noColourFlag?: boolean
  readonly env: Environment
  /** Whether the stream that is to be coloured is a terminal. */
  readonly isTty: boolean
}

/**
 * Whether to colour a stream. What forbids colour wins over what asks for it: `--no-color`, then NO_COLOR
 * (https://no-color.org: set and not empty), FORCE_COLOR and CLICOLOR_FORCE, CLICOLOR=0
 * (https://bixense.com/clicolors/), TERM=dumb, and last whether it is a terminal.
 */
export function chooseColour({ noColourFlag = false, env, isTty }: ColourQuestion): boolean {
  if (noColourFlag || (env['NO_COLOR'] ?? '') !== '') return false
  const force = env['FORCE_COLOR']
  // FORCE_COLOR without a value asks for colour, as Node itself reads it.
  if (force !== undefined) return force === '' || isSwitchedOn(force)
  if (isSwitchedOn(env['CLICOLOR_FORCE'])) return true
  return env['CLICOLOR'] !== '0' && env['TERM'] !== 'dumb' && isTty
}

/** What a piece of text is, and so how it is coloured; a word or a glyph always says the same. */
export type Role = 'good' | 'bad' | 'warn' | 'active' | 'dim' | 'strong'

/** Colours text by its role, or leaves it as it is. */
export type Paint = (role: Role, text: string) => string

const styles = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  active: 'cyan',
  dim: 'dim',
  strong: 'bold',
} as const satisfies Record<Role, Parameters<typeof styleText>[0]>

/** A {@link Paint} for a stream that is coloured or not, as {@link chooseColour} decided. */
export function createPaint(colour: boolean): Paint {
  // The decision is ours and made: styleText must not look at the streams again.
  return colour ? (role, text) => styleText(styles[role], text, { validateStream: false }) : (_role, text) => text
}
