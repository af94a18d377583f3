import { expect, test } from 'vitest'
import type { Verification } from '../../src/lib/domain/verification.js'
import { junitXml } from '../../src/lib/report/junit.js'
import { verifyText } from '../../src/lib/report/verify-text.js'
import { createPaint } from '../../src/lib/terminal/colour.js'
import { asciiGlyphs, unicodeGlyphs } from '../../src/lib/terminal/glyphs.js'

const latency = { count: 20, min: 180, mean: 231.4, p50: 210, p95: 420, p99: 512, max: 512 }
const common = { findings: [], evidence: [], attempts: 1 } as const

const verification: Verification = {
  criteria: [],
  url: 'https://rag.example.com',
  checks: [
    { ...common, kind: 'dns', name: 'dns', result: 'ok', detail: '2 addresses, remembered for 60 s', duration: 12 },
    {
      ...common,
      kind: 'https',
      name: 'hsts',
      result: 'warn',
      detail: 'no Strict-Transport-Security',
      remedy: 'answer with Strict-Transport-Security',
      duration: 30,
    },
    { ...common, kind: 'https', name: 'tls-version', result: 'skip', detail: 'no handshake', duration: 1 },
    {
      ...common,
      kind: 'endpoint',
      name: 'endpoint:search-384d',
      result: 'fail',
      detail: 'max 512ms is over its budget of 500ms, and 1 more',
      findings: [
        { detail: 'max 512ms is over its budget of 500ms' },
        { detail: '1 of 21 requests failed: status 503 <&>' },
      ],
      evidence: ['POST https://rag.example.com/search: 200 from 192.0.2.10 in 240ms', 'answered: \u001b[31mred\u0007'],
      attempts: 2,
      latency: { ...latency, budget: { mean: 250, max: 500 }, first: 260, times: [] },
      duration: 5300,
    },
    {
      ...common,
      kind: 'load',
      name: 'load:search',
      result: 'ok',
      detail: '5.00 a second, 100 % of 100; p50 210ms, p95 420ms',
      load: {
        wantedRate: 5,
        achievedRate: 5,
        sent: 100,
        succeeded: 100,
        success: 100,
        leastSuccess: 100,
        concurrency: 3,
        latency: { ...latency, count: 100 },
        service: { ...latency, count: 100 },
        histogram: [
          { upTo: 200, count: 30 },
          { upTo: 500, count: 69 },
          { upTo: 1000, count: 1 },
        ],
        budget: {},
        lag: 2,
      },
      duration: 20_000,
    },
  ],
}

const page = (width: number, glyphs = unicodeGlyphs) => ({ paint: createPaint(false), glyphs, width })

test('the table, the latencies and the load, wide', async () => {
  const text = verifyText(verification, page(120), undefined)
  await expect(`${text}\n`).toMatchFileSnapshot('../golden/report/verify.txt')
})

test('the same narrow, in ASCII, of a rehearsal', async () => {
  const text = verifyText(verification, page(50, asciiGlyphs), 'scenario healthy')
  expect(text).toMatch(/^[\n -~]*$/)
  await expect(`${text}\n`).toMatchFileSnapshot('../golden/report/verify.narrow.txt')
})

test('colour is never the only sign of what is over its budget', () => {
  const plain = verifyText(verification, page(120), undefined)
  const coloured = verifyText(verification, { ...page(120), paint: createPaint(true) }, undefined)
  // oxlint-disable-next-line no-control-regex -- the sequences are what is taken away
  expect(coloured.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(plain)
  expect(plain).toContain(`${unicodeGlyphs.bad}512ms`)
})

test('JUnit', async () => {
  await expect(junitXml(verification)).toMatchFileSnapshot('../golden/report/verify.junit.xml')
})
