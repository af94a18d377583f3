import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { createLogScan, type LogFinding, type ScannedLine } from '../../../src/lib/verify/logs/scan.js'
import { createValueFinder } from '../../../src/lib/verify/logs/value-finder.js'

/** Letters from an alphabet, the same ones for the same number; nothing that stands in this file is a secret. */
function letters(alphabet: string, length: number, seed: number): string {
  let state = seed + 1
  return Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return alphabet.charAt(Math.floor((state / 2_147_483_648) * alphabet.length))
  }).join('')
}

const alnum = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const alpha = alnum.slice(0, 52)
const hex = '0123456789abcdef'
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Twenty kinds of secrets as their makers write them; the line around each, and the secret itself. */
const kinds: Readonly<Record<string, (seed: number) => string>> = {
  'aws-access-key': (n) => `AKIA${letters(base32, 16, n)}`,
  'aws-secret-key': (n) => `aws_secret_access_key=${letters(alnum, 40, n)}`,
  'github-token': (n) => `ghp_${letters(alnum, 36, n)}`,
  'gitlab-token': (n) => `glpat-${letters(alnum, 20, n)}`,
  'hugging-face-token': (n) => `hf_${letters(alpha, 34, n)}`,
  'openai-key': (n) => `sk-proj-${letters(alnum, 90, n)}`,
  'anthropic-key': (n) => `sk-ant-api03-${letters(alnum, 90, n)}`,
  'slack-token': (n) => `xoxb-${letters('0123456789', 12, n)}-${letters(alnum, 24, n)}`,
  'stripe-key': (n) => `sk_live_${letters(alnum, 24, n)}`,
  'google-key': (n) => `AIza${letters(alnum, 35, n)}`,
  'npm-token': (n) => `npm_${letters(alnum, 36, n)}`,
  'pypi-token': (n) => `pypi-AgEIcHlwaS5vcmc${letters(alnum, 60, n)}`,
  'url-password': (n) => `postgresql://app:${letters(alnum, 18, n)}@db.internal:5432/app`,
  jwt: (n) => `eyJ${letters(alnum, 33, n)}.eyJ${letters(alnum, 60, n)}.${letters(alnum, 43, n)}`,
  'sendgrid-key': (n) => `SG.${letters(alnum, 22, n)}.${letters(alnum, 43, n)}`,
  'twilio-key': (n) => `SK${letters(hex, 32, n)}`,
  'digitalocean-token': (n) => `dop_v1_${letters(hex, 64, n)}`,
  'vault-token': (n) => `hvs.${letters(alnum, 90, n)}`,
  'databricks-token': (n) => `dapi${letters(hex, 32, n)}`,
  // A maker without a format: it is found by the word before it, or not at all.
  'named-secret': (n) => `password: ${letters(alnum, 20, n)}`,
}

const line = (text: string, n: number): ScannedLine => ({ time: n, stream: `i-${n % 4}/api`, text })

const ordinary = [
  (n: number) => `INFO:     10.0.1.41:${40_000 + (n % 9000)} - "GET /api/v1/health HTTP/1.1" 200 OK`,
  (n: number) => `INFO:     app.search: request ${letters(hex, 32, n)} took ${n % 400} ms`,
  (n: number) => `DEBUG:    image sha256:${letters(hex, 64, n)} at revision ${letters(hex, 40, n)}`,
  (n: number) =>
    `INFO:     order 4${letters('0123456789', 3, n)} at 2026-11-22T09:${String(n % 60).padStart(2, '0')}:00Z`,
  () => 'INFO:     password: ********, api_key: ${API_KEY}, token=<hidden>',
  () => 'INFO:     Authorization: Bearer ***; password=None; secret: null',
]

const noValues = createValueFinder([])

function scan(lines: readonly ScannedLine[], values = noValues): readonly LogFinding[] {
  const scanning = createLogScan(values)
  for (const one of lines) scanning.take(one)
  return scanning.findings()
}

describe('ten thousand lines with two hundred secrets', () => {
  const names = Object.keys(kinds)
  const planted = Array.from({ length: 200 }, (_, n) => {
    const kind = names[n % names.length] ?? ''
    return { kind, secret: kinds[kind]?.(n * 31 + 7) ?? '' }
  })
  const configured = Array.from({ length: 20 }, (_, n) => ({
    name: `SECRET_${n}`,
    value: `${letters(alnum, 12 + n, 900 + n)}"\\${letters('äöß%/+', 3, n)}`,
  }))
  const lines = Array.from({ length: 10_000 }, (_, n) => {
    const base = ordinary[n % ordinary.length]?.(n) ?? ''
    if (n % 50 === 25) return line(`DEBUG: client with ${planted[(n - 25) / 50]?.secret} opened`, n)
    return line(base, n)
  })
  const secrets = lines.map((one, n) => {
    const value = configured[(n - 13) / 500]?.value
    // Each in a different way: as it is, in JSON, in an address, in base64.
    const ways = [
      (text: string) => text,
      JSON.stringify,
      encodeURIComponent,
      (text: string) => Buffer.from(text).toString('base64'),
    ]
    return value === undefined ? one : line(`state ${ways[((n - 13) / 500) % 4]?.(value)} end`, n)
  })

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
    const values = planted.map(({ secret }) => secret.replace(/^(?:password: |aws_secret_access_key=)/, ''))
    for (const value of [...values, ...configured.map(({ value: one }) => one)]) {
      expect(text).not.toContain(value)
      expect(text).not.toContain(value.slice(-12))
    }
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
