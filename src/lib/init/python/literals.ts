const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
}

/** The text of a Python string literal, or undefined for bytes and broken ones. https://docs.python.org/3/reference/lexical_analysis.html#string-and-bytes-literals */
export function readString(literal: string): string | undefined {
  const match = /^([a-z]{0,2})('''|"""|'|")/i.exec(literal)
  const quote = match?.[2]
  if (match === null || quote === undefined) return undefined
  const prefix = (match[1] ?? '').toLowerCase()
  if (prefix.includes('b') || !literal.endsWith(quote) || literal.length < match[0].length + quote.length) {
    return undefined
  }
  const body = literal.slice(match[0].length, -quote.length)
  return prefix.includes('r') ? body : unescape(body)
}

/** Backslash escapes replaced as Python does; those it does not know stay. */
export function unescape(body: string): string {
  return body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.|\n))/g,
    (whole, two?: string, four?: string, eight?: string, octal?: string, one?: string) => {
      const hex = two ?? four ?? eight
      const code = hex !== undefined ? Number.parseInt(hex, 16) : octal === undefined ? -1 : Number.parseInt(octal, 8)
      if (code >= 0) return code <= 0x10ffff ? String.fromCodePoint(code) : whole
      return escapes[one ?? ''] ?? whole
    },
  )
}

/** A Python integer; undefined for anything else. */
export function readInteger(literal: string): number | undefined {
  const digits = literal.replaceAll('_', '')
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined
}
