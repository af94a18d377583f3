import * as z from 'zod/mini'
import { lineMeanings, parseLinePattern } from '../domain/line-pattern.js'
import { group, oneOf, text } from './schema-parts.js'

const linePatternSchema = z.strictObject({
  when: text({
    what: 'text of at least four characters, with `{model}`, `{done}`, `{total}`, `{percent}` or `{any}` in it, each apart from the next',
    description:
      'Text that the line holds, to the letter. `{model}` stands for a name, `{done}`, `{total}` and `{percent}` for numbers ' +
      '(`75 MB`, `3`), `{any}` for anything.',
    examples: ['policy model {model}: {done} of {total}', 'engine is up'],
    read: parseLinePattern,
  }),
  means: oneOf(lineMeanings, 'What such a line says of the target.'),
})

/** Where the targets of an environment write, and what the app's own lines mean. */
export const logsSchema = z.strictObject({
  group: text({
    what: 'the name of a log group: letters, digits and `. - _ / #`, at most 512',
    description: 'The CloudWatch log group that the containers write to.',
    examples: ['/rampart/production'],
    pattern: String.raw`[\w./#-]{1,512}`,
  }),
  patterns: z.optional(
    group(
      z
        .array(group(linePatternSchema, 'a map with `when` and `means`', "A line of the app's own."))
        .check(z.maxLength(50)),
      'a list of at most 50 patterns',
      'Lines of the app that tell how far a target has come. Those of the common model servers are known without them.',
    ),
  ),
})
