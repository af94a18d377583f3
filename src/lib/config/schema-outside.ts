import * as z from 'zod/mini'
import { noticeNames } from '../domain/hook.js'
import { durationPattern, parseDuration } from './scalars.js'
import { list, oneOf, text } from './schema-parts.js'

const longestHook = 3_600_000

/** How the programs in `.rampart/hooks` are run. */
export const hooksSchema = z.strictObject({
  timeout: z.prefault(
    text({
      what: 'a duration above 0s up to 1h, with its unit',
      description:
        'How long one hook may run, by the machine’s own clock, before it is ended with all that it has started.',
      examples: ['5m', '90s'],
      pattern: durationPattern,
      read: (value) => {
        const milliseconds = parseDuration(value) ?? 0
        return milliseconds > 0 && milliseconds <= longestHook ? milliseconds : undefined
      },
    }),
    '5m',
  ),
})

/** Someone who is told how runs end. */
export const noticeSchema = z.strictObject({
  webhook: text({
    what: 'an address that begins with `https://` or `http://`, without user and password, or nothing',
    description:
      'Where notices are posted. It is a secret: let a variable bring it. Where that is empty, as with `${NAME:-}` on a laptop, nothing is posted.',
    examples: ['${SLACK_WEBHOOK_URL:-}'],
    secret: true,
    read: (value) => {
      const url = URL.parse(value)
      const isSound = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
      return value.trim() === '' ? '' : isSound ? value.trim() : undefined
    },
  }),
  format: z.prefault(
    oneOf(
      ['slack', 'json'],
      '`slack` is `{text, blocks}`, which Slack, Mattermost and others take; `json` is all that is known of the run.',
    ),
    'slack',
  ),
  on: z.prefault(
    list(
      oneOf(
        noticeNames,
        '`started`: a rollout has begun; `succeeded`: a deploy is proved; `failed`: a run ended in any other way; ' +
          '`rolled-back`: `rampart rollback` ended well.',
      ),
      'What is told.',
    ),
    ['succeeded', 'failed', 'rolled-back'],
  ),
})
