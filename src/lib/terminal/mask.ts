/** Takes known secrets out of a text. */
export type Mask = (text: string) => string

/** What stands where a secret stood. */
export const maskText = '***'

// Masking a shorter value would eat innocent text everywhere and so tell what the value is.
const shortest = 4

/** The forms in which a value may turn up in output. */
function formsOf(value: string): string[] {
  const lines = value.includes('\n') ? value.split(/\r?\n/) : []
  const whole = [value, value.trim(), ...lines]
  return whole.flatMap((text) => [
    text,
    encodeURIComponent(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('base64url'),
  ])
}

/**
 * A mask for values that must never be seen: each is replaced wherever it stands, also line by line, URL-encoded,
 * JSON-escaped and in base64. Values under 4 characters are no secrets and are left.
 */
export function createMask(values: Iterable<string>): Mask {
  const forms = new Set<string>()
  for (const value of values) {
    if (value.trim().length < shortest) continue
    for (const form of formsOf(value)) if (form.length >= shortest) forms.add(form)
  }
  if (forms.size === 0) return (text) => text
  return (text) => replaceSpans(text, spansOf(text, forms))
}

type Span = readonly [start: number, end: number]

/** Where the forms stand, those that overlap as one. */
function spansOf(text: string, forms: ReadonlySet<string>): Span[] {
  const found: Span[] = []
  for (const form of forms) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) found.push([at, at + form.length])
  }
  const merged: Span[] = []
  for (const span of found.sort((left, right) => left[0] - right[0])) {
    const last = merged.at(-1)
    if (last === undefined || span[0] > last[1]) merged.push(span)
    else merged[merged.length - 1] = [last[0], Math.max(last[1], span[1])]
  }
  return merged
}

function replaceSpans(text: string, spans: readonly Span[]): string {
  let result = ''
  let from = 0
  for (const [start, end] of spans) {
    result += text.slice(from, start) + maskText
    from = end
  }
  return result + text.slice(from)
}
