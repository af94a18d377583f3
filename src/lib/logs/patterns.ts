import type { LoadFact, Progress } from './fact.js'

/** What a line of the app's own may mean. */
export const patternMeanings = ['loading', 'loaded', 'downloading', 'ready', 'killed'] as const

/** A word of {@link patternMeanings}. */
export type PatternMeaning = (typeof patternMeanings)[number]

/** A placeholder's name, and the text after it; the first part has text alone. */
interface Part {
  readonly placeholder?: 'model' | 'done' | 'total' | 'percent' | 'any'
  readonly text: string
}

/** A line of the app's own and what it means, e.g. `policy model {model}: {done} of {total}`. */
export interface LogPattern {
  readonly means: PatternMeaning
  readonly parts: readonly Part[]
}

const names: readonly Part['placeholder'][] = ['model', 'done', 'total', 'percent', 'any']

const isName = (name: string): name is NonNullable<Part['placeholder']> => names.some((known) => known === name)

/**
 * Reads a pattern: plain text with `{model}`, `{done}`, `{total}`, `{percent}` and `{any}` in it. Undefined when it has
 * less than four characters of text, two placeholders without text between them, or one that is not known or comes twice.
 */
export function parsePattern(when: string, means: PatternMeaning): LogPattern | undefined {
  const pieces = when.split(/\{([^{}]*)\}/)
  const parts: Part[] = [{ text: pieces[0] ?? '' }]
  for (let at = 1; at < pieces.length; at += 2) {
    const name = pieces[at] ?? ''
    const text = pieces[at + 1] ?? ''
    const isLast = at + 2 >= pieces.length
    if (!isName(name) || (text === '' && !isLast)) return undefined
    if (name !== 'any' && parts.some(({ placeholder }) => placeholder === name)) return undefined
    parts.push({ placeholder: name, text })
  }
  const literal = parts.map(({ text }) => text).join('')
  return /[{}]/.test(literal) || literal.replaceAll(/\s/g, '').length < 4 ? undefined : { means, parts }
}

const quantity = /^([\d.]{1,20}) ?([kKMGT]?)(i?)B?(?:ytes)?$/

function read(value: string | undefined): { readonly amount: number; readonly isBytes: boolean } | undefined {
  const [, number, unit = '', binary = ''] = quantity.exec(value?.trim() ?? '') ?? []
  if (number === undefined || Number.isNaN(Number(number))) return undefined
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase())
  return { amount: Number(number) * (binary === 'i' ? 1024 : 1000) ** power, isBytes: /[kKMGTB]/.test(value ?? '') }
}

function progressOf(values: ReadonlyMap<string, string>): Progress | undefined {
  const percent = read(values.get('percent'))
  if (percent !== undefined) return { done: Math.min(100, percent.amount), total: 100, unit: 'percent' }
  const done = read(values.get('done'))
  const total = read(values.get('total'))
  if (done === undefined || total === undefined || total.amount <= 0) return undefined
  const isBytes = done.isBytes || total.isBytes || total.amount > 10_000
  return { done: Math.min(done.amount, total.amount), total: total.amount, unit: isBytes ? 'bytes' : 'shards' }
}

/** A model's name has no space, unless quotes or the text after it say where it ends. */
function valueOf({ placeholder, text }: Part, raw: string): string | undefined {
  if (placeholder === 'any') return raw
  const end = placeholder === 'model' ? /^\S*/ : /^[\d.]{1,20}(?: ?[kKMGT]?i?B(?:ytes)?\b)?/
  const value = text === '' ? (end.exec(raw)?.[0] ?? '') : raw
  if (value === '' || value.length > 200) return undefined
  return placeholder === 'model' || read(value) !== undefined ? value : undefined
}

/** The fact that a line is by that pattern; each text is looked for once, from left to right. */
export function matchPattern({ means, parts }: LogPattern, line: string): LoadFact | undefined {
  const values = new Map<string, string>()
  const [first, ...others] = parts
  let at = line.indexOf(first?.text ?? '')
  if (at < 0) return undefined
  at += first?.text.length ?? 0
  for (const part of others) {
    const end = part.text === '' ? line.length : line.indexOf(part.text, at)
    const value = end < 0 ? undefined : valueOf(part, line.slice(at, end))
    if (value === undefined) return undefined
    values.set(part.placeholder ?? '', value)
    at = end + part.text.length
  }
  const model = values.get('model')
  const progress = progressOf(values)
  switch (means) {
    case 'ready':
      return { kind: 'ready' }
    case 'killed':
      return { kind: 'killed', why: line.slice(0, 200) }
    case 'loaded':
      return { kind: 'loaded', ...(model !== undefined && { model }) }
    case 'loading':
    case 'downloading':
      return { kind: means, ...(model !== undefined && { model }), ...(progress !== undefined && { progress }) }
  }
}
