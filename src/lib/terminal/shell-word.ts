/** The value as one word of a POSIX shell's command line; in single quotes only where it needs them. */
export function shellWord(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : quoteWord(value)
}

/** The value in single quotes, in which a POSIX shell changes nothing. */
export function quoteWord(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`
}
