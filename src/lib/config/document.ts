import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type YAMLMap } from 'yaml'
import type { Place, Problem } from '../errors/rampart-error.js'
import { interpolate } from './interpolate.js'
import { explainAlias, explainSyntax } from './syntax.js'

/** Where a value stands in rampart.yml: map keys and list indexes from the root. */
export type Path = readonly (string | number)[]

/** A problem that concerns one value, so that it can be left out with it. */
export interface PathProblem extends Problem {
  readonly path: Path
}

/** A flaw in the `${…}` of a value. */
interface VariableFlaw extends PathProblem {
  /** True when a variable is not set; false when the text itself is wrong. */
  readonly missing: boolean
}

/** What stood at a path: its text as written, and what its `${NAME}` came to. */
interface Origin {
  readonly source: string
  readonly interpolated: boolean
  /** False when a variable in it has no value, so that nothing more can be said of it. */
  readonly resolved: boolean
}

/** rampart.yml as plain data, with the place of every key and value. */
export interface YamlSource {
  /** Plain values; maps have no prototype. Undefined when the text is no YAML. */
  readonly data: unknown
  /** What is wrong with the text itself. */
  readonly problems: readonly Problem[]
  /** What is wrong with `${…}` in it. */
  readonly flaws: readonly VariableFlaw[]
  readonly used: ReadonlySet<string>
  /** Whether any value holds a variable. */
  variables(): boolean
  /** The place of a value, or of its key, or of the nearest thing around it. */
  place(path: Path, part: 'key' | 'value'): Place
  origin(path: Path): Origin | undefined
}

interface Spot {
  readonly key?: number
  readonly value: number
}

const offsetOf = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0

/** Finds the place of an offset. The parser's own counter loses lines that flow collections span. */
function places(text: string, file: string): (offset: number) => Place {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return (offset) => {
    const within = Math.min(offset, text.length)
    const line = starts.findLastIndex((start) => start <= within)
    return { file, line: line + 1, column: within - (starts[line] ?? 0) + 1 }
  }
}

const keyOf = (path: Path): string => JSON.stringify(path)

// Aliases can blow a small file up to any size; a real rampart.yml has some hundred values.
const mostNodes = 20_000

