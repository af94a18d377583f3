import { Document, isMap, isPair, isScalar, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from 'yaml'
import type { Template, Value } from './template.js'

const isFunction = (key: string): boolean => key === 'Ref' || key === 'Condition' || key.startsWith('Fn::')

/** The short form of a function; undefined where YAML has none for it. */
function short(value: object): { readonly tag: string; readonly inner: Value } | undefined {
  const [entry, ...rest] = Object.entries(value)
  if (entry === undefined || rest.length > 0 || !isFunction(entry[0])) return undefined
  const [name, inner] = entry as [string, Value]
  // A tag can not follow a tag: Base64 of a function keeps its long form.
  if (typeof inner === 'object' && !Array.isArray(inner)) return undefined
  return { tag: `!${name.replace('Fn::', '')}`, inner }
}

function scalarOf(value: string | number | boolean): Scalar {
  const scalar = new Scalar(value)
  if (typeof value !== 'string') return scalar
  if (value.includes('\n')) scalar.type = Scalar.BLOCK_LITERAL
  // Account ids and versions are no numbers, however they look.
  else if (/^[\d.]|^(?:y|n|yes|no|on|off|true|false|null|~)$/i.test(value) || value === '')
    scalar.type = Scalar.QUOTE_SINGLE
  return scalar
}

function nodeOf(value: Value): Node {
  if (typeof value !== 'object') return scalarOf(value)
  if (Array.isArray(value)) {
    const list = new YAMLSeq()
    list.items = (value as readonly Value[]).map(nodeOf)
    return list
  }
  const called = short(value)
  if (called !== undefined) {
    const { tag, inner } = called
    const node = nodeOf(tag === '!GetAtt' && Array.isArray(inner) ? inner.join('.') : inner)
    node.tag = tag
    return node
  }
  const map = new YAMLMap()
  for (const [key, one] of Object.entries(value)) {
    if (one === undefined || key === 'note') continue
    const name = scalarOf(key)
    if (typeof one === 'object' && 'note' in one && typeof one['note'] === 'string')
      name.commentBefore = wrap(one['note'])
    map.items.push(new Pair(name, nodeOf(one)))
  }
  return map
}

/** A sentence as the lines of a comment. */
function wrap(text: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line.length + word.length > 110) {
      lines.push(line)
      line = ''
    }
    line += ` ${word}`
  }
  return [...lines, line].join('\n')
}

/** A template as YAML that people read: sections apart, a line before each resource, why it is so above it. */
export function templateYaml(template: Template, heading: readonly string[]): string {
  const map = nodeOf(template as unknown as Value)
  const document = new Document()
  document.contents = map as never
  document.commentBefore = heading.map((line) => ` ${line}`).join('\n')
  if (isMap(map)) {
    for (const [index, section] of map.items.entries()) {
      if (!isPair(section) || !isScalar(section.key)) continue
      section.key.spaceBefore = index > 0
      if (section.key.value !== 'Resources' || !isMap(section.value)) continue
      for (const [place, one] of section.value.items.entries()) {
        if (isScalar(one.key)) one.key.spaceBefore = place > 0
      }
    }
  }
  return document.toString({ lineWidth: 0, indentSeq: true, singleQuote: true })
}
