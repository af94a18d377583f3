import stringWidth from 'string-width'

/** Printable ASCII and our own signs: one column each, on every terminal. */
const plain = /^[ -~█░▒─✓✗●○›→…]*$/

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that a settled text takes. */
export function widthOf(text: string): number {
  return plain.test(text) ? text.length : stringWidth(text)
}

// oxlint-disable-next-line no-control-regex -- control characters must not reach the screen
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g
const regional = /[\u{1f1e6}-\u{1f1ff}]/gu
// Joiners, variation selectors, tags, skin tones and keycaps: terminals do not agree on the width of what they make.
const joining = /\p{Default_Ignorable_Code_Point}|\p{Emoji_Modifier}|\u20e3/gu

/** The text on one line, made of characters on whose width terminals agree (https://www.unicode.org/reports/tr11/). */
export function settle(text: string): string {
  if (plain.test(text)) return text
  return text
    .normalize('NFC')
    .replace(controls, ' ')
    .replace(joining, '')
    .replace(regional, (letter) => String.fromCodePoint((letter.codePointAt(0) ?? 0) - 0x1f1e6 + 0x41))
}

/** The first characters of a settled text that fit; no character is cut in two. */
export function cut(text: string, width: number): string {
  if (plain.test(text)) return text.slice(0, Math.max(0, width))
  let used = 0
  let end = 0
  for (const { segment, index } of segmenter.segment(text)) {
    used += widthOf(segment)
    if (used > width) break
    end = index + segment.length
  }
  return text.slice(0, end)
}

/** The settled text, with a sign at its end where it had to be cut. */
export function fit(text: string, width: number, ellipsis: string): string {
  const settled = settle(text)
  if (widthOf(settled) <= width) return settled
  return width < 1 ? '' : cut(settled, width - 1) + ellipsis
}

/** The same, exactly as wide as told. */
export function pad(text: string, width: number, ellipsis: string): string {
  const fitted = fit(text, width, ellipsis)
  return fitted + ' '.repeat(Math.max(0, width - widthOf(fitted)))
}

/** The text on at most that many lines, broken between words where that can be; the last one cut. */
export function wrap(text: string, width: number, lines: number, ellipsis: string): readonly string[] {
  let rest = settle(text).trim()
  const wrapped: string[] = []
  while (rest !== '' && wrapped.length < lines - 1 && widthOf(rest) > width) {
    const head = cut(rest, width)
    const space = rest.startsWith(' ', head.length) ? head.length : head.lastIndexOf(' ')
    const end = space > width / 2 ? space : Math.max(1, head.length)
    wrapped.push(rest.slice(0, end).trimEnd())
    rest = rest.slice(end).trimStart()
  }
  return rest === '' ? wrapped : [...wrapped, fit(rest, width, ellipsis)]
}
