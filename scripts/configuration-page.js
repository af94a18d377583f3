// Makes the page of every key of rampart.yml from the schema that editors and the loader use.

/** The text of docs/configuration.md. */
export function configurationPage(schema) {
  const sections = [...sectionsOf('', schema)]
  return [
    '# Every key of rampart.yml',
    '',
    'Made from the schema (`npm run generate`), which editors use as `schemas/rampart.schema.json`. Any value may hold',
    '`${NAME}` or `${NAME:-default}` from the environment and from `.env`; keys that begin with `x-` are free. An unknown',
    'key, a missing one or a wrong value is refused with file, line and column before anything is done.',
    '',
    ...sections.flatMap(({ place, schema: section }) => [
      place === '' ? '## The file' : `## \`${place}\``,
      '',
      ...(section.description === undefined ? [] : [escape(section.description), '']),
      '| key | value | what it is |',
      '| --- | --- | --- |',
      ...Object.entries(keysOf(section)).map(([key, value]) => row(place, key, value, section.required ?? [])),
      '',
    ]),
  ].join('\n')
}

/** Every object with keys of its own, outermost first. */
function* sectionsOf(place, schema) {
  if (Object.keys(keysOf(schema)).length > 0) yield { place, schema }
  for (const [key, value] of Object.entries(keysOf(schema))) yield* below(join(place, key), value)
}

function* below(place, value) {
  for (const one of formsOf(value)) {
    if (one.properties !== undefined) yield* sectionsOf(place, one)
    if (typeof one.additionalProperties === 'object') yield* below(`${place}.<name>`, one.additionalProperties)
    if (one.items !== undefined) yield* below(`${place}[]`, one.items)
  }
}

const join = (place, key) => (place === '' ? key : `${place}.${key}`)
const keysOf = (schema) => schema.properties ?? {}
const formsOf = (value) => value.anyOf ?? value.oneOf ?? [value]

function row(place, key, value, required) {
  const needed = required.includes(key) && value.default === undefined
  const kind = [kindOf(value), needed ? '**required**' : undefined, defaultOf(value)].filter(Boolean).join('; ')
  const [section] = below(join(place, key), value)
  const words = section === undefined ? kind : kind.replace(/list|map|section/, `[$&](#${anchorOf(section.place)})`)
  const about = hasWords(value) ? value.description?.replace(/ Must be [^.]*\.$/, '') : value.description
  const examples = value.default === undefined && !hasWords(value) ? examplesOf(value) : ''
  return `| \`${key}\` | ${words} | ${escape(about ?? '')}${examples} |`
}

/** What GitHub calls a heading of that text. */
const anchorOf = (place) => place.toLowerCase().replaceAll(/[^\w-]/g, '')

const hasWords = (value) => formsOf(value).some((form) => form.enum !== undefined)

function kindOf(value) {
  const forms = formsOf(value).filter((form) => form.pattern !== String.raw`\$\{`)
  return [...new Set(forms.map(formName))].join(' or ')
}

function formName(form) {
  if (form.enum !== undefined) return form.enum.map((word) => `\`${word}\``).join(', ')
  if (form.type === 'array') return 'list'
  if (form.type === 'object') return form.properties === undefined ? 'map' : 'section'
  return form.type === 'string' ? 'text' : (form.type ?? 'any value')
}

function defaultOf({ default: value }) {
  if (value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)) return undefined
  return `default \`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function examplesOf({ examples = [] }) {
  if (examples.length === 0) return ''
  return ` E.g. ${examples.map((one) => `\`${typeof one === 'string' ? one : JSON.stringify(one)}\``).join(', ')}.`
}

const escape = (text) => text.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ')
