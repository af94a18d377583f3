import { isMap, isScalar, isSeq, parseDocument, type Node } from 'yaml'
import { ServiceError } from '../wire/service.js'

/** A value of a template, or of a resource's properties once its functions are worked out. */
export type Json = string | number | boolean | null | readonly Json[] | Properties

export interface Properties {
  readonly [name: string]: Json
}

export interface TemplateParameter {
  readonly Type?: string
  readonly Description?: string
  readonly Default?: Json
  readonly NoEcho?: Json
  readonly AllowedPattern?: string
  readonly AllowedValues?: readonly Json[]
}

export interface TemplateResource {
  readonly Type: string
  readonly Condition?: string
  readonly DependsOn?: string | readonly string[]
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
  readonly Properties?: Properties
}

export interface TemplateOutput {
  readonly Description?: string
  readonly Condition?: string
  readonly Value: Json
  readonly Export?: { readonly Name: Json }
}

/** A template as it was written. */
export interface Template {
  readonly Description?: string
  readonly Parameters: Readonly<Record<string, TemplateParameter>>
  readonly Mappings: Readonly<Record<string, Readonly<Record<string, Properties>>>>
  readonly Conditions: Readonly<Record<string, Json>>
  readonly Resources: Readonly<Record<string, TemplateResource>>
  readonly Outputs: Readonly<Record<string, TemplateOutput>>
}

/** CloudFormation's one code for whatever is wrong with a request. */
export const invalid = (message: string): ServiceError => new ServiceError('ValidationError', message)

const sections = new Set([
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Rules',
  'Mappings',
  'Conditions',
  'Transform',
  'Resources',
  'Outputs',
  'Hooks',
])

/** Reads a template, JSON or YAML with short forms. @throws ServiceError ValidationError, worded as CloudFormation does. */
export function readTemplate(text: string): Template {
  const document = parse(text)
  if (!isObject(document)) throw invalid('Template format error: unsupported structure.')
  const strange = Object.keys(document).filter((key) => !sections.has(key))
  if (strange.length > 0) throw invalid(`Invalid template property or properties [${strange.join(', ')}]`)
  const resources = document['Resources']
  if (!isObject(resources) || Object.keys(resources).length === 0) {
    throw invalid('Template format error: At least one Resources member must be defined.')
  }
  for (const [id, resource] of Object.entries(resources)) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(id)) {
      throw invalid(`Template format error: Resource name ${id} is non alphanumeric.`)
    }
    if (!isObject(resource) || typeof resource['Type'] !== 'string') {
      throw invalid(`Template format error: [/Resources/${id}] Every Resources object must contain a Type member.`)
    }
  }
  const part = (name: string): Properties => {
    const value = document[name]
    return isObject(value) ? value : {}
  }
  // What a template holds is checked as it is used: the shapes below are those of its documentation.
  return {
    ...(typeof document['Description'] === 'string' && { Description: document['Description'] }),
    Parameters: part('Parameters'),
    Mappings: part('Mappings'),
    Conditions: part('Conditions'),
    Resources: resources,
    Outputs: part('Outputs'),
  } as unknown as Template
}

/** A value as text, as functions and names take it. */
export const word = (value: Json): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/** True for a map. */
export const isObject = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parse(text: string): Json {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text) as Json
    } catch {
      throw invalid('Template format error: JSON not well-formed.')
    }
  }
  const document = parseDocument(text, { logLevel: 'error' })
  const [error] = document.errors
  if (error !== undefined) {
    const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 }
    throw invalid(`Template format error: YAML not well-formed. (line ${line}, column ${col})`)
  }
  return plain(document.contents)
}

/** A node with its short forms written out: `!Sub x` is `{"Fn::Sub": "x"}`. */
function plain(node: Node | null): Json {
  const value = bare(node)
  const tag = node === null ? undefined : 'tag' in node ? node.tag : undefined
  if (tag === undefined || !/^![A-Z]/.test(tag)) return value
  const name = tag.slice(1)
  if (name === 'Ref' || name === 'Condition') return { [name]: value }
  const inner = name === 'GetAtt' && typeof value === 'string' ? splitOnce(value) : value
  return { [`Fn::${name}`]: inner }
}

const splitOnce = (text: string): readonly string[] => {
  const dot = text.indexOf('.')
  return [text.slice(0, dot), text.slice(dot + 1)]
}

function bare(node: Node | null): Json {
  if (isSeq(node)) return node.items.map((item) => plain(item as Node))
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), plain(value as Node | null)]),
    )
  }
  return isScalar(node) ? (node.value as Json) : null
}
