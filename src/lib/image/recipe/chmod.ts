/** Makes a new mode from an old one, of a directory or a file. */
export type ModeChange = (mode: number, isDirectory: boolean) => number

const masks: Readonly<Record<string, number>> = { u: 0o700, g: 0o070, o: 0o007 }
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 }

/** Reads `--chmod`: octal digits, or symbols as chmod(1) has them (`u=rwX,go=rX`). Undefined when it is neither. */
export function parseChmod(text: string): ModeChange | undefined {
  if (/^[0-7]{1,5}$/.test(text)) {
    const wanted = Number.parseInt(text, 8)
    return wanted > 0o7777 ? undefined : () => wanted
  }
  const clauses = text.split(',').map((clause) => /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(clause))
  if (clauses.some((clause) => clause === null)) return undefined
  const changes = clauses.flatMap((clause) => actionsOf(clause?.[1] ?? '', clause?.[2] ?? ''))
  return (mode, isDirectory) => changes.reduce((current, change) => change(current, isDirectory), mode)
}

function actionsOf(who: string, actions: string): readonly ModeChange[] {
  const classes = who === '' || who.includes('a') ? 'ugo' : who
  return Array.from(actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g), ([, operator, what = '']) => {
    return (mode: number, isDirectory: boolean): number => {
      const bits = bitsOf(classes, what, mode, isDirectory)
      if (operator === '+') return mode | bits
      if (operator === '-') return mode & ~bits
      const cleared = Array.from(new Set(classes)).reduce((mask, name) => mask | (masks[name] ?? 0), 0)
      return (mode & ~cleared) | bits
    }
  })
}

function bitsOf(classes: string, what: string, mode: number, isDirectory: boolean): number {
  const copied = shifts[what]
  const execute = what.includes('x') || (what.includes('X') && (isDirectory || (mode & 0o111) !== 0))
  const triple =
    copied === undefined
      ? (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (execute ? 1 : 0)
      : (mode >> copied) & 7
  let bits = 0
  for (const name of new Set(classes)) {
    bits |= triple << (shifts[name] ?? 0)
    if (what.includes('s') && name === 'u') bits |= 0o4000
    if (what.includes('s') && name === 'g') bits |= 0o2000
  }
  return what.includes('t') ? bits | 0o1000 : bits
}
