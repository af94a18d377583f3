import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fillJson, fillText, placeholdersIn } from '../../src/lib/domain/template.js'
import type { Json } from '../../src/lib/domain/verify-plan.js'

const values = { n: 3, query: 'a "quoted" one', on: true, list: [1, { deep: null }] }

test.each<[Json, Json]>([
  ['{{n}}', 3],
  ['{{ on }}', true],
  ['{{list}}', [1, { deep: null }]],
  ['number {{n}} of {{query}}', 'number 3 of a "quoted" one'],
  ['{{list}}!', '[1,{"deep":null}]!'],
  ['{{unknown}} {{constructor}} {{toString}}', '{{unknown}} {{constructor}} {{toString}}'],
  ['query { user { name } }', 'query { user { name } }'],
  [{ a: ['{{n}}', { '{{n}}': '{{query}}' }] }, { a: [3, { '{{n}}': 'a "quoted" one' }] }],
])('%j becomes %j', (template, filled) => {
  expect(fillJson(template, values)).toEqual(filled)
})

test('what is filled in is never read again', () => {
  expect(fillText('{{one}}', { one: '{{two}}', two: 'secret' })).toBe('{{two}}')
})

test('a document without placeholders stays as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const document = JSON.parse(JSON.stringify(value).replaceAll('{{', '{')) as Json
      expect(placeholdersIn(document)).toEqual([])
      expect(fillJson(document, values)).toEqual(document)
    }),
  )
})
