import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { alnum, letters, mustNotBeSaid, plantSecrets } from './planted.js'
import { createLogScan, type LogFinding, type ScannedLine } from '../../../src/lib/verify/logs/scan.js'
import { createValueFinder } from '../../../src/lib/verify/logs/value-finder.js'

const line = (text: string, n: number): ScannedLine => ({ time: n, stream: `i-${n % 4}/api`, text })

const noValues = createValueFinder([])

function scan(lines: readonly ScannedLine[], values = noValues): readonly LogFinding[] {
  const scanning = createLogScan(values)
  for (const one of lines) scanning.take(one)
  return scanning.findings()
}

describe('ten thousand lines with two hundred secrets', () => {
  const planting = plantSecrets()
  const { kinds: names, configured } = planting
  const lines = planting.lines.map(line)
  const secrets = planting.all.map(line)

  test('at least 19 of the 20 kinds are found by rule, each of their secrets, and nothing else', () => {
    const found = scan(lines).filter(({ kind }) => kind !== 'personal')
    const rules = new Set(found.map(({ rule }) => rule))
    expect(names.filter((name) => rules.has(name)).length).toBeGreaterThanOrEqual(19)
    expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(200)
    expect([...rules].filter((rule) => !names.includes(rule))).toEqual([])
  })

  test('every configured value is found, in whatever way it is written', () => {
    const finder = createValueFinder(configured)
    const found = scan(secrets, finder).filter(({ kind }) => kind === 'value')
    expect(found.map(({ rule }) => rule).toSorted()).toEqual(configured.map(({ name }) => name).toSorted())
    expect(found.every(({ count }) => count === 1)).toBe(true)
  })

  test('no value is in what is said of it, nor a part of one', () => {
    const text = JSON.stringify(scan(secrets, createValueFinder(configured)))
    for (const value of mustNotBeSaid(planting)) expect(text).not.toContain(value)
  })
})

describe('values', () => {
  test('are found wherever they stand, and nowhere else', () => {
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'binary', minLength: 8, maxLength: 40 })
          .filter((text) => text.trim().length >= 8 && !text.includes('\n')),
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (value, before, after) => {
          const finder = createValueFinder([{ name: 'A', value }])
          const found = finder.find(`${before}${value}${after}`)
          expect(found).toContainEqual({ name: 'A', from: before.length, to: before.length + value.length })
          expect(finder.find(before).length > 0).toBe(before.includes(value))
        },
      ),
    )
  })

  test('that are short are not looked for, and that is said', () => {
    const finder = createValueFinder([
      { name: 'PIN', value: '1234' },
      { name: 'KEY', value: 'long enough' },
    ])
    expect(finder.tooShort).toEqual(['PIN'])
    expect(finder.find('1234 long enough')).toEqual([{ name: 'KEY', from: 5, to: 16 }])
  })

  test('of several lines are found by one of their lines', () => {
    const value = `-----BEGIN KEY-----\n${letters(alnum, 64, 1)}\n${letters(alnum, 64, 2)}\n-----END KEY-----`
    expect(createValueFinder([{ name: 'PEM', value }]).find(`x ${letters(alnum, 64, 2)} y`).length).toBe(1)
  })
})

describe('personal data', () => {
  test.each([
    ['mail of someone@customer.example arrived', ['email']],
    [`url postgresql://app:${letters(alnum, 18, 3)}@db.internal:5432/app`, ['url-password']],
    ['card 4111 1111 1111 1111 of the test', ['card']],
    ['card 4111-1111-1111-1111.', ['card']],
    ['amex 378282246310005', ['card']],
    ['no card 4111 1111 1111 1112', []],
    ['no card 0000 0000 0000 0000', []],
    ['trace 41111111111111110', []],
    ['from noreply@acme.example', []],
    ['git@github.com:acme/app.git', []],
    ['image app@sha256:abc and user@host', []],
    ['id 1700000000000000 at 1763802000123', []],
  ])('%s', (text, rules) => {
    expect(scan([line(text, 1)]).map(({ rule }) => rule)).toEqual(rules)
  })
})

test('a line of a megabyte is looked at to its end, and in time', () => {
  const secret = `ghp_${letters(alnum, 36, 5)}`
  const before = performance.now()
  const [found] = scan([line(`${'a.b-c_d '.repeat(130_000)}${secret} ${'x'.repeat(5)}`, 1)])
  expect(found).toMatchObject({ rule: 'github-token', count: 1 })
  expect(performance.now() - before).toBeLessThan(5000)
})

test('control characters do not get through', () => {
  const [found] = scan([line(`\u001b[31mred ghp_${letters(alnum, 36, 5)}`, 1)])
  expect(found?.example).toBe(' [31mred [GitHub token]')
})
