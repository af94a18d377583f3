import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readShell } from '../../src/lib/shell/read.js'
import { readSegments } from '../../src/lib/shell/segments.js'
import { withoutSecrets } from '../../src/lib/shell/without-secrets.js'

const plain = { errexit: false, pipefail: false }

/** Each command's name with what hides its failure. */
const hidden = (script: string, shell = plain): readonly (string | undefined)[] =>
  readShell(script, shell)
    .filter(({ name }) => name === 'get')
    .map(({ hiddenBy }) => hiddenBy)

describe('what hides the failure of a command', () => {
  test.each<[string, string | undefined]>([
    ['get', undefined],
    ['get && chmod x', undefined],
    ['cd /x && get', undefined],
    ['get || true', '|| true'],
    ['get || :', '|| :'],
    ['get && other || echo "no"', '|| echo "no"'],
    ['get || (echo no)', '|| (echo no)'],
    ['get || { echo no; exit 0; }', '|| { echo no; exit 0; }'],
    ['get || { echo no; exit 1; }', undefined],
    ['get || (echo no && exit 1)', undefined],
    ['get || exit 1; other', undefined],
    ['get || other --again', undefined],
    ['true || get', undefined],
    ['get; other', ';'],
    ['other; get', undefined],
    ['set -e; get; other', undefined],
    ['set -eux && get; other', undefined],
    ['set -o errexit; get; other', undefined],
    ['set -e; get && more; other', ';'],
    ['set -e; cd x && get; other', undefined],
    ['set -e; set +e; get; other', ';'],
    ['get & wait', '&'],
    ['get | tail -5', '| tail -5'],
    ['set -o pipefail; get | tail -5', undefined],
    ['for m in a b; do get $m; done', 'for'],
    ['for m in a b; do get $m || exit 1; done', undefined],
    ['set -e; for m in a b; do get $m; done', undefined],
    ['until get; do sleep 1; done', undefined],
    ['if ! get; then echo no; fi', 'if'],
    ['if ! get; then echo no; exit 1; fi', undefined],
    ['if [ -n "$X" ]; then get; fi', undefined],
    ["bash -c 'get || true'", '|| true'],
    ["bash -ec 'get; other'", undefined],
    ["sh -c 'get' || true", '|| true'],
    ['get;true', ';'],
    ['set +e; get; true', ';'],
    ['set -e; { get || true; }; other', '|| true'],
    ['get || /bin/true', '|| /bin/true'],
    ['get 2>/dev/null || true', '|| true'],
    ['sudo -u app get || :', '|| :'],
    ['timeout 600 get || echo late', '|| echo late'],
    ['env A=b get; other', ';'],
    ['echo "get || true"', undefined],
  ])('%s', (script, expected) => {
    const found = hidden(script)
    expect(found).toEqual(script.startsWith('echo') ? [] : [expected])
  })

  test('what the shell of the file is told', () => {
    expect(hidden('get; other', { errexit: true, pipefail: false })).toEqual([undefined])
    expect(hidden('get | tail', { errexit: false, pipefail: true })).toEqual([undefined])
  })
})

test('words lose their quotes, and variables of one command are known', () => {
  expect(readShell(`HF_HOME=/x python -c "print('a')" --flag='b c'`, plain)).toEqual([
    { name: 'python', words: ['-c', "print('a')", '--flag=b c'], assignments: { HF_HOME: '/x' }, at: 0 },
  ])
})

const cut = (script: string): readonly (readonly [string, string])[] =>
  readSegments(script, plain).map(({ text, operator, isExcuse }) => [isExcuse ? `(${text})` : text, operator])

describe('segments', () => {
  test.each<[string, readonly (readonly [string, string])[]]>([
    [
      'a && b; c',
      [
        ['a', '&&'],
        ['b', ';'],
        ['c', ''],
      ],
    ],
    [
      'a || true && b',
      [
        ['a', '||'],
        ['(true)', '&&'],
        ['b', ''],
      ],
    ],
    [
      'a || b',
      [
        ['a', '||'],
        ['b', ''],
      ],
    ],
    [
      'for x in a; do b; done; c',
      [
        ['for x in a; do b; done', ';'],
        ['c', ''],
      ],
    ],
    [
      'a | b && c',
      [
        ['a | b', '&&'],
        ['c', ''],
      ],
    ],
    [
      'a & b',
      [
        ['a', '&'],
        ['b', ''],
      ],
    ],
    [
      'a\nb',
      [
        ['a', ';'],
        ['b', ''],
      ],
    ],
    [`echo "a && b" 'c; d'`, [[`echo "a && b" 'c; d'`, '']]],
    ['  ', []],
    [' ( a', [['( a', '']]],
  ])('%j', (script, expected) => {
    expect(cut(script)).toEqual(expected)
  })
})

test('any text is read without throwing, and every command stands in it', () => {
  const pieces = fc.constantFrom(
    'get',
    '||',
    '&&',
    ';',
    '|',
    '(',
    ')',
    '{',
    '}',
    'true',
    '"',
    "'",
    '$(',
    '`',
    'if',
    'fi',
    'for',
    'do',
    'done',
    '<<E',
    '\n',
    '\\',
    ' ',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 25 }).map((all) => all.join(' ')),
      ),
      (script) => {
        for (const { at } of readShell(script, plain)) {
          expect(at).toBeGreaterThanOrEqual(0)
          expect(at).toBeLessThanOrEqual(script.length)
        }
        for (const { at, text } of readSegments(script, plain)) expect(script.slice(at, at + text.length)).toBe(text)
      },
    ),
    { numRuns: 500 },
  )
})

test.each([
  ['hf download x/y --token hf_abcdefghijk', 'hf download x/y --token ***'],
  ["curl -u me:secret https://a.b/c -H 'Authorization: Bearer x'", 'curl -u *** https://a.b/c -H ***'],
  ['git clone https://me:pass@github.com/x/y', 'git clone https://***@github.com/x/y'],
  ['echo ghp_0123456789ab', 'echo ***'],
  ['pip install -r requirements.txt', 'pip install -r requirements.txt'],
])('%s is shown without what it gives away', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown)
})
