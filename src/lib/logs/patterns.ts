import type { LinePart, LinePattern } from '../domain/line-pattern.js'
import type { LoadFact, Progress } from './fact.js'

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
function valueOf({ placeholder, text }: LinePart, raw: string): string | undefined {
  if (placeholder === 'any') return raw
  const end = placeholder === 'model' ? /^\S*/ : /^[\d.]{1,20}(?: ?[kKMGT]?i?B(?:ytes)?\b)?/
  const value = text === '' ? (end.exec(raw)?.[0] ?? '') : raw
  if (value === '' || value.length > 200) return undefined
  return placeholder === 'model' || read(value) !== undefined ? value : undefined
}

/** The fact that a line is by that pattern; each text is looked for once, from left to right. */
export function matchPattern({ means, parts }: LinePattern, line: string): LoadFact | undefined {
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
