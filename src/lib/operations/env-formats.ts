import { RampartError } from '../errors/rampart-error.js'
import type { Variables } from './env.js'

/** The ways in which an environment is written. */
export type EnvFormat = 'shell' | 'dotenv' | 'json' | 'make'

/** The variables as a file of that kind, with a newline at its end. Rejects a value that the format can not hold. */
export function formatEnvironment(variables: Variables, format: EnvFormat): string {
  if (format === 'json') return `${JSON.stringify(variables, undefined, 2)}\n`
  const line = { shell: shellLine, dotenv: dotenvLine, make: makeLine }[format]
  return Object.entries(variables)
    .map(([name, value]) => `${line(name, value)}\n`)
    .join('')
}

const cannot = (format: string, name: string, why: string): RampartError =>
  new RampartError('usage', `${format} can not hold the value of ${name}: ${why}.`, { next: ['use --format json'] })

const plain = /^[\w@%+:,./-]+$/

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02 */
function shellLine(name: string, value: string): string {
  if (value.includes('\0')) throw cannot('A shell', name, 'it has a zero byte')
  return `export ${name}=${plain.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`}`
}

/**
 * What all readers of such files agree on, dotenv's own and Docker Compose's alike: in single quotes nothing is special,
 * and in double quotes nothing is but backslash, dollar and the quote itself.
 * https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
 */
function dotenvLine(name: string, value: string): string {
  if (plain.test(value)) return `${name}=${value}`
  if (/[\0\r]/.test(value)) throw cannot('A .env file', name, 'it has a carriage return or a zero byte')
  // A backslash before the closing quote hides it from some readers.
  if (!value.includes("'") && !value.endsWith('\\')) return `${name}='${value}'`
  if (!/["\\$`]/.test(value)) return `${name}="${value}"`
  throw cannot('A .env file', name, 'its readers do not agree on how it would be quoted')
}

/** https://www.gnu.org/software/make/manual/html_node/Setting.html */
function makeLine(name: string, value: string): string {
  if (/[\0\r\n]/.test(value)) throw cannot('A Makefile', name, 'it has more than one line')
  const escaped = value.replaceAll('$', '$$$$').replaceAll(/(\\*)#/g, (_, slashes: string) => `${slashes}${slashes}\\#`)
  // Nothing, where blanks at an end would be lost and a backslash would go on with the next line.
  const before = /^\s/.test(value) ? '$()' : ''
  const after = /[\s\\]$/.test(value) ? '$()' : ''
  return `${name} := ${before}${escaped}${after}`
}
