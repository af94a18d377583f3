import { directoryOf } from '../tree.js'
import { unknown, type Call, type Module, type Value } from './values.js'

/** All Python of one service: names are looked up from file to file. */
export interface Project {
  readonly modules: readonly Module[]
  /** The texts that a value can be; empty when that is not known. */
  texts(value: Value, from: Module, scope: readonly string[]): readonly string[]
  /** The number that a value is, or undefined. */
  number(value: Value, from: Module, scope: readonly string[]): number | undefined
  /** The dotted path that a called name stands for, imports followed: `pipeline` is `transformers.pipeline`. */
  canonical(path: readonly string[], from: Module): string
  /** The module and the name in it that a dotted name of `from` means; itself when it was not imported. */
  owner(path: readonly string[], from: Module): { readonly module: Module; readonly name: string } | undefined
  /** The module with that dotted name. */
  find(dotted: string): Module | undefined
}

// Names that name names: settings that take a constant from another file. Further hops are not followed.
const mostHops = 4
const mostTexts = 16
// Steps of one look-up: names that are bound hundreds of times to each other would take for ever.
const mostSteps = 500

// Functions that give a default when the environment is silent, and the place of that default.
const defaults = new Map<string, readonly [position: number, name: string]>([
  ['getenv', [1, 'default']],
  ['get', [1, 'default']],
  ['Field', [0, 'default']],
  ['config', [1, 'default']],
  ['env', [1, 'default']],
  ['str', [0, 'object']],
  ['int', [0, 'x']],
])

interface Fuel {
  left: number
}

const absolute = (dotted: string, from: Module): string => {
  const dots = /^\.+/.exec(dotted)?.[0].length ?? 0
  if (dots === 0) return dotted
  const parts = directoryOf(from.path)
    .split('/')
    .filter((part) => part !== '')
  const kept = parts.slice(0, Math.max(0, parts.length - (dots - 1)))
  return [...kept, dotted.slice(dots)].filter((part) => part !== '').join('.')
}

const canonical = (path: readonly string[], from: Module): string => {
  const [first = '', ...rest] = path
  const imported = from.imports.get(first)
  return [imported === undefined ? first : absolute(imported, from), ...rest].join('.')
}

/** Puts the modules of one service together. */
export function createProject(modules: readonly Module[]): Project {
  const byName = indexModules(modules)
  const find = (dotted: string): Module | undefined => byName.get(dotted)

  const owner: Project['owner'] = (path, from) => {
    const [first = ''] = path
    if (!from.imports.has(first)) return { module: from, name: path.join('.') }
    const parts = canonical(path, from).split('.')
    for (let length = parts.length; length > 0; length--) {
      const module = find(parts.slice(0, length).join('.'))
      if (module !== undefined) return { module, name: parts.slice(length).join('.') }
    }
    return undefined
  }

  const valuesOf = (path: readonly string[], from: Module, scope: readonly string[]): readonly Value[] => {
    const [first = ''] = path
    const classScope = scope.slice(0, -1)
    if ((first === 'self' || first === 'cls') && path.length === 2) {
      return from.bindings.get([...classScope, path[1]].join('.')) ?? []
    }
    for (let length = scope.length; length >= 0; length--) {
      const found = from.bindings.get([...scope.slice(0, length), ...path].join('.'))
      if (found !== undefined) return found
    }
    const where = owner(path, from)
    if (where === undefined) return []
    const direct = where.module.bindings.get(where.name)
    if (direct !== undefined) return direct
    return instanceAttribute(where.module, where.name)
  }

  const read = (value: Value, from: Module, scope: readonly string[], fuel: Fuel, hops = 0): readonly Value[] => {
    if (hops > mostHops || fuel.left-- <= 0) return []
    const again = (next: Value): readonly Value[] => read(next, from, scope, fuel, hops + 1)
    switch (value.kind) {
      case 'name':
        return valuesOf(value.path, from, scope).flatMap((next) => {
          const home = owner(value.path, from)?.module ?? from
          return read(next, home, home === from ? scope : [], fuel, hops + 1)
        })
      case 'either':
        return value.of.flatMap(again)
      case 'call':
        return again(defaultOf(value.call))
      case 'item': {
        const map = again(value.of).find((one) => one.kind === 'map')
        if (map === undefined) return []
        // A variable may be any of its keys: the default of a parameter is not what its callers pass.
        const key = value.key.kind === 'text' ? value.key.text : undefined
        const same = map.entries.filter(([name]) => name.kind === 'text' && name.text === key)
        return (same.length > 0 ? same : map.entries).flatMap(([, entry]) => again(entry))
      }
      case 'joined': {
        const parts = value.parts.map((part) => again(part).find((one) => one.kind === 'text'))
        return parts.every((part) => part !== undefined)
          ? [{ kind: 'text', text: parts.map((part) => part.text).join('') }]
          : []
      }
      case 'unknown':
        return []
      case 'text':
      case 'number':
      case 'list':
      case 'map':
        return [value]
    }
  }

  return {
    modules,
    find,
    canonical,
    owner,
    texts: (value, from, scope) => {
      const all = read(value, from, scope, { left: mostSteps }).flatMap((one) =>
        one.kind === 'text' ? [one.text] : [],
      )
      return [...new Set(all)].slice(0, mostTexts)
    },
    number: (value, from, scope) => {
      for (const one of read(value, from, scope, { left: mostSteps })) {
        if (one.kind === 'number') return one.value
        if (one.kind === 'text' && /^\d{1,5}$/.test(one.text)) return Number(one.text)
      }
      return undefined
    },
  }
}

/** `settings.MODEL` where `settings = Settings()` and `class Settings: MODEL = …` in the same file. */
function instanceAttribute(module: Module, name: string): readonly Value[] {
  const parts = name.split('.')
  const attribute = parts.pop()
  const [instance] = module.bindings.get(parts.join('.')) ?? []
  if (instance?.kind !== 'call') return []
  return module.bindings.get([...instance.call.callee, attribute].join('.')) ?? []
}

function defaultOf(call: Call): Value {
  const place = defaults.get(call.callee.at(-1) ?? '')
  if (place === undefined) return unknown
  return call.positional[place[0]] ?? call.named.get(place[1]) ?? unknown
}

/** Every dotted name that a file can be imported by: from the top, and from each directory above it. */
function indexModules(modules: readonly Module[]): ReadonlyMap<string, Module> {
  const index = new Map<string, Module>()
  for (const module of modules) {
    const parts = module.path.replace(/(?:\/__init__)?\.py$/, '').split('/')
    for (let from = 0; from < parts.length; from++) {
      const name = parts.slice(from).join('.')
      // The shortest way wins: it is the one that the directory itself begins.
      if (from === 0 || !index.has(name)) index.set(name, module)
    }
  }
  return index
}
