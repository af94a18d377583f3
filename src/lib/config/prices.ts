import * as z from 'zod/mini'
import { RampartError } from '../errors/rampart-error.js'

const price = z.number().check(z.minimum(0), z.maximum(1_000_000))
const known = z.optional(price)

// What has no price in a table is not known: a bill with it then has no total.
const regionSchema = z.strictObject({
  instances: z.record(z.string(), price),
  fargate: z.optional(z.strictObject({ vcpu: known, memory: known })),
  volume: known,
  snapshot: known,
  fileSystem: z.optional(z.strictObject({ storage: known, read: known })),
  registry: known,
  loadBalancer: z.optional(z.strictObject({ hour: known, unit: known })),
  nat: z.optional(z.strictObject({ hour: known, data: known })),
  transferOut: known,
  from: z.optional(z.record(z.string(), z.string())),
})

const sourceSchema = z.strictObject({
  what: z.string().check(z.minLength(1)),
  date: z.optional(z.string().check(z.regex(/^\d{4}(?:-\d{2}){0,2}$/))),
  checked: z.optional(z.boolean()),
})

const tableSchema = z.strictObject({
  date: z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}$/)),
  source: z.string().check(z.minLength(1)),
  currency: z.literal('USD'),
  sources: z.optional(z.record(z.string(), sourceSchema)),
  regions: z.record(z.string(), regionSchema),
})

/** A table of prices as its file has it. */
export type PriceFile = z.infer<typeof tableSchema>

/**
 * Reads a table of prices in the shape of `templates/prices.json`.
 * @throws RampartError `usage` that names the file and each value in it that is wrong.
 */
export function readPrices(text: string, file: string): PriceFile {
  const next = ['take templates/prices.json of rampart as the pattern']
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it can not be read'
    throw new RampartError('usage', `${file} is not JSON: ${why}`, { place: { file }, next })
  }
  const parsed = z.safeParse(tableSchema, value)
  if (parsed.success) return parsed.data
  throw new RampartError('usage', `${file} is no table of prices.`, {
    problems: parsed.error.issues.map(({ path, message }) => ({
      message: `${path.length === 0 ? 'the file' : path.join('.')}: ${message}`,
      place: { file },
    })),
    next,
  })
}
