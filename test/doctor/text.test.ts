import { expect, test } from 'vitest'
import type { Checkup } from '../../src/lib/domain/checkup.js'
import { checksText } from '../../src/lib/report/checks-text.js'
import { createPaint } from '../../src/lib/terminal/colour.js'
import { asciiGlyphs, unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'

const escape = '\u001b'

const checkup: Checkup = {
  checks: [
    { name: 'node', result: 'ok', detail: 'Node 24.21.0', findings: [], duration: 1 },
    {
      name: 'docker-memory',
      result: 'warn',
      detail: `the engine has 4.00 GB${escape}[31m of memory`,
      remedy: 'give Docker 8 GB',
      findings: [],
      duration: 4,
    },
    {
      name: 'failed-downloads',
      result: 'fail',
      detail: 'when `hf download` fails the build goes on: `|| true` follows it, and 1 more',
      place: 'backend/Dockerfile.base:12:5',
      remedy: 'edit backend/Dockerfile.base:12: remove `|| true`',
      findings: [
        {
          detail: 'when `hf download` fails the build goes on: `|| true` follows it',
          place: 'backend/Dockerfile.base:12:5',
          remedy: 'edit backend/Dockerfile.base:12: remove `|| true`',
        },
        {
          detail: 'when `pip install x` fails the build goes on: another command follows it after `;`',
          place: 'backend/Dockerfile.base:14:5',
          remedy: 'edit backend/Dockerfile.base:14: write `&&` in place of `;`',
        },
      ],
      duration: 2,
    },
    {
      name: 'runtime-user',
      result: 'warn',
      detail: 'backend runs as root: no USER says otherwise',
      place: 'backend/Dockerfile.app:1:1',
      remedy: 'add USER 10001:10001 to backend/Dockerfile.app',
      findings: [{ detail: 'backend runs as root: no USER says otherwise', place: 'backend/Dockerfile.app:1:1' }],
      duration: 2,
    },
    {
      name: 'credentials',
      result: 'skip',
      detail: 'there are no AWS credentials here',
      remedy: 'aws configure sso',
      findings: [],
      duration: 3,
    },
    {
      name: 'group',
      result: 'skip',
      detail: 'there are no AWS credentials here',
      remedy: 'aws configure sso',
      findings: [],
      duration: 3,
    },
  ],
}

test.each([
  ['wide', 100, unicodeGlyphs],
  ['narrow', 40, asciiGlyphs],
] as const)('the table, %s', async (name, width, glyphs) => {
  const text = checksText(checkup, { paint: createPaint(false), glyphs, width }, 'a test')
  expect(text).not.toContain(escape)
  await expect(`${text}\n`).toMatchFileSnapshot(`../golden/doctor/table-${name}.txt`)
})

test('a word stands beside every sign, in colour too', () => {
  const text = checksText(checkup, { paint: createPaint(true), glyphs: unicodeGlyphs, width: 100 }, undefined)
  for (const word of ['OK', 'WARN', 'FAIL', 'SKIP']) expect(text).toContain(word)
  expect(text).toContain(`${escape}[31m`)
})
