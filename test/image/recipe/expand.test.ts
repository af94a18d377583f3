import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expand, expandWords, ExpansionError } from '../../../src/lib/image/recipe/expand.js'

const values: Readonly<Record<string, string>> = { a: 'x', e: '', path: '/usr/lib/x.so.1', two: 'p q', n1: 'one' }
const lookup = (name: string): string | undefined => values[name]

describe('expansion follows the rules of Dockerfiles', () => {
  test.each([
    ['plain', 'plain'],
    ['$a', 'x'],
    ['${a}b', 'xb'],
    ['$ab', ''],
    ['$a-b', 'x-b'],
    ['${u:-w}${e:-w}${a:-w}', 'wwx'],
    ['${u-w}${e-w}${a-w}', 'wx'],
    ['${u:+w}${e:+w}${a:+w}', 'w'],
    ['${u+w}${e+w}${a+w}', 'ww'],
    ['${u:-$a$two}', 'xp q'],
    ['${u:-${v:-${a}}}', 'x'],
    ['${u:-"q  r"}', 'q  r'],
    ['${u:-a\\}b}', 'a}b'],
    ['${a:?no}', 'x'],
    ['${e?no}', ''],
    ["'$a'", '$a'],
    ['"$a"', 'x'],
    ['"\\$a \\" \\n \\\\"', '$a " \\n \\'],
    ['\\$a\\b', '$ab'],
    ['a\\', 'a'],
    ['$', '$'],
    ['$ x', '$ x'],
    ['$$', ''],
    ['$1x', 'x'],
    ['${n1}', 'one'],
    ['${path#*/}', 'usr/lib/x.so.1'],
    ['${path##*/}', 'x.so.1'],
    ['${path%.*}', '/usr/lib/x.so'],
    ['${path%%.*}', '/usr/lib/x'],
    ['${path/lib/LIB}', '/usr/LIB/x.so.1'],
    ['${path//\\//_}', '_usr_lib_x.so.1'],
    ['${path/?s*b/}', '//x.so.1'],
    ['ü$a', 'üx'],
  ])('%s', (raw, expected) => {
    expect(expand(raw, '\\', lookup)).toBe(expected)
  })

  test.each([
    '${',
    '${a',
    '${}',
    '${:-x}',
    '"open',
    "'open",
    '${a:',
    '${a:=x}',
    '${a@Q}',
    '${a:#x}',
    '${a/x',
    '${path#\\x}',
  ])('%s is refused', (raw) => {
    expect(() => expand(raw, '\\', lookup)).toThrow(ExpansionError)
  })

  test('a missing variable is refused with the words that the file gives', () => {
    expect(() => expand('${u:?set it}', '\\', lookup)).toThrow('u: set it')
    expect(() => expand('${e:?}', '\\', lookup)).toThrow('e: must be set and not empty')
    expect(() => expand('${u?}', '\\', lookup)).toThrow('u: must be set')
  })

  test('the escape directive changes what escapes', () => {
    expect(expand('`$a c:\\$a', '`', lookup)).toBe('$a c:\\x')
  })

  test('words are cut after the variables are replaced, but not inside quotes', () => {
    expect(expandWords('$two "$two" a\\ b', '\\', lookup)).toEqual(['p', 'q', 'p q', 'a b'])
    expect(expandWords('$e', '\\', lookup)).toEqual([])
  })
})

function expandsOrRefuses(raw: string): boolean {
  try {
    return typeof expand(raw, '\\', lookup) === 'string'
  } catch (error) {
    return error instanceof ExpansionError
  }
}

describe('properties', () => {
  test('text in single quotes is left as it is', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes("'")),
        (text) => {
          expect(expand(`'${text}'`, '\\', lookup)).toBe(text)
        },
      ),
    )
  })

  test('whatever is escaped is left as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const escaped = Array.from(text, (rune) => `\\${rune}`).join('')
        expect(expand(escaped, '\\', lookup)).toBe(text)
      }),
    )
  })

  test('any text is expanded or refused, never more', () => {
    const piece = fc.constantFrom(
      '$',
      '{',
      '}',
      ':',
      '-',
      '+',
      '?',
      '#',
      '%',
      '/',
      '"',
      "'",
      '\\',
      'a',
      'e',
      'u',
      ' ',
      '*',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        expect(expandsOrRefuses(pieces.join(''))).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('sh gives the same for the substitutions that both know', () => {
    const name = fc.constantFrom('a', 'e', 'u', 'path')
    const operator = fc.constantFrom(':-', '-', ':+', '+')
    const word = fc.stringMatching(/^[a-z./]{0,6}$/)
    const pattern = fc.stringMatching(/^[a-z./*?]{0,5}$/)
    const substitution = fc.oneof(
      name.map((variable) => `\${${variable}}`),
      fc.tuple(name, operator, word).map(([variable, sign, text]) => `\${${variable}${sign}${text}}`),
      fc
        .tuple(name, fc.constantFrom('#', '##', '%', '%%'), pattern)
        .map(([variable, sign, text]) => `\${${variable}${sign}${text}}`),
    )
    const raws = fc.sample(fc.array(substitution, { minLength: 1, maxLength: 3 }), { numRuns: 300, seed: 7 })
    const script = raws.map((parts) => `printf '%s\\n' "${parts.join('.')}"`).join('\n')
    const { a = '', e = '', path = '' } = values
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { env: { a, e, path }, encoding: 'utf8' })
    expect(stdout.split('\n').slice(0, -1)).toEqual(raws.map((parts) => expand(parts.join('.'), '\\', lookup)))
  })
})
