import { invalid, isObject, word, type Json, type Properties, type Template } from './template.js'

/** What functions of a template are worked out with. */
export interface Scope {
  readonly template: Template
  /** Pseudo parameters and parameters; a list is text with commas. */
  readonly values: Readonly<Record<string, string | readonly string[]>>
  readonly zones: readonly string[]
  /** What other stacks export. */
  readonly exports: ReadonlyMap<string, string>
  /** What `Ref` of a resource gives. */
  ref(resource: string): Json
  attribute(resource: string, name: string): Json
}

/** What a property is that a condition leaves out: `AWS::NoValue`. */
const nothing = Symbol('AWS::NoValue')
type Worked = Json | typeof nothing

/**
 * Works out the functions in a value.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 * @throws ServiceError ValidationError.
 */
export function evaluate(value: Json, scope: Scope): Json {
  const worked = work(value, scope)
  return worked === nothing ? null : worked
}

/** The same for a map of properties. */
export function evaluateAll(properties: Properties | undefined, scope: Scope): Properties {
  const worked = evaluate(properties ?? {}, scope)
  return isObject(worked) ? worked : {}
}

/** Whether a condition holds. @throws ServiceError ValidationError when there is none of that name. */
export function holds(name: string, scope: Scope): boolean {
  const condition = scope.template.Conditions[name]
  if (condition === undefined) throw invalid(`Template format error: Unresolved condition dependency ${name}`)
  return truth(condition, scope)
}

function truth(value: Json, scope: Scope): boolean {
  if (isObject(value)) {
    const [name, inner] = Object.entries(value)[0] ?? ['', null]
    const list = Array.isArray(inner) ? (inner as readonly Json[]) : []
    switch (name) {
      case 'Condition':
        return holds(word(inner), scope)
      case 'Fn::Equals':
        return word(evaluate(list[0] ?? '', scope)) === word(evaluate(list[1] ?? '', scope))
      case 'Fn::Not':
        return !truth(list[0] ?? false, scope)
      case 'Fn::And':
        return list.every((each) => truth(each, scope))
      case 'Fn::Or':
        return list.some((each) => truth(each, scope))
    }
  }
  throw invalid('Template error: every Conditions member must be a condition function.')
}

function work(value: Json, scope: Scope): Worked {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((each) => work(each, scope)).filter((each) => each !== nothing)
  }
  if (!isObject(value)) return value
  const entries = Object.entries(value)
  const [first] = entries
  if (first !== undefined && entries.length === 1 && (first[0] === 'Ref' || first[0].startsWith('Fn::'))) {
    return call(first[0], first[1], scope)
  }
  const worked = entries.map(([key, each]) => [key, work(each, scope)] as const)
  return Object.fromEntries(worked.filter((entry): entry is readonly [string, Json] => entry[1] !== nothing))
}

function call(name: string, inner: Json, scope: Scope): Worked {
  const list = Array.isArray(inner) ? (inner as readonly Json[]) : [inner]
  const at = (index: number): Json => evaluate(list[index] ?? null, scope)
  switch (name) {
    case 'Ref':
      return reference(word(inner), scope)
    case 'Fn::GetAtt': {
      const [id = '', ...rest] = typeof inner === 'string' ? inner.split('.') : list.map(word)
      return scope.attribute(id, rest.join('.'))
    }
    case 'Fn::Sub':
      return substitute(inner, scope)
    case 'Fn::Join':
      return textsOf(at(1)).join(word(at(0)))
    case 'Fn::Split':
      return word(at(1)).split(word(at(0)))
    case 'Fn::Select':
      return selected(Number(at(0)), at(1))
    case 'Fn::Base64':
      return Buffer.from(word(evaluate(inner, scope))).toString('base64')
    case 'Fn::GetAZs':
      return scope.zones
    case 'Fn::Cidr':
      return blocks(word(at(0)), Number(at(1)), Number(at(2)))
    case 'Fn::If':
      return work((holds(word(list[0] ?? null), scope) ? list[1] : list[2]) ?? null, scope)
    case 'Fn::FindInMap': {
      const found = scope.template.Mappings[word(at(0))]?.[word(at(1))]?.[word(at(2))]
      if (found === undefined) throw invalid(`Template error: Unable to get mapping for ${list.map(word).join('::')}`)
      return found
    }
    case 'Fn::ImportValue': {
      const found = scope.exports.get(word(evaluate(inner, scope)))
      if (found === undefined) throw invalid(`No export named ${word(evaluate(inner, scope))} found.`)
      return found
    }
    default:
      throw invalid(`Template error: the rehearsal does not know the function ${name}.`)
  }
}

const textsOf = (value: Json): readonly string[] =>
  (Array.isArray(value) ? (value as readonly Json[]) : [value]).map(word)

function selected(index: number, from: Json): Json {
  const list = Array.isArray(from) ? (from as readonly Json[]) : []
  const found = list[index]
  if (found === undefined) {
    throw invalid(`Template error: Fn::Select cannot select nonexistent value at index ${index}`)
  }
  return found
}

function reference(name: string, scope: Scope): Worked {
  if (name === 'AWS::NoValue') return nothing
  return scope.values[name] ?? scope.ref(name)
}

function substitute(inner: Json, scope: Scope): string {
  const [pattern = '', own] = Array.isArray(inner) ? (inner as readonly Json[]) : [inner]
  const given = isObject(own) ? own : {}
  return word(pattern).replaceAll(/\$\{(!?)([^}]*)\}/g, (_, escaped: string, name: string) => {
    if (escaped !== '') return `\${${name}}`
    const local = given[name]
    if (local !== undefined) return word(evaluate(local, scope))
    const dot = name.indexOf('.')
    if (dot >= 0) return word(scope.attribute(name.slice(0, dot), name.slice(dot + 1)))
    return word(evaluate({ Ref: name }, scope))
  })
}

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const address = (value: number): string => [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.')

/** So many blocks of addresses, each of 2^bits, from the beginning of a larger one. */
function blocks(block: string, count: number, bits: number): readonly string[] {
  const [start = '', size = '32'] = block.split('/')
  if (count * 2 ** bits > 2 ** (32 - Number(size))) {
    throw invalid(`Template error: Fn::Cidr can not make ${count} blocks of ${bits} bits of ${block}`)
  }
  return Array.from({ length: count }, (_, index) => `${address(number(start) + index * 2 ** bits)}/${32 - bits}`)
}

/** The resources that a value names in its functions. */
export function namesIn(value: Json, template: Template): ReadonlySet<string> {
  const found = new Set<string>()
  const add = (name: string): void => {
    const [id = ''] = name.split('.')
    if (template.Parameters[id] === undefined && !id.startsWith('AWS::')) found.add(id)
  }
  const walk = (each: Json): void => {
    if (Array.isArray(each)) for (const one of each as readonly Json[]) walk(one)
    if (!isObject(each)) return
    for (const [key, inner] of Object.entries(each)) {
      if (key === 'Ref') add(word(inner))
      else if (key === 'Fn::GetAtt')
        add(Array.isArray(inner) ? word((inner as readonly Json[])[0] ?? null) : word(inner))
      else if (key === 'Fn::Sub') {
        const [pattern = '', own] = Array.isArray(inner) ? (inner as readonly Json[]) : [inner]
        const given = isObject(own) ? own : {}
        for (const [, name = ''] of word(pattern).matchAll(/\$\{([^!}][^}]*)\}/g))
          if (given[name] === undefined) add(name)
        walk(given)
      } else walk(inner)
    }
  }
  walk(value)
  return found
}
