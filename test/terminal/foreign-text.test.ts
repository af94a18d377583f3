import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanLine, cleanLines, stripControl } from '../../src/lib/terminal/clean.js'
import { createMask, maskText } from '../../src/lib/terminal/mask.js'

// oxlint-disable-next-line no-control-regex -- these are what must not be left
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/

/** Text as hostile as a log can be: pieces of sequences, put together at random. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b',
        '\u001b[',
        '\u001b]0;',
        '\u0007',
        '\u009b',
        '\u009d',
        '\u001b\\',
        '31m',
        '?25l',
        '\r',
        '\n',
        '\t',
        '\u202e',
      ),
    ),
  )
  .map((parts) => parts.join(''))

describe('text from outside', () => {
  test('has no control character left, whatever it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(stripControl(text).replaceAll(/[\n\t\u2028\u2029]/g, '')).not.toMatch(control)
        expect(cleanLine(text)).not.toMatch(control)
        for (const line of cleanLines(text)) expect(line).not.toMatch(control)
        expect(cleanLine(cleanLine(text))).toBe(cleanLine(text))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]0;a new title\u0007text', 'text'],
    ['\u001b]8;;https://example.org\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u009b2Jcleared', 'cleared'],
    ['50 %\r100 %', '50 % 100 %'],
    ['one\ttwo\r\nthree', 'one two three'],
    ['user\u202egnp.exe', 'usergnp.exe'],
    ['\u001b]0;never closed\nnext line', 'next line'],
    ['élan ✓ 日本', 'élan ✓ 日本'],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanLine(text)).toBe(clean)
  })

  test('keeps the lines and the indentation of a traceback', () => {
    expect(cleanLines('Traceback:\r\n\u001b[2m  File "a.py"\u001b[0m\n\n\tx = 1\n')).toEqual([
      'Traceback:',
      '  File "a.py"',
      '  x = 1',
    ])
  })
})

describe('a mask', () => {
  test('leaves no secret behind, wherever it stands and however they overlap', () => {
    const secret = fc.string({ minLength: 4, maxLength: 12 }).filter((text) => text.trim().length >= 4)
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat()),
        fc.string(),
        (secrets, order, filler) => {
          const text = order.map((index) => secrets[index % secrets.length] ?? '').join(filler)
          const masked = createMask(secrets)(text).replaceAll(maskText, '\u0000')
          for (const value of secrets) expect(masked).not.toContain(value)
        },
      ),
    )
  })

  test.each([
    ['password is s3cr$tPass\\x.', 'password is ***.'],
    ['url postgres://app:s3cr%24tPass%5Cx@db', 'url postgres://app:***@db'],
    ['{"password":"s3cr$tPass\\\\x"}', '{"password":"***"}'],
    [`Basic ${Buffer.from('s3cr$tPass\\x').toString('base64')}`, 'Basic ***'],
    ['s3cr$tPass', 's3cr$tPass'],
  ])('%s', (text, masked) => {
    expect(createMask(['s3cr$tPass\\x'])(text)).toBe(masked)
  })

  test('takes out values that overlap as one', () => {
    expect(createMask(['abcdef', 'efghij'])('<abcdefghij>')).toBe('<***>')
  })

  test('takes out every line of a key', () => {
    const mask = createMask(['-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----\n'])
    expect(mask('MIIEvQIBADAN')).toBe('***')
  })

  test('leaves text alone when there is nothing to hide', () => {
    expect(createMask(['', '  ', 'abc'])('abc  and more')).toBe('abc  and more')
  })
})
