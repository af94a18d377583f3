import { DockerfileParser } from 'dockerfile-ast'
import type { Place, Problem } from '../../errors/rampart-error.js'

/** One instruction on one line, as BuildKit joins it; any index of `text` can be traced to its place in the file. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string
  /** The whole instruction, continuation lines joined and comments between them left out. */
  readonly text: string
  /** Index of the first character after the keyword and the white space that follows it. */
  readonly rest: number
  placeOf(index: number): Place
  /** What follows it up to the end of its here-documents, their closing words included. */
  readonly heredoc?: Heredoc
}

interface Heredoc {
  readonly lines: readonly string[]
  /** Number of the first of them in the file, from 1. */
  readonly line: number
}

export interface Dockerfile {
  readonly escape: '\\' | '`'
  readonly instructions: readonly Instruction[]
  readonly problems: readonly Problem[]
}

interface Piece {
  readonly start: number
  readonly line: number
  readonly column: number
}

/** Cuts a Dockerfile into instructions. It does not look into them; `path` is for places. */
export function parseDockerfile(source: string, path: string): Dockerfile {
  const text = source.replace(/^\uFEFF/, '')
  const file = DockerfileParser.parse(text)
  const escape = file.getEscapeCharacter() === '`' ? '`' : '\\'
  const lines = text.split(/\r?\n/)
  const problems: Problem[] = []
  const instructions = file.getInstructions().map((instruction): Instruction => {
    const { start, end } = instruction.getRange()
    const keyword = instruction.getKeyword()
    const joined = joinLines(lines, start.line, end.line, escape)
    const heredoc = 'getHeredocs' in instruction && joined.endLine < end.line && /<<-?\s*['"]?\w/.test(joined.text)
    if (joined.endLine < end.line && !heredoc) {
      // The parser reads two escape characters at the end of a line as a continuation; BuildKit does not.
      problems.push({
        message: `this line ends in ${escape}${escape}, which Docker does not read as a continuation`,
        place: { file: path, line: joined.endLine + 1, column: (lines[joined.endLine] ?? '').length },
        hint: `end it with one ${escape} to continue it, or put a space after the last one`,
      })
    }
    const keywordLength = /^\S*\s*/.exec(joined.text)?.[0].length ?? 0
    return {
      keyword,
      text: joined.text.trimEnd(),
      rest: keywordLength,
      placeOf: (index) => place(path, joined.pieces, index),
      ...(heredoc && {
        heredoc: { lines: lines.slice(joined.endLine + 1, end.line + 1), line: joined.endLine + 2 },
      }),
    }
  })
  return { escape, instructions, problems }
}

// BuildKit: white space before the first line goes, comments and empty lines between continued lines go, the escape
// character and what white space follows it goes, and everything else stays, indentation of continued lines included.
// https://docs.docker.com/reference/dockerfile/#format
function joinLines(
  lines: readonly string[],
  first: number,
  last: number,
  escape: string,
): { readonly text: string; readonly pieces: readonly Piece[]; readonly endLine: number } {
  const continuation = escape === '`' ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/
  const pieces: Piece[] = []
  let text = ''
  for (let line = first; line <= last; line++) {
    const whole = lines[line] ?? ''
    const indent = line === first ? whole.length - whole.trimStart().length : 0
    if (line > first && (whole.trim() === '' || whole.trimStart().startsWith('#'))) continue
    pieces.push({ start: text.length, line: line + 1, column: indent + 1 })
    const part = whole.slice(indent)
    if (!continuation.test(part)) return { text: text + part, pieces, endLine: line }
    text += part.replace(continuation, '$1')
  }
  return { text, pieces, endLine: last }
}

function place(file: string, pieces: readonly Piece[], index: number): Place {
  const piece = pieces.findLast((candidate) => candidate.start <= index)
  return piece === undefined ? { file } : { file, line: piece.line, column: piece.column + index - piece.start }
}
