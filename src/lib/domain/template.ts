import type { Json } from './verify-plan.js'

/** What every template knows: the number of the request from 1, a new UUID, the time in ISO 8601. */
export const commonPlaceholders = ['n', 'uuid', 'now'] as const

const placeholder = /\{\{\s*([\w-]+)\s*\}\}/g

/** What a request's templates are filled with. */
export type TemplateValues = Readonly<Record<string, Json>>

/** The names in a template's `{{name}}`s, in their order. */
export function placeholdersIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [...value.matchAll(placeholder)].map(([, name = '']) => name)
  if (typeof value !== 'object' || value === null) return []
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(placeholdersIn)
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** The text with each `{{name}}` replaced; names that are not known stay as they are. */
export function fillText(text: string, values: TemplateValues): string {
  return text.replaceAll(placeholder, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    return value === undefined ? whole : textOf(value)
  })
}

/** The same through a whole document. A text that is one placeholder and nothing else becomes the value itself. */
export function fillJson(value: Json, values: TemplateValues): Json {
  if (typeof value === 'string') {
    const [only = ''] = placeholdersIn(value)
    const isWhole = value.replace(placeholder, '') === '' && Object.hasOwn(values, only)
    return isWhole ? (values[only] ?? null) : fillText(value, values)
  }
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => fillJson(item, values))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillJson(item, values)]))
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
