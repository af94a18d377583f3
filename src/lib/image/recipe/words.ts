/** A word as it was written, with the index of its first character. */
export interface Word {
  readonly raw: string
  readonly at: number
}

/** Cuts at white space outside quotes; quotes and escapes stay, for {@link expand} to take away. */
export function splitQuoted(text: string, escape: string): readonly Word[] {
  const words: Word[] = []
  let quote = ''
  let start = -1
  let raw = ''
  const finish = (): void => {
    if (start >= 0) words.push({ raw, at: start })
    start = -1
    raw = ''
  }
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (quote === '' && /\s/u.test(character)) {
      finish()
      continue
    }
    if (start < 0) start = index
    if (character === escape && quote !== "'") {
      // At the very end it stands for nothing.
      if (index + 1 < text.length) raw += character + (text[index + 1] ?? '')
      index++
      continue
    }
    if (quote === '') quote = character === '"' || character === "'" ? character : ''
    else if (character === quote) quote = ''
    raw += character
  }
  finish()
  return words
}

/** Cuts at white space, quotes or not: COPY, ADD, EXPOSE, FROM and VOLUME do. */
export function splitPlain(text: string): readonly Word[] {
  return Array.from(text.matchAll(/[^\t\v\f\r ]+/g), (match) => ({ raw: match[0], at: match.index }))
}

/** One `--name=value` of an instruction, quotes taken away; `value` is undefined without an equals sign. */
export interface Flag {
  readonly name: string
  readonly value: string | undefined
  readonly at: number
}

/** The flags that an instruction begins with, and the index of what follows them. */
export function takeFlags(text: string): { readonly flags: readonly Flag[]; readonly rest: number } {
  const flags: Flag[] = []
  let index = 0
  for (;;) {
    while (index < text.length && /\s/u.test(text[index] ?? '')) index++
    if (!text.startsWith('--', index)) return { flags, rest: index }
    const at = index
    const [word, end] = takeFlag(text, index)
    index = end
    if (word === '--') return { flags, rest: index }
    const equals = word.indexOf('=')
    flags.push(
      equals < 0
        ? { name: word.slice(2), value: undefined, at }
        : { name: word.slice(2, equals), value: word.slice(equals + 1), at },
    )
  }
}

// The backslash escapes here whatever the escape directive says: BuildKit's own flag reader does not look at it.
function takeFlag(text: string, start: number): readonly [string, number] {
  let word = ''
  let quote = ''
  let index = start
  for (; index < text.length; index++) {
    const character = text[index] ?? ''
    if (quote === '' && /\s/u.test(character)) break
    if (character === '\\') word += text[++index] ?? ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
    else word += character
  }
  return [word, index]
}

/**
 * The strings of a JSON array at the start of the text; `not-strings` when it holds anything else; undefined when the
 * text is no JSON array, so that it is to be read in the shell form. What follows the array is not looked at.
 */
export function readJsonWords(text: string): readonly string[] | 'not-strings' | undefined {
  const trimmed = text.trimStart()
  if (!trimmed.startsWith('[')) return undefined
  const end = endOfArray(trimmed)
  if (end === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(trimmed.slice(0, end))
  } catch {
    return undefined
  }
  if (!Array.isArray(value)) return undefined
  return value.every((item) => typeof item === 'string') ? value : 'not-strings'
}

function endOfArray(text: string): number | undefined {
  let depth = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (quoted) {
      if (character === '\\') index++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '[') depth++
    else if (character === ']' && --depth === 0) return index + 1
  }
  return undefined
}
