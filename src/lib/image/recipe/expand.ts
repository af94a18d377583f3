/** A variable's value by its name; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

/** What is wrong with the text of a substitution, in a few words. */
export class ExpansionError extends Error {
  override readonly name = 'ExpansionError'
}

interface Scan {
  readonly runes: readonly string[]
  at: number
  readonly escape: string
  readonly lookup: Lookup
}

interface Expanded {
  readonly text: string
  /** The text cut at white space that was neither quoted nor escaped. */
  readonly words: readonly string[]
}

/**
 * Replaces variables and takes quotes and escapes away, as BuildKit does for one word of an instruction:
 * https://docs.docker.com/reference/dockerfile/#environment-replacement. Throws an {@link ExpansionError}.
 */
export function expand(raw: string, escape: string, lookup: Lookup): string {
  return run(raw, escape, lookup).text
}

/** As {@link expand}, then cut into words at white space that is not quoted; EXPOSE alone does this. */
export function expandWords(raw: string, escape: string, lookup: Lookup): readonly string[] {
  return run(raw, escape, lookup).words
}

function run(raw: string, escape: string, lookup: Lookup): Expanded {
  return expandUntil({ runes: Array.from(raw), at: 0, escape, lookup }, undefined, false)
}

function expandUntil(scan: Scan, stop: string | undefined, keepEscapes: boolean): Expanded {
  let text = ''
  let word = ''
  const words: string[] = []
  const addSplit = (part: string): void => {
    for (const rune of part) {
      if (!/\s/u.test(rune)) word += rune
      else if (word !== '') {
        words.push(word)
        word = ''
      }
    }
  }
  while (scan.at < scan.runes.length) {
    const rune = scan.runes[scan.at] ?? ''
    if (rune === stop) {
      scan.at++
      if (word !== '') words.push(word)
      return { text, words }
    }
    if (rune === '$') {
      const value = dollar(scan)
      text += value
      addSplit(value)
    } else if (rune === "'" || rune === '"') {
      const value = rune === '"' ? doubleQuoted(scan, keepEscapes) : singleQuoted(scan)
      text += value
      word += value
    } else if (rune === scan.escape) {
      const escaped = scan.runes[scan.at + 1]
      scan.at += 2
      // An escape character at the very end stands for nothing.
      if (escaped === undefined) break
      const value = keepEscapes ? rune + escaped : escaped
      text += value
      word += value
    } else {
      scan.at++
      text += rune
      addSplit(rune)
    }
  }
  if (stop !== undefined) throw new ExpansionError(`a ${stop} is missing`)
  if (word !== '') words.push(word)
  return { text, words }
}

function singleQuoted(scan: Scan): string {
  const end = scan.runes.indexOf("'", scan.at + 1)
  if (end < 0) throw new ExpansionError('a single quote is not closed')
  const text = scan.runes.slice(scan.at + 1, end).join('')
  scan.at = end + 1
  return text
}

function doubleQuoted(scan: Scan, keepEscapes: boolean): string {
  let text = ''
  scan.at++
  while (scan.at < scan.runes.length) {
    const rune = scan.runes[scan.at] ?? ''
    if (rune === '"') {
      scan.at++
      return text
    }
    if (rune === '$') {
      text += dollar(scan)
      continue
    }
    scan.at++
    if (rune !== scan.escape) {
      text += rune
      continue
    }
    const next = scan.runes[scan.at]
    if (next === '"' || next === '$' || next === scan.escape) {
      // Only these can be escaped here; before anything else the escape character stands for itself.
      text += keepEscapes ? rune + next : next
      scan.at++
    } else if (next !== undefined) text += rune
  }
  throw new ExpansionError('a double quote is not closed')
}

function dollar(scan: Scan): string {
  scan.at++
  if (scan.runes[scan.at] !== '{') {
    const name = takeName(scan)
    return name === '' ? '$' : (scan.lookup(name) ?? '')
  }
  scan.at++
  const name = takeName(scan)
  let operator = scan.runes[scan.at++]
  if (operator === undefined) throw new ExpansionError('a } is missing')
  if (name === '') throw new ExpansionError(`\${${operator} is not a substitution`)
  if (operator === '}') return scan.lookup(name) ?? ''
  const orEmpty = operator === ':'
  if (orEmpty) operator = scan.runes[scan.at++] ?? ''
  const found = scan.lookup(name)
  const value = orEmpty && found === '' ? undefined : found
  switch (operator) {
    case '-':
      return otherwise(scan, value)
    case '+': {
      const word = expandUntil(scan, '}', false).text
      return value === undefined ? '' : word
    }
    case '?': {
      const word = expandUntil(scan, '}', false).text
      if (value !== undefined) return value
      throw new ExpansionError(`${name}: ${word === '' ? `must be set${orEmpty ? ' and not empty' : ''}` : word}`)
    }
    case '#':
    case '%':
      if (orEmpty) break
      return trim(operator, expandUntil(scan, '}', true).text, found ?? '')
    case '/':
      if (orEmpty) break
      return replace(scan, found ?? '')
    default:
  }
  throw new ExpansionError(`\${${name}${orEmpty ? ':' : ''}${operator}…} is not a substitution that Dockerfiles know`)
}

function otherwise(scan: Scan, value: string | undefined): string {
  const word = expandUntil(scan, '}', false).text
  return value ?? word
}

// A digit begins a positional parameter and these characters are special parameters, as in sh; none of them is set.
function takeName(scan: Scan): string {
  const first = scan.runes[scan.at] ?? ''
  const start = scan.at
  if (/\p{Nd}/u.test(first)) while (/\p{Nd}/u.test(scan.runes[scan.at] ?? '')) scan.at++
  else if (first !== '' && '@*#?-$!'.includes(first)) scan.at++
  else while (/[\p{L}\p{Nd}_]/u.test(scan.runes[scan.at] ?? '')) scan.at++
  return scan.runes.slice(start, scan.at).join('')
}

/** `#` and `%` cut the shortest match from the front or the back, doubled the longest. */
function trim(operator: '#' | '%', word: string, value: string): string {
  const greedy = word.startsWith(operator)
  const pattern = toRegExp(greedy ? word.slice(1) : word)
  const runes = Array.from(value)
  const lengths = Array.from({ length: runes.length + 1 }, (_, index) => index)
  if (greedy) lengths.reverse()
  for (const length of lengths) {
    const cut = operator === '#' ? length : runes.length - length
    const part = operator === '#' ? runes.slice(0, cut) : runes.slice(cut)
    if (!pattern.test(part.join(''))) continue
    return (operator === '#' ? runes.slice(cut) : runes.slice(0, cut)).join('')
  }
  return value
}

function replace(scan: Scan, value: string): string {
  const all = scan.runes[scan.at] === '/'
  if (all) scan.at++
  const pattern = expandUntil(scan, '/', true).text
  const replacement = expandUntil(scan, '}', true).text
  return value.replace(new RegExp(toRegExp(pattern).source.slice(1, -1), all ? 'gsu' : 'su'), () => replacement)
}

function toRegExp(pattern: string): RegExp {
  let source = ''
  const runes = Array.from(pattern)
  for (let index = 0; index < runes.length; index++) {
    const rune = runes[index] ?? ''
    if (rune === '*') source += '.*'
    else if (rune === '?') source += '.'
    else if (rune === '\\') {
      const next = runes[++index] ?? '\\'
      if (!'*?\\}/'.includes(next)) throw new ExpansionError(`\\${next} is not an escape in a pattern`)
      source += `\\${next}`
    } else source += rune.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&')
  }
  return new RegExp(`^${source}$`, 'su')
}
