import { readFileSync } from 'node:fs'
import { Ajv, type AnySchema } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { configJsonSchema } from '../../src/lib/config/json-schema.js'
import { loadConfig } from '../../src/lib/config/index.js'
import { load, report, small } from './project.js'

const validate = new Ajv({ allErrors: true, strict: true, strictTypes: false }).compile(configJsonSchema() as AnySchema)

/** What an editor would say. */
const refusals = (data: unknown): unknown => (validate(data) ? [] : validate.errors)

const whole = `${small}    serves: { url: "https://demo.example.com/v1", leadsTo: alb.example.net, load: allow }
verify:
  https: { minDays: 30, httpPort: 8080, paths: [/api] }
  endpoints:
    health:
      path: /health
      retry: 30s
      expect:
        status: [200, 204]
        json: { $.status: healthy, "$.models[*]": { minCount: 2, matches: "^[a-z]" }, $.extra: [1, two], $.no: { exists: false } }
        schema: health.json
        contains: [healthy]
        absent: [Traceback]
        contentType: application/json
    search:
      path: https://search.example.com/?q={{query}}
      headers: { Authorization: "Bearer \${TOKEN}" }
      json: { query: "{{query}}", n: "{{n}}", size: 3, nested: [{ deep: true }], nothing: null }
      rows: [{ query: one }, { query: two, more: 1.5 }]
      latency: { mean: 250ms, p95: 0.5s }
      timeout: 5s
  load:
    search: { endpoint: search, rate: 4.5, duration: 1m, concurrency: 8, expect: { rate: 4, success: 99.5 }, latency: { p99: 1s } }
`
const files = { 'health.json': '{}' }
const env = { TOKEN: 'sekret-token' }

describe('verify', () => {
  test('is read whole, with its defaults', async () => {
    const { verify, environment, directory, interpolated } = await load(whole, { env, files })
    expect(environment.serves).toEqual({
      url: 'https://demo.example.com/v1',
      leadsTo: 'alb.example.net',
      load: 'allow',
    })
    const search = {
      name: 'search',
      method: 'POST',
      path: 'https://search.example.com/?q={{query}}',
      headers: { Authorization: 'Bearer sekret-token' },
      body: {
        kind: 'json',
        value: { query: '{{query}}', n: '{{n}}', size: 3, nested: [{ deep: true }], nothing: null },
      },
      rows: [{ query: 'one' }, { query: 'two', more: 1.5 }],
      expect: { status: [], json: [], contains: [], absent: [] },
      latency: { mean: 250, p95: 500 },
      samples: 20,
      timeout: 5000,
      retry: 0,
    }
    expect(JSON.parse(JSON.stringify(verify))).toEqual({
      https: { minDays: 30, httpPort: 8080, paths: ['/api'], timeout: 10_000, retry: 0 },
      endpoints: [
        {
          name: 'health',
          method: 'GET',
          path: '/health',
          headers: {},
          rows: [],
          expect: {
            status: [200, 204],
            json: [
              { path: '$.status', matcher: { equals: 'healthy' } },
              { path: '$.models[*]', matcher: { minCount: 2, matches: '^[a-z]' } },
              { path: '$.extra', matcher: { equals: [1, 'two'] } },
              { path: '$.no', matcher: { exists: false } },
            ],
            schema: `${directory}/health.json`,
            contains: ['healthy'],
            absent: ['Traceback'],
            contentType: 'application/json',
          },
          latency: {},
          samples: 0,
          timeout: 10_000,
          retry: 30_000,
        },
        search,
      ],
      criteria: [],
      loads: [
        {
          name: 'search',
          endpoint: search,
          rate: 4.5,
          duration: 60_000,
          concurrency: 8,
          requests: 10_000,
          leastRate: 4,
          success: 99.5,
          latency: { p99: 1000 },
        },
      ],
    })
    expect(interpolated).toContain('sekret-token')
    expect(refusals(parse(whole, { merge: true }))).toEqual([])
  })

  test('of the second example has the three searches of its seed with their budgets, and its health document', async () => {
    const { verify } = await loadConfig({ path: 'examples/finbert-rag/rampart.yml', env: {} })
    expect(verify?.endpoints.map(({ name, latency }) => [name, latency])).toEqual([
      ['health', {}],
      ['search-384d', { mean: 250, max: 500 }],
      ['search-768d', { mean: 300, max: 500 }],
      ['search-1155d', { mean: 400, max: 500 }],
    ])
    const health = verify?.endpoints[0]?.expect.json.map(({ path }) => path)
    expect(health).toEqual(['$.status', '$.api', '$.elasticsearch', '$.model_cache.cached_models[*]'])
    expect(verify?.loads).toMatchObject([{ rate: 5, leastRate: 4, success: 100 }])
    const text = readFileSync('examples/finbert-rag/rampart.yml', 'utf8')
    expect(refusals(parse(text))).toEqual([])
  })
})

const endpoint = (text: string): string => `${small}verify: { endpoints: { health: { path: /health, ${text} } } }\n`

describe('what is wrong in it', () => {
  test.each([
    [
      'a path that is none',
      `${small}verify: { endpoints: { health: { path: health } } }\n`,
      'must be a path that begins with `/`',
    ],
    [
      'a budget without a unit',
      endpoint('latency: { mean: 250 }'),
      'must be a time above zero, in `ms` or `s`, not the number 250',
    ],
    ['a figure that there is not', endpoint('latency: { p96: 250ms }'), 'Did you mean `p95`?'],
    ['a JSONPath that is none', endpoint('expect: { json: { status: healthy } }'), 'is no JSONPath: Expected "$"'],
    [
      'an expectation that there is not',
      endpoint('expect: { json: { $.status: { is: 1 } } }'),
      'has `is`, which is no expectation',
    ],
    [
      'a pattern that is none',
      endpoint('expect: { json: { $.status: { matches: "(" } } }'),
      'has `matches`, which must be a regular expression',
    ],
    [
      'a status outside a list',
      endpoint('expect: { status: 200 }'),
      'must be a list of statuses, e.g. `[200]`, not the number 200',
    ],
    ['a body for GET', endpoint('method: GET, json: {}'), 'is GET, which has no body'],
    ['two bodies', endpoint('json: {}, body: text'), 'is there beside `json`'],
    ['a header that is none', endpoint('headers: { "x y": "1" }'), 'is no name of a header'],
    [
      'a placeholder that nothing fills',
      endpoint('json: { q: "{{query}}" }'),
      'holds `{{query}}`, which every row of `rows` must name',
    ],
    ['one that not every row fills', endpoint('json: { q: "{{a}}" }, rows: [{ a: 1 }, { b: 2 }]'), 'holds `{{a}}`'],
    ['a schema that is not there', endpoint('expect: { schema: none.json }'), 'names a file that does not exist'],
    [
      'load on an endpoint that is not there',
      `${endpoint('samples: 3').trimEnd().slice(0, -2)}, load: { l: { endpoint: healthy } } }\n`,
      'Did you mean `health`?',
    ],
    [
      'load that is too much',
      `${small}verify: { load: { l: { endpoint: health, rate: 5000 } } }\n`,
      'must be a number from 0.1 to 1000, not the number 5000',
    ],
    [
      'an address with a password',
      `${small}    serves: { url: "https://me:secret@example.com" }\n`,
      'must be an address with `https://`',
    ],
  ])('%s is told with its place', async (_, text, words) => {
    const told = await report(text)
    expect(told).toMatch(/^rampart\.yml:\d+:\d+: /)
    expect(told).toContain(words)
  })
})
