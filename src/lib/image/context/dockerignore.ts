import { RampartError } from '../../errors/rampart-error.js'
import { compileGlob, hasWildcard, literal, takeClass } from './glob.js'
import { cleanPath } from './paths.js'

interface Pattern {
  readonly exception: boolean
  readonly text: string
  readonly line: number
  readonly matches: (path: string) => boolean
  /** The part of the text before its first wildcard. */
  readonly prefix: string
}

/** For one directory: which patterns it or a directory above it matched. Children start from it. */
export type ParentMatches = readonly boolean[]

/** The answer for one path. */
export interface IgnoreAnswer {
  readonly ignored: boolean
  readonly matches: ParentMatches
}

/** The patterns of a .dockerignore file, in the meaning that Docker gives them. */
export interface IgnoreRules {
  /** Whether the path is left out; `parent` is the answer for its directory, undefined at the top. */
  ask(path: string, parent: ParentMatches | undefined): IgnoreAnswer
  /** Whether something below an ignored directory can be taken back by an exception. */
  mayTakeBack(directory: string): boolean
  /** The line that leaves the path out, with its pattern; undefined when it is not left out. */
  whyIgnored(path: string): { readonly line: number; readonly pattern: string } | undefined
}

/** Rules that leave nothing out. */
export const noIgnoreRules: IgnoreRules = {
  ask: () => ({ ignored: false, matches: [] }),
  mayTakeBack: () => true,
  whyIgnored: () => undefined,
}

/**
 * Reads a .dockerignore file. The rules are those of Docker's own matcher, where a later pattern wins and a pattern that
 * matches a directory holds for all below it: https://docs.docker.com/build/concepts/context/#dockerignore-files.
 * Throws a `usage` error for a malformed pattern; `file` is for its place.
 */
export function parseDockerignore(text: string, file: string): IgnoreRules {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index) => parseLine(line, index + 1, file) ?? [])
  return patterns.length === 0 ? noIgnoreRules : rulesOf(patterns)
}

function parseLine(source: string, line: number, file: string): Pattern | undefined {
  if (source.startsWith('#')) return undefined
  let text = source.trim()
  if (text === '') return undefined
  const exception = text.startsWith('!')
  if (exception) text = text.slice(1).trim()
  if (text === '') throw malformed('! stands alone', source, line, file)
  text = cleanPath(text)
  if (text.length > 1 && text.startsWith('/')) text = text.slice(1)
  if (compileGlob(text) === undefined) throw malformed('this is not a pattern', source, line, file)
  return { exception, text, line, matches: compile(text), prefix: /^[^*?[\\]*/.exec(text)?.[0] ?? '' }
}

function malformed(message: string, source: string, line: number, file: string): RampartError {
  return new RampartError('usage', `${file}: ${message}: ${source.trim()}`, {
    place: { file, line, column: 1 },
    next: ['see https://docs.docker.com/build/concepts/context/#dockerignore-files for the syntax'],
  })
}

function compile(text: string): (path: string) => boolean {
  if (!hasWildcard(text) && !text.includes('\\')) return (path) => path === text
  // As Docker's matcher, which takes `**name` for a suffix and `name**` for a prefix even without a slash between.
  const suffix = /^\*\*([^*?[\]\\]*)$/.exec(text)?.[1]
  if (suffix !== undefined)
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1))
  const prefix = /^([^*?[\]\\]+)\*\*$/.exec(text)?.[1]
  if (prefix !== undefined) return (path) => path.startsWith(prefix)
  const expression = new RegExp(`^${toSource(Array.from(text))}$`, 'su')
  return (path) => expression.test(path)
}

function toSource(runes: readonly string[]): string {
  let source = ''
  for (let index = 0; index < runes.length; index++) {
    const rune = runes[index] ?? ''
    if (rune === '*' && runes[index + 1] === '*') {
      index += runes[index + 2] === '/' ? 2 : 1
      source += index === runes.length - 1 ? '.*' : '(?:.*/)?'
    } else if (rune === '*') source += '[^/]*'
    else if (rune === '?') source += '[^/]'
    else if (rune === '\\') source += literal(runes[++index] ?? '\\')
    else if (rune === '[') {
      const taken = takeClass(runes, index)
      source += taken?.source ?? literal(rune)
      index = taken?.end ?? index
    } else source += literal(rune)
  }
  return source
}

function rulesOf(patterns: readonly Pattern[]): IgnoreRules {
  const ask = (path: string, parent: ParentMatches | undefined): IgnoreAnswer => {
    let ignored = false
    const matches = patterns.map((pattern, index) => {
      // A pattern that cannot change the answer is not asked, and then does not hold for what is below either.
      const matched = parent?.[index] === true || (pattern.exception === ignored && pattern.matches(path))
      if (matched) ignored = !pattern.exception
      return matched
    })
    return { ignored, matches }
  }
  const exceptions = patterns.filter((pattern) => pattern.exception)
  return {
    ask,
    mayTakeBack: (directory) =>
      exceptions.some(({ prefix, text }) =>
        prefix === text ? text.startsWith(`${directory}/`) : sharePrefix(`${directory}/`, prefix),
      ),
    whyIgnored: (path) => {
      let parent: ParentMatches | undefined
      let answer: IgnoreAnswer = { ignored: false, matches: [] }
      const parts = path.split('/')
      for (let depth = 1; depth <= parts.length; depth++) {
        answer = ask(parts.slice(0, depth).join('/'), parent)
        parent = answer.matches
      }
      if (!answer.ignored) return undefined
      const pattern = patterns.findLast((candidate, index) => !candidate.exception && answer.matches[index] === true)
      return pattern === undefined ? undefined : { line: pattern.line, pattern: pattern.text }
    },
  }
}

function sharePrefix(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one)
}
