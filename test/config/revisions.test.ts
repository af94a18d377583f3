import * as fc from 'fast-check'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { namedRevisions, writeRevisions } from '../../src/lib/config/revisions.js'

const commit = '89b085cd330414d3e7d9dd787870f315957e1e9f'

const file = `# The app.
app: demo
services:
  web:
    repository: web   # two spaces
    base:
      repository: web-base
      models:
        - id: org/one # the first
          revision: main # moves
          provide: rampart
        - { id: org/two, revision: "v1.0", provide: rampart, files: ['*.json'] }
        - id: org/three
          revision: ${commit}
        - revision: refs/pr/1
          id: org/four
        - id: org/five
          revision: \${FIVE}
        - id: org/six
          revision: main
          provide: rampart
          ref: main
`

test('names become commits, and nothing else changes', () => {
  expect(namedRevisions(file)).toEqual([
    { id: 'org/one', name: 'main' },
    { id: 'org/two', name: 'v1.0' },
    { id: 'org/four', name: 'refs/pr/1' },
    { id: 'org/six', name: 'main' },
  ])
  const written = writeRevisions(file, () => commit)
  expect(written).toBe(
    file
      .replace('revision: main # moves\n', `revision: ${commit} # moves\n          ref: main\n`)
      .replace('revision: "v1.0",', `revision: "${commit}", ref: "v1.0",`)
      .replace('revision: refs/pr/1', `revision: ${commit}`)
      .replace(
        'revision: main\n          provide: rampart\n          ref',
        `revision: ${commit}\n          provide: rampart\n          ref`,
      ),
  )
  expect(namedRevisions(written)).toEqual([])
  expect(writeRevisions(written, () => 'f'.repeat(40))).toBe(written)
})

test('a name for which there is no commit stays', () => {
  const written = writeRevisions(file, ({ id }) => (id === 'org/four' ? commit : undefined))
  expect(written).toBe(file.replace('refs/pr/1', commit))
})

test.each(['1'.repeat(40), `${'1'.repeat(20)}e${'2'.repeat(19)}`])('%s stays a text', (digits) => {
  const written = writeRevisions(file, () => digits)
  const { services } = parse(written) as { services: { web: { base: { models: { revision: unknown }[] } } } }
  expect(services.web.base.models[0]?.revision).toBe(digits)
})

test('aliases, anchors, Windows line ends and a file without a last line end', () => {
  const text = [
    'x-models: &models',
    '  - &one',
    '    id: org/one',
    '    provide: rampart',
    '    revision: main',
    'services:',
    '  web: { base: { models: *models } }',
    '  api: { base: { models: [*one] } }',
  ].join('\r\n')
  expect(writeRevisions(text, () => commit)).toBe(
    text.replace('revision: main', `revision: ${commit}\r\n    ref: main`),
  )
  const last =
    'services:\n  web:\n    base:\n      models:\n        - provide: rampart\n          id: a/b\n          revision: main'
  expect(writeRevisions(last, () => commit)).toBe(`${last.slice(0, -4)}${commit}\n          ref: main`)
})

test.each(['', 'services: [', 'services: 3', 'a: *b', 'services: { web: { base: { models: [1, null, {}] } } }'])(
  '%j has nothing to write',
  (text) => {
    expect(namedRevisions(text)).toEqual([])
    expect(writeRevisions(text, () => commit)).toBe(text)
  },
)

test('no text makes it fail', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, (any) => {
      expect(writeRevisions(any, () => commit)).toBe(any)
    }),
  )
})
