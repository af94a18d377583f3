import * as z from 'zod/mini'
import { tagPattern } from './scalars.js'
import { list, oneOf, text } from './schema-parts.js'

/** How the releases of an environment are kept and named. */
export const releaseSchema = z.strictObject({
  ledger: z.prefault(
    oneOf(
      ['on', 'off'],
      "Whether releases and the lock of the environment are kept in SSM's Parameter Store, under `/rampart/<app>/<environment>`. " +
        'With `off` there is no lock, and `releases` and `rollback` know only what the platform keeps.',
    ),
    'on',
  ),
  tags: z.prefault(
    list(
      text({
        what: 'a tag: letters, digits and `. _ -`, with `{version}` and `{commit}` as placeholders',
        description:
          'A tag that all images of a release get when it serves. `{version}` is what `deploy --version` names, without a `v` at its beginning.',
        examples: ['v{version}', 'prod', 'latest'],
        pattern: tagPattern,
      }),
      'The tags that `deploy --version` gives to all images of the release after it was proved.',
    ),
    ['v{version}'],
  ),
})
