import type { Problem } from '../errors/rampart-error.js'

export interface Dotenv {
  readonly values: Readonly<Record<string, string>>
  readonly problems: readonly Problem[]
}

const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=/
const closing = { "'": /'/g, '`': /`/g, '"': /(?<!\\)(?:\\\\)*"/g } as const
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' }

/**
 * Reads a .env file: `NAME=value` or `export NAME=value` a line, `#` comments. Values are never expanded.
 * Without quotes a value is all of the line up to ` #`, ends trimmed, taken literally. In single quotes or backticks it
 * is literal and may span lines. In double quotes it may span lines, and `\n \r \t \" \\ \$` are escapes; any other
 * backslash stays. The last of two equal names wins. What can not be read is a problem that never quotes a value:
 * a line passed over in silence is a secret that is missing in production.
 */
export function parseDotenv(source: string, file: string): Dotenv {
  const text = source.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  const values: Record<string, string> = Object.create(null)
  const problems: Problem[] = []
  let offset = 0
  let line = 1
  const advance = (to: number): void => {
    line += text.slice(offset, to).split('\n').length - 1
    offset = to
  }
  while (offset < text.length) {
    const start = offset
    const end = endOfLine(text, start)
    const row = text.slice(start, end)
    const match = assignment.exec(row)
    const fail = (message: string, hint: string): void => {
      problems.push({ message, hint, place: { file, line, column: 1 } })
    }
    let next = end
    if (match !== null) {
      const name = match[1] ?? ''
      const value = readValue(text, start + match[0].length)
      if ('flaw' in value) fail(`The value of ${name} ${value.flaw}`, value.hint)
      else {
        values[name] = value.text
        next = value.end
      }
    } else if (!/^\s*(?:#|$)/.test(row)) {
      fail('This line is not `NAME=value`', 'A name holds letters, digits and `_`; a comment starts with `#`')
    }
    advance(Math.min(next + 1, text.length))
  }
  return { values, problems }
}

type Value = { readonly text: string; readonly end: number } | { readonly flaw: string; readonly hint: string }

function readValue(text: string, from: number): Value {
  const end = endOfLine(text, from)
  let start = from
  while (text[start] === ' ' || text[start] === '\t') start += 1
  const quote = text[start]
  if (quote !== "'" && quote !== '"' && quote !== '`') {
    // A `#` inside a word belongs to the value: passwords and colours hold them.
    return {
      text: text
        .slice(from, end)
        .replace(/\s#.*$/, '')
        .trim(),
      end,
    }
  }
  const finder = new RegExp(closing[quote])
  finder.lastIndex = start + 1
  const found = finder.exec(text)
  if (found === null) {
    return { flaw: `has no closing ${quote}`, hint: `End it with ${quote}, or put the whole value into other quotes` }
  }
  const close = finder.lastIndex - 1
  const rowEnd = endOfLine(text, close)
  if (!/^\s*(?:#.*)?$/.test(text.slice(close + 1, rowEnd))) {
    return {
      flaw: `goes on after its closing ${quote}`,
      hint: quote === '"' ? String.raw`Write \" for a quote inside, or use single quotes` : 'Use double quotes',
    }
  }
  const inner = text.slice(start + 1, close)
  return { text: quote === '"' ? unescape(inner) : inner, end: rowEnd }
}

function unescape(text: string): string {
  return text.replaceAll(/\\([nrt"\\$])/g, (_, character: string) => escapes[character] ?? character)
}

function endOfLine(text: string, from: number): number {
  const index = text.indexOf('\n', from)
  return index < 0 ? text.length : index
}
