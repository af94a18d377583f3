const special = /[\\^$.*+?()[\]{}|/]/u

/** A character as it stands for itself in a regular expression. */
export function literal(rune: string): string {
  // Escaped by a backslash it is an error outside a class, and plain it is a range inside one.
  if (rune === '-') return String.raw`\x2d`
  return special.test(rune) ? `\\${rune}` : rune
}

/** True when the path has a wildcard of Go's filepath.Match in it; a backslash takes its meaning from the next one. */
export function hasWildcard(path: string): boolean {
  for (let index = 0; index < path.length; index++) {
    const character = path[index]
    if (character === '\\') index++
    else if (character === '*' || character === '?' || character === '[') return true
  }
  return false
}

/**
 * A pattern of Go's filepath.Match, for whole paths: `*` and `?` stop at a slash, `[^a-z]` is a class, a backslash
 * escapes. Undefined when the pattern is malformed; such a pattern matches nothing.
 * https://pkg.go.dev/path/filepath#Match
 */
export function compileGlob(pattern: string): RegExp | undefined {
  const runes = Array.from(pattern)
  let source = ''
  for (let index = 0; index < runes.length; index++) {
    const rune = runes[index] ?? ''
    if (rune === '*') source += '[^/]*'
    else if (rune === '?') source += '[^/]'
    else if (rune === '\\') {
      const next = runes[++index]
      if (next === undefined) return undefined
      source += literal(next)
    } else if (rune === '[') {
      const taken = takeClass(runes, index)
      if (taken === undefined) return undefined
      source += taken.source
      index = taken.end
    } else source += literal(rune)
  }
  return new RegExp(`^${source}$`, 'su')
}

/** The character class that begins at `start`, as a regular expression; `end` is the index of its last character. */
export function takeClass(
  runes: readonly string[],
  start: number,
): { readonly source: string; readonly end: number } | undefined {
  let index = start + 1
  const negated = runes[index] === '^'
  if (negated) index++
  let body = ''
  for (let first = true; ; first = false) {
    if (!first && runes[index] === ']') break
    const low = takeMember(runes, index)
    if (low === undefined) return undefined
    index = low.next
    let high = low
    if (runes[index] === '-') {
      const member = takeMember(runes, index + 1)
      if (member === undefined) return undefined
      high = member
      index = high.next
    }
    // Go takes a range that runs backwards for an empty one.
    if (low.rune <= high.rune) body += `${literal(low.rune)}-${literal(high.rune)}`
  }
  return { source: body === '' ? (negated ? '[^/]' : '[^\\s\\S]') : `(?!/)[${negated ? '^' : ''}${body}]`, end: index }
}

function takeMember(
  runes: readonly string[],
  index: number,
): { readonly rune: string; readonly next: number } | undefined {
  const rune = runes[index]
  if (rune === undefined || rune === '-' || rune === ']') return undefined
  if (rune !== '\\') return { rune, next: index + 1 }
  const escaped = runes[index + 1]
  return escaped === undefined ? undefined : { rune: escaped, next: index + 2 }
}
