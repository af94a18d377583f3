import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDotenv } from '../../src/lib/config/dotenv.js'

const read = (text: string): Readonly<Record<string, string>> => ({ ...parseDotenv(text, '.env').values })

// A carriage return is written as an escape, as line ends are not kept apart.
const escaped = (text: string): string =>
  text
    .replaceAll(/[\\"$]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)

describe('values', () => {
  test.each([
    ['plain', 'A=value', 'value'],
    ['spaces around', '  A =  some value  ', 'some value'],
    ['nothing', 'A=', ''],
    ['export', 'export A=value', 'value'],
    ['a comment after a space', 'A=value # note', 'value'],
    ['a comment alone', 'A= # note', ''],
    ['a # inside a word', 'A=pa#ss', 'pa#ss'],
    ['a # at the start', 'A=#fff', '#fff'],
    ['dollars and backslashes', String.raw`A=s3cr$tPass\x`, String.raw`s3cr$tPass\x`],
    ['a quote inside', `A=it's`, `it's`],
    ['an equals sign', 'A=a=b==', 'a=b=='],
    ['single quotes', String.raw`A='a "b" $c \n # d '`, String.raw`a "b" $c \n # d `],
    ['backticks', 'A=`it\'s "it"`', 'it\'s "it"'],
    ['double quotes', String.raw`A="a 'b' $c # d"`, `a 'b' $c # d`],
    ['escapes', String.raw`A="\"\\\$\n\t" # note`, '"\\$\n\t'],
    ['other backslashes', String.raw`A="C:\Users\w"`, String.raw`C:\Users\w`],
    ['a backslash before the end', String.raw`A="a\\"`, 'a\\'],
    ['several lines', 'A="one\ntwo"', 'one\ntwo'],
    ['several lines in single quotes', "A='one\n# two'", 'one\n# two'],
    ['Windows line ends', 'A=value\r', 'value'],
    ['a byte order mark', '\uFEFFA=value', 'value'],
  ])('%s', (_, text, value) => {
    expect(parseDotenv(`${text}\nB=next`, '.env')).toMatchObject({ problems: [] })
    expect(read(`${text}\nB=next`)).toEqual({ A: value, B: 'next' })
  })

  test('the last of two equal names wins; comments and empty lines mean nothing', () => {
    expect(read('# one\n\n   \nA=1\n  # two\nA=2\n')).toEqual({ A: '2' })
  })

  test('any value comes back from double quotes, and one without quotes and newlines from single ones', () => {
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/).filter((text) => text !== '__proto__')
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: 'grapheme' })), (values) => {
        const text = Object.entries(values).map(([key, value]) => `${key}="${escaped(value)}"`)
        expect(read(text.join('\n'))).toEqual({ ...values })
      }),
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[^'\r\n]*$/), (value) => {
        expect(read(`A='${value}'`)).toEqual({ A: value })
      }),
    )
  })
})

describe('problems', () => {
  test.each([
    ['no assignment', 'A=1\nsecret', 2, 'This line is not `NAME=value`'],
    ['a name that is none', '1A=secret', 1, 'This line is not `NAME=value`'],
    ['an open quote', 'A=1\n\nB="secret\nC=1', 3, 'The value of B has no closing "'],
    ['text after a quote', `A='secret'secret`, 1, "The value of A goes on after its closing '"],
    ['after several lines', 'A="one\ntwo"\nsecret', 3, 'This line is not `NAME=value`'],
  ])('%s', (_, text, line, message) => {
    const { problems } = parseDotenv(text, '.env')
    expect(problems[0]).toMatchObject({ message, place: { file: '.env', line, column: 1 } })
    expect(JSON.stringify(problems)).not.toContain('secret')
  })

  test('any text is read or refused, never thrown over', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', '=', '"', "'", '`', '\\', '\n', '#', ' ', 'é') }), (text) => {
        const lines = text.split('\n').length
        for (const { place } of parseDotenv(text, '.env').problems) {
          expect(place?.line).toBeGreaterThanOrEqual(1)
          expect(place?.line).toBeLessThanOrEqual(lines)
        }
      }),
    )
  })
})
