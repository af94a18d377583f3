import type * as z from 'zod/mini'
import type { Path } from './document.js'
import { fileSchema } from './schema.js'

type Schema = z.ZodMiniType

/** The parts of a schema's definition that lead to other schemas. */
interface Definition {
  readonly type: string
  readonly shape?: Readonly<Record<string, Schema>>
  readonly valueType?: Schema
  readonly element?: Schema
  readonly innerType?: Schema
}

const definitionOf = (schema: Schema): Definition => schema.def

/** The schema inside its defaults and `optional`s. */
function unwrap(schema: Schema): Schema {
  const { innerType } = definitionOf(schema)
  return innerType === undefined ? schema : unwrap(innerType)
}

/** The schema for a place in rampart.yml; undefined when there is none. */
export function schemaAt(path: Path): Schema | undefined {
  let schema: Schema | undefined = fileSchema
  for (const part of path) {
    if (schema === undefined) return undefined
    const definition: Definition = definitionOf(unwrap(schema))
    const { shape } = definition
    schema =
      shape === undefined
        ? (definition.valueType ?? definition.element)
        : Object.hasOwn(shape, part)
          ? shape[part]
          : undefined
  }
  return schema === undefined ? undefined : unwrap(schema)
}

/** `boolean`, `number`, `pipe` (a text), `array`, `object` or `record`. */
export function kindOf(schema: Schema | undefined): string | undefined {
  return schema === undefined ? undefined : definitionOf(schema).type
}

/** The keys that are valid at a place; empty where any name is, or where there is no map. */
export function keysAt(path: Path): readonly string[] {
  const schema = schemaAt(path)
  return schema === undefined ? [] : Object.keys(definitionOf(schema).shape ?? {})
}

/** Every place that has this key, as people write it, e.g. `environments.<name>.rollout`. */
export function homesOf(key: string): readonly string[] {
  const found: string[] = []
  const visit = (schema: Schema, at: readonly string[]): void => {
    const { shape, valueType, element } = definitionOf(unwrap(schema))
    if (shape !== undefined && Object.hasOwn(shape, key)) found.push(at.join('.'))
    for (const [name, child] of Object.entries(shape ?? {})) visit(child, [...at, name])
    if (valueType !== undefined) visit(valueType, [...at, '<name>'])
    if (element !== undefined) visit(element, at)
  }
  visit(fileSchema, [])
  return [...new Set(found)]
}
