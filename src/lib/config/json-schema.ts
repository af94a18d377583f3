import * as z from 'zod/mini'
import { docs, type Doc } from './schema-parts.js'
import { fileSchema } from './schema.js'
import { targetKeys } from './target-checks.js'
import { targetSchema } from './target-schema.js'

type Json = z.core.JSONSchema.BaseSchema

/** What holds a variable, whose value an editor can not know. */
const variable = { type: 'string', pattern: String.raw`\$\{` } as const

/** What each kind of target needs, and what it does not take. */
const kindRules: Json[] = Object.entries(targetKeys).map(([kind, required]) => ({
  if: { properties: { kind: { const: kind } } },
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the specification
  then: {
    required: [...required],
    properties: Object.fromEntries(
      Object.entries(targetKeys).flatMap(([other, keys]) => keys.map((key) => [key, other === kind])),
    ),
  },
}))

/**
 * The JSON Schema (draft 7) of rampart.yml for editors, from the schema that the loader uses. It accepts what the
 * loader accepts, and refuses what a look at single values can refuse; every value may hold `${NAME}`.
 */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(fileSchema, {
    target: 'draft-07',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const doc = docs.get(zodSchema)
      if (doc !== undefined) describe(jsonSchema, doc)
      if (zodSchema === targetSchema) jsonSchema.allOf = kindRules
    },
  })
  for (const name of ['services', 'environments']) {
    const section = schema.properties?.[name]
    if (typeof section === 'object') section.minProperties = 1
  }
  return {
    $schema,
    $id: 'urn:rampart:schema:rampart.yml',
    title: 'rampart.yml',
    ...schema,
    patternProperties: { '^x-': { description: 'Free, e.g. for anchors.' } },
  }
}

function describe(json: Json, doc: Doc): void {
  const { type, minimum, maximum } = json
  if (type === 'string') {
    if (doc.values !== undefined) allow(json, { enum: [...doc.values] })
    else if (doc.pattern !== undefined) json.pattern = `^(?:${doc.pattern})$|${variable.pattern}`
  } else if ((type === 'integer' || type === 'number') && minimum !== undefined && maximum !== undefined) {
    allow(json, { type, minimum, maximum })
  } else if (type === 'boolean') allow(json, { type })
  // Keys are not interpolated.
  if (typeof json.propertyNames === 'object') {
    const { pattern, ...rest } = json.propertyNames
    json.propertyNames = {
      ...rest,
      ...(pattern !== undefined && { pattern: pattern.replace(`|${variable.pattern}`, '') }),
    }
  }
  json.description = doc.examples.length > 0 ? `${doc.description} Must be ${doc.what}.` : doc.description
  if (doc.examples.length > 0) json.examples = [...doc.examples]
}

function allow(json: Json, value: Json): void {
  for (const key of ['type', 'minimum', 'maximum'] as const) delete json[key]
  json.anyOf = [value, variable]
}
