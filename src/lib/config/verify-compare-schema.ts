import * as z from 'zod/mini'
import { criterionFigures } from '../domain/verify-plan.js'
import { group, list, oneOf, real, text, whole } from './schema-parts.js'

const demand = (description: string) => z.prefault(oneOf(['fail', 'warn', 'off'], description), 'warn')

/** How what serves is compared with what served before. */
export const compareSchema = z.strictObject({
  latency: demand('What it means when the mean of an endpoint is longer than before, by more than `slower`.'),
  slower: z.prefault(
    whole(0, 1000, 'Percent that the mean may be longer: the whole 95 % interval of the change must be above it.', 25),
    25,
  ),
  answers: demand('What it means when the same question is answered with other JSON than before.'),
  tolerance: z.prefault(
    real(0, 1, 'The share by which a number may differ, e.g. `0.01` for one in a hundred.', 0.01),
    0,
  ),
  ignore: z.prefault(
    list(
      text({
        what: 'a JSONPath (RFC 9535)',
        description: 'What may differ in answers.',
        examples: ['$.took', '$.results[*].date'],
        pattern: String.raw`\$[\s\S]*`,
      }),
      'JSONPaths of what may differ from one answer to the next.',
    ),
    [],
  ),
  first: demand('What it means when the first requests are slower against warm ones than those of the release before.'),
  firstAtMost: z.prefault(
    real(1, 100, 'How many times as much against a warm one, as with the release before, a first request may take.', 2),
    2,
  ),
})

const criterionSchema = z.strictObject({
  name: text({
    what: 'text on one line',
    description: 'What was agreed on.',
    examples: ['All API endpoints responding < 0.5s'],
    pattern: String.raw`[^\r\n]+`,
  }),
  checks: list(
    text({
      what: 'the name of a check, or the beginning of one with `*`',
      description: 'A check that tells whether it holds.',
      examples: ['endpoint:search-384d', 'endpoint:*'],
      pattern: String.raw`[a-z][a-z0-9_:.-]*\*?`,
    }),
    'The checks that tell whether it holds.',
  ),
  figure: z.optional(
    oneOf(
      criterionFigures,
      'The part of those checks that counts: a figure against its budget, whether requests succeeded, or their rate; all of it when left out.',
    ),
  ),
})

/** What a team has agreed on, in groups. */
export const criteriaSchema = z.prefault(
  group(
    z.record(
      text({
        what: 'text on one line',
        description: 'What these criteria have in common.',
        examples: ['Performance'],
        pattern: String.raw`[^\r\n]+`,
      }),
      group(
        z.array(group(criterionSchema, 'a map of `name`, `checks` and `figure`', 'One criterion.')),
        'a list of criteria',
        'In the order in which they are shown.',
      ),
    ),
    'a map of groups',
    'The criteria by which a release succeeds, as people know them: a table at the end of each deploy.',
  ),
  {},
)
