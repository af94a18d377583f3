import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Scalar, type YAMLMap } from 'yaml'

/** A model whose revision is the name of a branch or tag, as rampart.yml has it. */
export interface NamedRevision {
  readonly id: string
  readonly name: string
}

/** One place of the text to replace. */
interface Edit {
  readonly from: number
  readonly to: number
  readonly text: string
}

interface Found extends NamedRevision {
  readonly model: YAMLMap
  readonly value: Scalar
}

/** The models of rampart.yml that do not name a commit yet; none in a text that is no YAML. Variables are left alone. */
export function namedRevisions(text: string): readonly NamedRevision[] {
  return findNamed(text).map(({ id, name }) => ({ id, name }))
}

/**
 * The text with commits in the place of names, and not another character changed. A model that rampart provides gets
 * its name as `ref`, unless it has one. `commitOf` gives undefined for a name that shall stay.
 */
export function writeRevisions(text: string, commitOf: (model: NamedRevision) => string | undefined): string {
  const edits = findNamed(text).flatMap((found) => {
    const commit = commitOf({ id: found.id, name: found.name })
    return commit === undefined ? [] : editsOf(text, found, commit)
  })
  return edits
    .toSorted((one, other) => other.from - one.from)
    .reduce((result, { from, to, text: part }) => result.slice(0, from) + part + result.slice(to), text)
}

function findNamed(text: string): readonly Found[] {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false })
  if (document.errors.length > 0) return []
  const seen = new Set<Scalar>()
  const found: Found[] = []
  for (const service of valuesOf(document, valueOf(document, document.contents, 'services'))) {
    for (const model of valuesOf(document, valueOf(document, valueOf(document, service, 'base'), 'models'))) {
      const id = valueOf(document, model, 'id')
      const value = valueOf(document, model, 'revision')
      if (!isMap(model) || !isScalar(id) || !isScalar(value) || seen.has(value)) continue
      seen.add(value)
      if (typeof id.value !== 'string' || typeof value.value !== 'string') continue
      if (/^[0-9a-f]{40}$/.test(value.value) || value.value === '' || `${id.value}${value.value}`.includes('$'))
        continue
      found.push({ id: id.value, name: value.value, model, value })
    }
  }
  return found
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

function valueOf(document: Document, node: unknown, key: string): unknown {
  return isMap(node) ? resolved(document, node.get(key, true)) : undefined
}

function valuesOf(document: Document, node: unknown): readonly unknown[] {
  const items = isMap(node) ? node.items.map(({ value }) => value) : isSeq(node) ? node.items : []
  return items.map((item) => resolved(document, item))
}

function editsOf(text: string, { model, value, name }: Found, commit: string): readonly Edit[] {
  const [from, to] = value.range ?? [0, 0]
  const replaced: Edit = { from, to, text: inQuotes(commit, text[from]) }
  // A revision that comes through an alias stands elsewhere; what follows it there is not this model's.
  const own = model.items.find((pair) => pair.value === value)
  const provided = model.get('provide') === 'rampart' && !model.has('ref')
  if (!provided || own === undefined || !isScalar(own.key)) return [replaced]
  const ref = `ref: ${inQuotes(name, text[from])}`
  if (model.flow === true) return [replaced, { from: to, to, text: `, ${ref}` }]
  const keyAt = own.key.range?.[0] ?? 0
  const column = keyAt - (text.lastIndexOf('\n', keyAt - 1) + 1)
  const lineEnd = text.indexOf('\n', to)
  const end = lineEnd < 0 ? text.length : text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd
  const newLine = text.includes('\r\n') ? '\r\n' : '\n'
  return [replaced, { from: end, to: end, text: `${newLine}${' '.repeat(column)}${ref}` }]
}

/** As it was quoted before; a word that YAML takes for a number or the like needs quotes. */
function inQuotes(word: string, before: string | undefined): string {
  if (before === '"' || before === "'") return `${before}${word}${before}`
  const isPlain = /^[\w./-]+$/.test(word) && parseDocument(word).contents
  return isScalar(isPlain) && isPlain.value === word ? word : `"${word}"`
}
