import * as z from 'zod/mini'
import { duration, group, name, text } from './schema-parts.js'

/** Where the value of a secret is, as people write it. */
export const secretSource = (description: string, example: string) =>
  text({
    what: 'the name or ARN of a secret of Secrets Manager, with `#key` for one key of its JSON',
    description,
    examples: [example],
    pattern: String.raw`(?:arn:[\w-]+:secretsmanager:[^#\s]+|[\w/+=.@-]{1,512})(?:#[\w.-]+)?`,
  })

/** Variables whose values are in Secrets Manager: what the services of a stack take, and those of others. */
export const secretsOfService = group(
  z.record(
    text({
      what: 'letters, digits and `_`, not beginning with a digit',
      description: 'The name of a variable.',
      examples: ['DATABASE_URL'],
      pattern: String.raw`[A-Za-z_]\w*`,
    }),
    secretSource(
      'Where its value is; the service may read this one and no other.',
      'finbert-rag/elasticsearch/credentials#host',
    ),
  ),
  'a map of variables',
  'Variables of the container whose values are in Secrets Manager.',
)

/** What `rampart secrets` looks after beside what `infra` names. */
export const secretsSchema = z.strictObject({
  maxAge: z.optional(duration('How old a value may become before `rampart secrets check` fails.', '3650d', '90d')),
  services: z.prefault(
    group(
      z.record(name('service', 'backend'), secretsOfService),
      'a map of services by name',
      'Secrets of services whose stack others have made; those under `infra` need not be said twice.',
    ),
    {},
  ),
})
