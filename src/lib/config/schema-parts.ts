import * as z from 'zod/mini'
import { parseImageRef } from '../domain/image-ref.js'
import { durationPattern, formatDuration, parseDuration } from './scalars.js'
import type { Platform } from './types.js'

/** What a value of rampart.yml must be, in the words of its error messages and of the editor's tooltips. */
export interface Doc {
  /** Ends the sentence "… must be". */
  readonly what: string
  readonly description: string
  readonly examples: readonly (string | number | boolean)[]
  /** What the whole text matches, for editors. */
  readonly pattern?: string
  /** All texts that are valid, when they are few. */
  readonly values?: readonly string[]
  /** What to do about a wrong value, where examples do not help. */
  readonly hint?: string
  /** True for a value that no message may show. */
  readonly secret?: boolean
}

/** The documentation of every value of the schema. */
export const docs = z.registry<Doc>()

interface Text<T> extends Doc {
  readonly read?: (text: string) => T | undefined
}

/** A text of a certain form, read into what it means. */
export function text<T = string>({ read, ...doc }: Text<T>): z.ZodMiniType<T, string> {
  const matches = doc.pattern === undefined ? undefined : new RegExp(`^(?:${doc.pattern})$`)
  const schema = z.pipe(
    z.string(),
    z.transform((value: string, context): T => {
      const result =
        matches !== undefined && !matches.test(value) ? undefined : read === undefined ? value : read(value)
      if (result !== undefined) return result as T
      context.issues.push({ code: 'custom', message: '', input: value })
      return z.NEVER
    }),
  )
  docs.add(schema, doc)
  return schema
}

/** A whole number within bounds. */
export function whole(
  least: number,
  most: number,
  description: string,
  example: number,
): z.ZodMiniType<number, number> {
  const schema = z.int().check(z.minimum(least), z.maximum(most))
  docs.add(schema, { what: `a whole number from ${least} to ${most}`, description, examples: [example] })
  return schema
}

/** A number within bounds, which need not be whole. */
export function real(least: number, most: number, description: string, example: number): z.ZodMiniType<number, number> {
  const schema = z.number().check(z.minimum(least), z.maximum(most))
  docs.add(schema, { what: `a number from ${least} to ${most}`, description, examples: [example] })
  return schema
}

/** A map or list, with what it must be and what it is for. */
export function group<T extends z.ZodMiniType>(schema: T, what: string, description: string): T {
  docs.add(schema, { what, description, examples: [] })
  return schema
}

/** A duration, in milliseconds. */
export const duration = (description: string, most: string, example: string): z.ZodMiniType<number, string> => {
  const limit = parseDuration(most) ?? 0
  return text({
    what: `a duration from 0s to ${formatDuration(limit)}, with its unit`,
    description,
    examples: [example, '3m', '1h30m'],
    pattern: durationPattern,
    read: (value) => {
      const milliseconds = parseDuration(value)
      return milliseconds !== undefined && milliseconds <= limit ? milliseconds : undefined
    },
  })
}

/** One of a few words. */
export const oneOf = <T extends string>(values: readonly T[], description: string): z.ZodMiniType<T, string> =>
  text({
    what: values.map((value) => `\`${value}\``).join(' or '),
    description,
    examples: values,
    values,
    read: (value) => values.find((item) => item === value),
  })

/** Yes or no. */
export const flag = (description: string, example: boolean): z.ZodMiniType<boolean, boolean> => {
  const schema = z.boolean()
  docs.add(schema, { what: '`true` or `false`', description, examples: [example] })
  return schema
}

/** A name that people give. */
export const name = (of: string, example: string): z.ZodMiniType<string, string> =>
  text({
    what: 'lower-case letters, digits, `-` and `_`, beginning with a letter, at most 63',
    description: `The name of the ${of}.`,
    examples: [example],
    pattern: '[a-z][a-z0-9_-]{0,62}',
  })

/** A path as it is written. */
export const path = (description: string, example: string): z.ZodMiniType<string, string> =>
  text({ what: 'a path', description, examples: [example], pattern: String.raw`[^\0]+` })

/** A repository without registry, tag and digest. */
export const repository = (description: string, example: string): z.ZodMiniType<string, string> =>
  text({
    what: 'the name of a repository without registry, tag and digest: lower-case letters, digits and `. _ - /`',
    description: `${description} The registry's host follows from the environment.`,
    examples: [example],
    pattern: '[a-z0-9._/-]{2,256}',
    read: (value) => {
      const ref = parseImageRef(value)
      return ref?.registry === '' && ref.tag === undefined && ref.digest === undefined ? value : undefined
    },
  })

/** Operating system and processor. */
export const platform = (): z.ZodMiniType<Platform, string> =>
  oneOf(['linux/amd64', 'linux/arm64'], 'The operating system and processor that the targets have.')

/** Build arguments by name. */
export const args = (of: string): z.ZodMiniType<Record<string, string>, Record<string, string>> =>
  group(
    z.record(
      text({
        what: 'letters, digits and `_`, not beginning with a digit',
        description: 'The name of an ARG.',
        examples: ['PYTHON_VERSION'],
        pattern: String.raw`[A-Za-z_]\w*`,
      }),
      text({ what: 'text', description: `A build argument of ${of}.`, examples: ['3.12'] }),
    ),
    'a map of build arguments',
    `Values for the ARG instructions of ${of}. They are not a place for secrets: images keep them.`,
  )

/** A list of such values. */
export const list = <T>(
  item: z.ZodMiniType<T, string>,
  description: string,
  most?: number,
): z.ZodMiniType<T[], string[]> =>
  group(
    most === undefined ? z.array(item) : z.array(item).check(z.maxLength(most)),
    most === undefined ? 'a list' : `a list of at most ${most}`,
    description,
  )
