import { cleanLine } from '../../terminal/clean.js'

/** A text is cut where it would push everything else out of a comment. */
const longest = 400

function cut(text: string): string {
  const line = cleanLine(text.toWellFormed())
  return line.length <= longest ? line : `${line.slice(0, longest).toWellFormed()}…`
}

// Every mark of punctuation may be escaped, and all that can mean something here is:
// https://spec.commonmark.org/0.31.2/#backslash-escapes
const meaningful = /[!#$&()*+\-./:;<=>?@[\\\]^_`{|}~]/g

/**
 * A text on one line that is nothing but text in GitHub's Markdown. Names and numbers that GitHub would make mentions
 * and references of, after it has read the Markdown, are cut by a space without width.
 */
export function markdownText(text: string): string {
  return cut(text)
    .replaceAll(/(?<=@)(?=[\w-])|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)/gi, '\u200b')
    .replaceAll(meaningful, String.raw`\$&`)
}

/** The same as code; as text where it holds what would end a code span or a cell of a table. */
export function markdownCode(text: string): string {
  const line = cut(text)
  return line === '' || /[`|\\]/.test(line) ? markdownText(text) : `\`${line}\``
}

/** Lines as a block of code, which no line of them ends. */
export function markdownLines(lines: readonly string[]): string {
  const clean = lines.map(cut)
  const runs = clean.flatMap((line) => line.match(/`+/g) ?? [])
  const fence = '`'.repeat(Math.max(3, 1 + Math.max(0, ...runs.map((run) => run.length))))
  return [`${fence}text`, ...clean, fence].join('\n')
}
