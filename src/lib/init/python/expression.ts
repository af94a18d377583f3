import type { parser } from '@lezer/python'
import { readInteger, readString, unescape } from './literals.js'
import { unknown, type Call, type Value } from './values.js'

/** A node of the syntax tree that the parser makes. */
export type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

/** The text that a syntax tree is of, with what its readers need. */
export interface Source {
  readonly text: string
  readonly lineAt: (offset: number) => number
}

// Deeper nesting than people write: generated or hostile, and not worth the stack.
const deepest = 40

const textOf = (source: Source, node: SyntaxNode): string => source.text.slice(node.from, node.to)

const marks = new Set(['(', ')', '[', ']', '{', '}', ',', ':', '.', 'At', 'Comment'])

/** The children that mean something. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (!marks.has(child.name)) children.push(child)
  }
  return children
}

/** The dotted name that a node is, or undefined. */
function dottedName(source: Source, node: SyntaxNode | null): readonly string[] | undefined {
  const parts: string[] = []
  let rest = node
  while (rest?.name === 'MemberExpression') {
    const property = rest.lastChild
    if (property?.name !== 'PropertyName') return undefined
    parts.unshift(textOf(source, property))
    rest = rest.firstChild
    // `Model().name` is read as a name of the class.
    if (rest?.name === 'CallExpression') rest = rest.firstChild
  }
  return rest?.name === 'VariableName' ? [textOf(source, rest), ...parts] : undefined
}

/** What an expression says. Never throws; what it cannot know is `unknown`. */
export function readValue(source: Source, node: SyntaxNode | null, scope: readonly string[], depth = 0): Value {
  if (node === null || depth > deepest) return unknown
  const read = (child: SyntaxNode | null): Value => readValue(source, child, scope, depth + 1)
  switch (node.name) {
    case 'String': {
      const text = readString(textOf(source, node))
      return text === undefined ? unknown : { kind: 'text', text }
    }
    case 'ContinuedString':
      return { kind: 'joined', parts: childrenOf(node).map(read) }
    case 'FormatString':
      return { kind: 'joined', parts: formatParts(source, node, read) }
    case 'Number': {
      const value = readInteger(textOf(source, node))
      return value === undefined ? unknown : { kind: 'number', value }
    }
    case 'VariableName':
      return { kind: 'name', path: [textOf(source, node)] }
    case 'MemberExpression':
      return readMember(source, node, read)
    case 'ParenthesizedExpression':
    case 'AwaitExpression':
      return read(childrenOf(node).at(-1) ?? null)
    case 'ArrayExpression':
    case 'TupleExpression':
    case 'SetExpression':
      return { kind: 'list', items: childrenOf(node).map(read) }
    case 'DictionaryExpression':
      return readMap(node, read)
    case 'ConditionalExpression': {
      const [first, , , , last] = childrenOf(node)
      return { kind: 'either', of: [read(first ?? null), read(last ?? null)] }
    }
    case 'BinaryExpression':
      return readBinary(source, node, read)
    case 'CallExpression':
      return { kind: 'call', call: readCall(source, node, scope, depth + 1) }
    default:
      return unknown
  }
}

function formatParts(source: Source, node: SyntaxNode, read: (child: SyntaxNode | null) => Value): Value[] {
  const whole = textOf(source, node)
  const open = /^[a-z]{0,2}('''|"""|'|")/i.exec(whole)
  const quote = open?.[1]
  if (open === null || quote === undefined || !whole.endsWith(quote)) return [unknown]
  const parts: Value[] = []
  let from = node.from + open[0].length
  const plain = (to: number): void => {
    const text = unescape(source.text.slice(from, Math.max(from, to))).replaceAll(/\{\{|\}\}/g, (pair) =>
      pair.charAt(0),
    )
    if (text !== '') parts.push({ kind: 'text', text })
  }
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'FormatReplacement') continue
    plain(child.from)
    parts.push(read(childrenOf(child)[0] ?? null))
    from = child.to
  }
  plain(node.to - quote.length)
  return parts
}

function readMember(source: Source, node: SyntaxNode, read: (child: SyntaxNode | null) => Value): Value {
  const path = dottedName(source, node)
  if (path !== undefined) return { kind: 'name', path }
  const [of, key] = childrenOf(node)
  const isItem = node.getChild('[') !== null
  return isItem && of !== undefined && key !== undefined ? { kind: 'item', of: read(of), key: read(key) } : unknown
}

function readMap(node: SyntaxNode, read: (child: SyntaxNode | null) => Value): Value {
  const entries: (readonly [Value, Value])[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === ':') entries.push([read(child.prevSibling), read(child.nextSibling)])
  }
  return { kind: 'map', entries }
}

function readBinary(source: Source, node: SyntaxNode, read: (child: SyntaxNode | null) => Value): Value {
  const [left = null, operator = null, right = null] = childrenOf(node)
  const sign = operator === null ? '' : textOf(source, operator)
  if (sign === '+') return { kind: 'joined', parts: [read(left), read(right)] }
  return sign === 'or' ? { kind: 'either', of: [read(left), read(right)] } : unknown
}

/** A CallExpression, or a Decorator with or without arguments. */
export function readCall(source: Source, node: SyntaxNode, scope: readonly string[], depth = 0): Call {
  const list = node.getChild('ArgList')
  const positional: Value[] = []
  const named = new Map<string, Value>()
  const parts = list === null ? [] : childrenOf(list)
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]
    if (part === undefined) continue
    if (parts[index + 1]?.name === 'AssignOp') {
      named.set(textOf(source, part), readValue(source, parts[index + 2] ?? null, scope, depth + 1))
      index += 2
      continue
    }
    // `*arguments` and `**options` hold nothing that can be known.
    if (part.name === '*' || part.name === '**') index++
    else positional.push(readValue(source, part, scope, depth + 1))
  }
  return { callee: calleeOf(source, node), positional, named, line: source.lineAt(node.from), scope }
}

function calleeOf(source: Source, node: SyntaxNode): readonly string[] {
  if (node.name !== 'Decorator') return dottedName(source, node.firstChild) ?? []
  return childrenOf(node)
    .filter((child) => child.name !== 'ArgList')
    .map((child) => textOf(source, child))
}
