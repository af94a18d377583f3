import type { Environment } from './progress.js'

/** The signs that stand beside words; each is one column wide. */
export interface Glyphs {
  readonly good: string
  readonly bad: string
  readonly warn: string
  readonly skip: string
  readonly active: string
  readonly waiting: string
  readonly detail: string
  readonly arrow: string
  readonly ellipsis: string
  readonly barFull: string
  readonly barEmpty: string
  /** The part of a bar that is under way, between full and empty. */
  readonly barPart: string
  /** What a line across the screen is made of. */
  readonly rule: string
  readonly spinner: readonly string[]
}

/** None of these has an emoji form: terminals draw such signs two columns wide, or not at all. */
export const unicodeGlyphs: Glyphs = {
  good: '✓',
  bad: '✗',
  warn: '!',
  skip: '-',
  active: '●',
  waiting: '○',
  detail: '›',
  arrow: '→',
  ellipsis: '…',
  barFull: '█',
  barEmpty: '░',
  barPart: '▒',
  rule: '─',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
}

export const asciiGlyphs: Glyphs = {
  good: '+',
  bad: 'x',
  warn: '!',
  skip: '-',
  active: '*',
  waiting: '.',
  detail: '>',
  arrow: '>',
  ellipsis: '~',
  barFull: '#',
  barEmpty: '.',
  barPart: '=',
  rule: '-',
  spinner: ['-', '\\', '|', '/'],
}

/** Unicode where the locale is UTF-8 (POSIX: LC_ALL, then LC_CTYPE, then LANG; the first one set decides), else ASCII. */
export function chooseGlyphs(env: Environment): Glyphs {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '')
  // The Linux console's font lacks the check marks whatever the locale is.
  return env['TERM'] !== 'linux' && /utf-?8/i.test(locale ?? '') ? unicodeGlyphs : asciiGlyphs
}