/** Reads YAML 1.2 with anchors and `<<` merges; `${…}` in values is replaced after YAML is read. Never throws. */
export function readYaml(text: string, file: string, env: Readonly<Record<string, string | undefined>>): YamlSource {
  const at = places(text, file)
  const document = parseDocument(text, {
    prettyErrors: false,
    uniqueKeys: false,
    // At `silent` a second document is passed over.
    logLevel: 'error',
  })
  const spots = new Map<string, Spot>()
  const origins = new Map<string, Origin>()
  const problems: Problem[] = []
  const flaws: VariableFlaw[] = []
  const used = new Set<string>()
  const place: YamlSource['place'] = (path, part) => {
    const spot = spots.get(keyOf(path))
    if (spot !== undefined) return at(part === 'key' ? (spot.key ?? spot.value) : spot.value)
    return path.length === 0 ? { file, line: 1, column: 1 } : place(path.slice(0, -1), 'key')
  }
  const source: YamlSource = {
    data: undefined,
    problems,
    flaws,
    used,
    variables: () => [...origins.values()].some(({ interpolated }) => interpolated),
    place,
    origin: (path) => origins.get(keyOf(path)),
  }
  for (const error of [...document.errors, ...document.warnings]) {
    const [offset] = error.pos
    const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n', 1)[0] ?? ''
    const found = at(offset)
    // One slip makes the parser stumble several times over the same line.
    if (problems.some(({ place: before }) => before?.line === found.line)) continue
    problems.push({ ...explainSyntax(error.code, error.message, line), place: found })
  }
  if (problems.length > 0) return source

  let visited = 0
  const open = new Set<unknown>()

  const readScalar = (value: unknown, raw: string, offset: number, path: Path): unknown => {
    if (typeof value !== 'string') {
      origins.set(keyOf(path), { source: raw, interpolated: false, resolved: true })
      return typeof value === 'bigint' ? Number(value) : value
    }
    const result = interpolate(value, env)
    for (const item of result.used) used.add(item)
    for (const flaw of result.flaws) {
      const hit = raw.indexOf(flaw.missing === undefined ? '$' : `\${${flaw.missing}`)
      const { message, hint } = flaw
      flaws.push({ path, message, hint, missing: flaw.missing !== undefined, place: at(offset + Math.max(hit, 0)) })
    }
    origins.set(keyOf(path), { source: raw, interpolated: result.variables, resolved: result.flaws.length === 0 })
    return result.text
  }

  const readNode = (node: unknown, path: Path, spot: Spot): unknown => {
    spots.set(keyOf(path), spot)
    visited += 1
    if (visited > mostNodes) {
      if (visited === mostNodes + 1) problems.push({ message: 'The file holds too many values', place: at(spot.value) })
      return undefined
    }
    if (isAlias(node)) {
      const target = node.resolve(document)
      if (target !== undefined && !open.has(target)) return readNode(target, path, spot)
      origins.set(keyOf(path), { source: `*${node.source}`, interpolated: false, resolved: false })
      problems.push({ ...explainAlias(node.source, target !== undefined), place: at(offsetOf(node)) })
      return undefined
    }
    if (isScalar(node)) {
      const [from, to] = node.range ?? [spot.value, spot.value]
      return readScalar(node.value, text.slice(from, to), from, path)
    }
    if (!isMap(node) && !isSeq(node)) return null
    open.add(node)
    const value = isMap(node)
      ? readMap(node, path)
      : node.items.map((item, index) => readNode(item, [...path, index], { value: offsetOf(item) }))
    open.delete(node)
    return value
  }

  const readMap = (node: YAMLMap, path: Path): unknown => {
    const result: Record<string, unknown> = Object.create(null)
    fill(result, node, path, new Map())
    return result
  }

  /** Adds the pairs of a map. `own` holds the keys that stand in the map itself; undefined when this one is merged in. */
  const fill = (result: Record<string, unknown>, node: YAMLMap, path: Path, own?: Map<string, number>): void => {
    const merges: unknown[] = []
    for (const { key, value } of node.items) {
      const offset = offsetOf(key)
      const name = isScalar(key) ? (typeof key.value === 'string' ? key.value : (key.source ?? '')) : undefined
      if (name === undefined || name === '__proto__') {
        problems.push({ message: 'A key must be plain text', place: at(offset) })
      } else if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        merges.push(value)
      } else if (own?.has(name) === true) {
        const line = at(own.get(name) ?? 0).line
        const message = `\`${[...path, name].join('.')}\` is given twice`
        problems.push({ message, hint: `The first is on line ${line}; keep one of them`, place: at(offset) })
      } else if (!(name in result)) {
        own?.set(name, offset)
        // `x-…` at the top is free for anchors that other parts use.
        if (path.length === 0 && name.startsWith('x-')) continue
        result[name] = readNode(value, [...path, name], {
          key: offset,
          value: value === null ? offset : offsetOf(value),
        })
      }
    }
    for (const merge of merges) mergeInto(result, merge, path)
  }

  /** https://yaml.org/type/merge.html: keys that stand in the map itself win, then earlier maps over later ones. */
  const mergeInto = (result: Record<string, unknown>, node: unknown, path: Path): void => {
    const target = isAlias(node) ? node.resolve(document) : node
    visited += 1
    if (isSeq(target) && visited <= mostNodes) {
      for (const item of target.items) mergeInto(result, item, path)
    } else if (isMap(target) && !open.has(target)) {
      open.add(target)
      fill(result, target, path)
      open.delete(target)
    } else {
      const hint = 'Write `<<: *name`, or `<<: [*one, *two]`'
      problems.push({ message: '`<<` takes a map, or a list of maps', hint, place: at(offsetOf(node)) })
    }
  }

  return { ...source, data: readNode(document.contents, [], { value: offsetOf(document.contents) }) }
}
