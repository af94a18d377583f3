import type { AnySchema } from 'ajv'
import { RampartError } from '../errors/rampart-error.js'
import type { Json } from '../domain/verify-plan.js'
import type { JsonJudge } from './json-expectations.js'

const most = 3

/** A judge of documents by a JSON Schema: draft 7, or 2020-12 where `$schema` says so. Rejects when it is no schema. */
export async function schemaJudge(path: string, text: string): Promise<JsonJudge> {
  const broken = (why: string, cause?: unknown): RampartError =>
    new RampartError('usage', `${path} is no JSON Schema: ${why}`, { place: { file: path }, cause })
  let schema: Json
  try {
    schema = JSON.parse(text) as Json
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error), error)
  }
  const names = typeof schema === 'object' && schema !== null && '$schema' in schema ? schema.$schema : ''
  // `format` says what a text means and constrains nothing, unless a validator is told so: section 7 of the specification.
  const settings = { allErrors: true, strict: false, validateFormats: false, logger: false } as const
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const { Ajv } = await import('ajv')
  const ajv = typeof names === 'string' && names.includes('2020-12') ? new Ajv2020(settings) : new Ajv(settings)
  try {
    const validate = ajv.compile(schema as AnySchema)
    return (document) => {
      if (validate(document) === true) return []
      const errors = validate.errors ?? []
      const told = errors
        .slice(0, most)
        .map(({ instancePath, message }) => `${instancePath || 'the answer'} ${message}`)
      return errors.length > most ? [...told, `and ${errors.length - most} more`] : told
    }
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error), error)
  }
}
