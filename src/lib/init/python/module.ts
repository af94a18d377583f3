import { parser } from '@lezer/python'
import { childrenOf, readCall, readValue, type Source, type SyntaxNode } from './expression.js'
import type { Call, Module, Value } from './values.js'

interface Reading {
  readonly source: Source
  readonly calls: Call[]
  readonly bindings: Map<string, Value[]>
  readonly imports: Map<string, string>
  /** The names that results of calls are given, by where the call begins. */
  readonly targets: Map<number, string>
}

/** Reads one file of Python. It never throws: what does not parse is left out, as comments and strings are. */
export function readModule(path: string, text: string): Module {
  const reading: Reading = {
    source: { text, lineAt: lineCounter(text) },
    calls: [],
    bindings: new Map(),
    imports: new Map(),
    targets: new Map(),
  }
  const scope: string[] = []
  parser.parse(text).iterate({
    enter: ({ node }) => {
      if (opensScope(node.name)) scope.push(scopeName(reading, node))
      visit(reading, node, [...scope])
    },
    leave: ({ name }) => {
      if (opensScope(name)) scope.pop()
    },
  })
  const { calls, bindings, imports } = reading
  return { path, calls, bindings, imports }
}

const opensScope = (name: string): boolean => name === 'FunctionDefinition' || name === 'ClassDefinition'

function scopeName(reading: Reading, node: SyntaxNode): string {
  const name = node.getChild('VariableName')
  return name === null ? '' : reading.source.text.slice(name.from, name.to)
}

function visit(reading: Reading, node: SyntaxNode, scope: readonly string[]): void {
  switch (node.name) {
    case 'AssignStatement':
      return readAssignment(reading, node, scope)
    case 'ParamList':
      return readParameters(reading, node, scope)
    case 'ImportStatement':
      return readImport(reading, node)
    case 'CallExpression':
    case 'Decorator': {
      const target = reading.targets.get(node.from)
      const call = readCall(reading.source, node, scope)
      reading.calls.push(target === undefined ? call : { ...call, target })
    }
  }
}

function bind(reading: Reading, scope: readonly string[], name: string, value: Value): void {
  const key = [...scope, name].join('.')
  const known = reading.bindings.get(key)
  if (known === undefined) reading.bindings.set(key, [value])
  else known.push(value)
}

/** `NAME = value`, `name: type = value`, `self.name = value`, `a = b = value`. */
function readAssignment(reading: Reading, node: SyntaxNode, scope: readonly string[]): void {
  const { source } = reading
  const parts = childrenOf(node).filter((part) => part.name !== 'TypeDef')
  const last = parts.at(-1)
  if (last === undefined || last.name === 'AssignOp') return
  const value = readValue(source, last, scope)
  for (const [index, part] of parts.entries()) {
    if (parts[index + 1]?.name !== 'AssignOp') continue
    const name = source.text.slice(part.from, part.to)
    if (part.name === 'VariableName') {
      bind(reading, scope, name, value)
      reading.targets.set(last.from, name)
    } else if (/^self\.\w+$/.test(name)) {
      // An attribute belongs to the class, whichever method gives it its value.
      bind(reading, scope.slice(0, -1), name.slice('self.'.length), value)
    }
  }
}

function readParameters(reading: Reading, node: SyntaxNode, scope: readonly string[]): void {
  const parts = childrenOf(node).filter((part) => part.name !== 'TypeDef')
  for (const [index, part] of parts.entries()) {
    if (part.name !== 'VariableName' || parts[index + 1]?.name !== 'AssignOp') continue
    const name = reading.source.text.slice(part.from, part.to)
    bind(reading, scope, name, readValue(reading.source, parts[index + 2] ?? null, scope))
  }
}

/** Comments go, and the words of the statement stay: its grammar is flat, dots and commas apart. */
function readImport(reading: Reading, node: SyntaxNode): void {
  const words: string[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'Comment' && child.name !== '(' && child.name !== ')') {
      words.push(reading.source.text.slice(child.from, child.to))
    }
  }
  const at = words.indexOf('import')
  const from = words[0] === 'from' ? words.slice(1, at).join('') : undefined
  const groups: string[][] = [[]]
  for (const word of words.slice(at + 1)) {
    if (word === ',') groups.push([])
    else groups.at(-1)?.push(word)
  }
  for (const group of groups) {
    const as = group.indexOf('as')
    const name = (as < 0 ? group : group.slice(0, as)).join('')
    if (name === '') continue
    const alias = as < 0 ? undefined : group[as + 1]
    // `import a.b` binds `a`; its parts are then named in full.
    if (from === undefined)
      reading.imports.set(
        alias ?? name.split('.')[0] ?? name,
        alias === undefined ? (name.split('.')[0] ?? name) : name,
      )
    else reading.imports.set(alias ?? name, from.endsWith('.') ? `${from}${name}` : `${from}.${name}`)
  }
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }
}
