import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { noticeNames } from '../../src/lib/domain/hook.js'
import type { RunFacts } from '../../src/lib/domain/run-facts.js'
import { slackMessage } from '../../src/lib/notify/slack.js'

const facts: RunFacts = {
  command: 'deploy',
  app: 'rampart-ai',
  environment: 'production',
  simulated: false,
  release: { id: 'r-1', app: 'rampart-ai', environment: 'production', images: [] },
  revision: { name: 'lt-1', number: '8' },
  source: { commit: '0123456789abcdef', subject: 'Ring <!channel> & <@U1>', dirty: false, version: 'v1.2.3' },
  actor: 'ci',
  link: 'https://ci.example.com/42',
  proof: { proved: 3, total: 4 },
  end: {
    outcome: 'verification',
    exitCode: 9,
    message: 'Not every target is proved.',
    problems: ['i-1: serves another image'],
    next: ['rampart status'],
    duration: 61_400,
  },
}

test('a message that says how it ended, and calls nobody', () => {
  expect(slackMessage('failed', facts)).toEqual({
    text: 'rampart-ai, production: deploy failed. Not every target is proved.',
    blocks: [
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          text: '*rampart-ai, production: deploy failed*\nNot every target is proved.\n• i-1: serves another image\n→ rampart status',
        },
      },
      {
        type: 'section',
        fields: [
          '*Release*\nr-1, revision 8',
          '*Version*\nv1.2.3',
          '*Commit*\n0123456789ab Ring &lt;!channel&gt; &amp; &lt;@U1&gt;',
          '*Targets*\n3 of 4 proved',
          '*Outcome*\nverification, exit code 9',
          '*Time*\n61s',
        ].map((text) => ({ type: 'mrkdwn', text })),
      },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'ci · https://ci.example.com/42' }] },
    ],
  })
})

test('a rehearsal says that it is one', () => {
  expect(slackMessage('succeeded', { ...facts, simulated: true })).toMatchObject({
    text: expect.stringMatching(/^SIMULATED: rampart-ai, production: deployed/),
  })
})

/** Every text of a message. */
const textsOf = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => (key === 'type' ? [] : textsOf(item)))
      : []

test('whatever the texts are: within the bounds of Slack, escaped, and no escape is cut in two', () => {
  const text = fc.string({ unit: fc.constantFrom('<', '&', '>', 'a', '\n', '🙂', '\u0000'), maxLength: 4000 })
  fc.assert(
    fc.property(
      fc.constantFrom(...noticeNames),
      text,
      fc.array(text, { maxLength: 8 }),
      text,
      (notice, message, problems, subject) => {
        const end = { outcome: 'done', exitCode: 0, message, problems, next: [], duration: 0 }
        const source = { commit: 'c', subject, dirty: true }
        const made = slackMessage(notice, { ...facts, source, end }) as {
          readonly blocks: { readonly fields?: unknown[] }[]
        }
        for (const one of textsOf(made)) {
          expect(one.length).toBeLessThanOrEqual(3000)
          expect(one).not.toMatch(/[<>]|&(?!(?:amp|lt|gt);)/)
        }
        for (const { fields = [] } of made.blocks) expect(fields.length).toBeLessThanOrEqual(10)
      },
    ),
    { numRuns: 50 },
  )
})
