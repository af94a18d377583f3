import { spawnSync } from 'node:child_process'
import { parseEnv } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDotenv } from '../../src/lib/config/dotenv.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { formatEnvironment, type EnvFormat } from '../../src/lib/operations/env-formats.js'
import { requires } from '../support/requires.js'

const hostile = Array.from('ab $#\'"`\\\n\t=!*~&;|<>(){}[]%é漢')

/** Values as hostile as they come: quotes, dollars, hashes, backslashes, blanks, several lines, other alphabets. */
const value = fc.oneof(
  fc.string({ unit: fc.constantFrom(...hostile) }),
  fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
)
const variables = fc.dictionary(fc.stringMatching(/^V[A-Z0-9_]{0,8}$/), value, { maxKeys: 4 })

/** The text; undefined where the format says that it can not hold a value, which is a usage error that names it. */
function written(given: Readonly<Record<string, string>>, format: EnvFormat): string | undefined {
  try {
    return formatEnvironment(given, format)
  } catch (error) {
    const isSaid = error instanceof RampartError && error.kind === 'usage' && / the value of V/.test(error.message)
    if (isSaid) return undefined
    throw error
  }
}

test('a shell reads back every value', () => {
  fc.assert(
    fc.property(variables, (given) => {
      const text = written(given, 'shell')
      fc.pre(text !== undefined)
      const dump = `${process.execPath} -p 'JSON.stringify(process.env)'`
      const shell = spawnSync('sh', ['-eu', '-c', `eval "$1"; ${dump}`, 'sh', text], { env: {}, encoding: 'utf8' })
      expect(shell.stderr).toBe('')
      const found = JSON.parse(shell.stdout) as Record<string, string>
      expect(Object.fromEntries(Object.keys(given).map((name) => [name, found[name]]))).toEqual(given)
    }),
    { numRuns: 60 },
  )
})

describe.each([
  ["Node's parser", (text: string): object => parseEnv(text)],
  ["rampart's own parser", (text: string): object => parseDotenv(text, '.env').values],
])('a .env file by %s', (_, parse) => {
  test('holds every value that it takes', () => {
    fc.assert(
      fc.property(variables, (given) => {
        const text = written(given, 'dotenv')
        fc.pre(text !== undefined)
        expect({ ...parse(text) }).toEqual(given)
      }),
      { numRuns: 2000 },
    )
  })

  test('takes everything without quotes and carriage returns, and refuses what readers differ about', () => {
    expect(written({ V: 'a b$c #d' }, 'dotenv')).toBe("V='a b$c #d'\n")
    expect(written({ V: "it's" }, 'dotenv')).toBe('V="it\'s"\n')
    expect(written({ V: `it's "$x"` }, 'dotenv')).toBeUndefined()
    expect(written({ V: 'a\rb' }, 'dotenv')).toBeUndefined()
  })
})

const builder = 'make'

requires('make').describe('a Makefile', () => {
  test('reads back every value', () => {
    fc.assert(
      fc.property(variables, (given) => {
        const text = written(given, 'make')
        fc.pre(text !== undefined)
        const names = Object.keys(given)
        const rules = [
          ...names.map((name) => `export ${name}`),
          'all:',
          `\t@${process.execPath} -p 'JSON.stringify(process.env)'`,
        ]
        const made = spawnSync(builder, ['-f', '-', '-s', 'all'], {
          env: { PATH: '/usr/bin:/bin' },
          input: `${text}${rules.join('\n')}\n`,
          encoding: 'utf8',
        })
        expect(made.stderr).toBe('')
        const found = JSON.parse(made.stdout) as Record<string, string>
        expect(Object.fromEntries(names.map((name) => [name, found[name]]))).toEqual(given)
      }),
      { numRuns: 60 },
    )
  })
})

test('JSON is JSON', () => {
  fc.assert(
    fc.property(variables, (given) => {
      expect(JSON.parse(formatEnvironment(given, 'json'))).toEqual({ ...given })
    }),
  )
})
