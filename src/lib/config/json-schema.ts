import * as z from 'zod/mini'
import { docs, fileSchema } from './schema.js'

/** Matches what holds a variable, whose value an editor can not know. */
const variable = String.raw`\$\{`

/**
 * The JSON Schema (draft 7) of rampart.yml for editors, from the schema that the loader uses. It accepts what the
 * loader accepts, and refuses what a look at single values can refuse; every value may be `${NAME}`.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, {
    target: 'draft-07',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const doc = docs.get(zodSchema)
      if (doc === undefined) return
      const { type, minimum, maximum } = jsonSchema
      if (type === 'string') {
        const pattern = doc.pattern === undefined ? undefined : `^(?:${doc.pattern})$|${variable}`
        if (pattern !== undefined) Object.assign(jsonSchema, { pattern })
      } else if (type === 'integer' || type === 'boolean') {
        delete jsonSchema.type
        delete jsonSchema.minimum
        delete jsonSchema.maximum
        const value = type === 'integer' ? { type, minimum, maximum } : { type }
        Object.assign(jsonSchema, { anyOf: [value, { type: 'string', pattern: variable }] })
      }
      jsonSchema.description = `${doc.description} Must be ${doc.what}.`
      if (doc.examples.length > 0) jsonSchema.examples = [...doc.examples]
    },
  })
  return {
    ...schema,
    $id: 'urn:rampart:schema:rampart.yml',
    title: 'rampart.yml',
    patternProperties: { '^x-': { description: 'Free, e.g. for anchors.' } },
  }
}
