/** What a line of the app's own may mean. */
export const lineMeanings = ['loading', 'loaded', 'downloading', 'ready', 'killed'] as const

/** A word of {@link lineMeanings}. */
export type LineMeaning = (typeof lineMeanings)[number]

/** A placeholder, and the text after it; the first part has text alone. */
export interface LinePart {
  readonly placeholder?: 'model' | 'done' | 'total' | 'percent' | 'any'
  readonly text: string
}

/** A line of the app's own and what it means, e.g. `policy model {model}: {done} of {total}`. */
export interface LinePattern {
  readonly means: LineMeaning
  readonly parts: readonly LinePart[]
}

const names: readonly LinePart['placeholder'][] = ['model', 'done', 'total', 'percent', 'any']

const isName = (name: string): name is NonNullable<LinePart['placeholder']> => names.some((known) => known === name)

/**
 * Reads plain text with `{model}`, `{done}`, `{total}`, `{percent}` and `{any}` in it. Undefined when it has less than
 * four characters of text, two placeholders without text between them, or one that is not known or comes twice.
 */
export function parseLinePattern(text: string): readonly LinePart[] | undefined {
  const pieces = text.split(/\{([^{}]*)\}/)
  const parts: LinePart[] = [{ text: pieces[0] ?? '' }]
  for (let at = 1; at < pieces.length; at += 2) {
    const name = pieces[at] ?? ''
    const after = pieces[at + 1] ?? ''
    const isLast = at + 2 >= pieces.length
    if (!isName(name) || (after === '' && !isLast)) return undefined
    if (name !== 'any' && parts.some(({ placeholder }) => placeholder === name)) return undefined
    parts.push({ placeholder: name, text: after })
  }
  const literal = parts.map((part) => part.text).join('')
  return /[{}]/.test(literal) || literal.replaceAll(/\s/g, '').length < 4 ? undefined : parts
}
