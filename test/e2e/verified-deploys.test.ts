import { describe, expect, test } from 'vitest'
import type { Cause } from '../../src/lib/domain/outcome.js'
import { causeText } from '../support/cause-text.js'
import { runCli } from '../support/cli.js'

const finbert = 'examples/finbert-rag/rampart.yml'
const rampartAi = 'examples/rampart-ai/rampart.yml'

/** The second seed's success criteria, each under its name there. */
const criteria = {
  'Technical Validation': [
    'All containers pushed to ECR successfully',
    'ECS service running with desired task count',
    'Load balancer health checks passing',
    'All API endpoints responding < 0.5s',
    'Model caching working (no downloads in logs)',
    '100% success rate on test requests',
  ],
  'Performance Validation': [
    '384d endpoint: < 0.25s average response',
    '768d endpoint: < 0.30s average response',
    '1155d endpoint: < 0.40s average response',
    'Concurrent load: > 4 requests/second',
    'Model cache: 4.9x speedup maintained',
  ],
  'Security Validation': [
    'HTTPS endpoints accessible',
    'HTTP traffic redirected to HTTPS',
    'Environment secrets properly configured',
    'No sensitive data in container logs',
  ],
}

/** What the example adds to them. */
const sameAnswers = 'The same questions get the same answers'
const allCriteria = { ...criteria, 'Comparison with the Release Before': [sameAnswers] }

interface Result {
  readonly outcome: string
  readonly message: string
  readonly problems?: readonly string[]
  readonly cause: Cause | null
  /** Milliseconds of the cloud's clock. */
  readonly duration: number
  readonly phases: readonly { readonly phase: string; readonly outcome: string; readonly duration: number | null }[]
  readonly verification: {
    readonly checks: readonly {
      readonly name: string
      readonly result: string
      readonly detail: string
      readonly evidence: readonly string[]
    }[]
    readonly criteria: readonly {
      readonly group: string
      readonly name: string
      readonly result: string
      readonly detail: string
    }[]
    readonly wentBack: boolean
  } | null
}

async function rehearse(
  config: string,
  scenario: string,
): Promise<{ readonly code: number | null; readonly result: Result }> {
  const args = ['rehearse', '--config', config, '--scenario', scenario, '--speed', '600', '--json']
  const { code, stdout, stderr } = await runCli(args)
  expect(stderr).not.toContain('    at ')
  return { code, result: JSON.parse(stdout) as Result }
}

/** Measured figures and counted lines are of their run. */
async function expectCause({ cause }: Result, name: string): Promise<void> {
  const text = causeText(cause ?? undefined)
    .replaceAll(/\d+(?:\.\d+)?(m?s)\b/g, (all, unit: string) =>
      all === '200ms' || all === '500ms' ? all : `<n>${unit}`,
    )
    .replaceAll(/in \d+ (lines|values)/g, 'in <n> $1')
    .replaceAll(/\d+ (more|requests|questions)\b/g, '<n> $1')
    .replaceAll(/\d+ of <n>/g, '<n> of <n>')
  await expect(text).toMatchFileSnapshot(`../golden/causes/${name}.txt`)
}

const failedCriteria = ({ verification }: Result): readonly string[] =>
  (verification?.criteria ?? []).filter(({ result }) => result === 'fail').map(({ name }) => name)

const failedChecks = ({ verification }: Result): readonly string[] =>
  (verification?.checks ?? []).filter(({ result }) => result === 'fail').map(({ name }) => name)

const warnedCriteria = ({ verification }: Result): readonly string[] =>
  (verification?.criteria ?? []).filter(({ result }) => result === 'warn').map(({ name }) => name)

/** Scenarios whose first requests take long, which the example only warns of. */
const slowStarts: ReadonlySet<string> = new Set(['slow-release', 'model-downloads'])

const searches = ['endpoint:search-384d', 'endpoint:search-768d', 'endpoint:search-1155d']

describe('rampart rehearse of the second example', () => {
  test('ends with the success criteria as a table, every line by its name and none failed', async () => {
    const { code, stdout, stderr } = await runCli(['rehearse', '--config', finbert, '--speed', '600'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const table = stdout.slice(stdout.indexOf('Success criteria'))
    for (const [group, names] of Object.entries(allCriteria)) {
      expect(table).toContain(group)
      for (const name of names) {
        const line = table.split('\n').find((one) => one.includes(name)) ?? ''
        expect(line).toMatch(/^\S OK {2}/)
      }
    }
    expect(table).toMatch(/\b16 OK, 0 WARN, 0 FAIL, 0 SKIP/)
    for (const phase of ['baseline', 'verify']) expect(stdout).toMatch(new RegExp(`^${phase} +✓ done`, 'm'))
  }, 90_000)

  test.each([
    ['lying-health', [...searches, 'load:search'], ['100% success rate on test requests'], /503/],
    [
      'slow-release',
      ['endpoint:search-1155d'],
      ['All API endpoints responding < 0.5s'],
      /max \d+ms is over its budget of 500ms/,
    ],
    ['drifted-answers', ['compare:answers'], [sameAnswers], /\$\.results\[0\]\.score/],
    ['plain-http', ['https-redirect'], ['HTTP traffic redirected to HTTPS'], /over plain HTTP/],
    ['leaking-logs', ['log-secrets'], ['No sensitive data in container logs'], /AWS access key.*lines, such as/s],
    ['model-downloads', ['model-cache'], ['Model caching working (no downloads in logs)'], /download/i],
  ] as const)(
    '%s fails its own line, and the deploy goes back',
    async (scenario, checks, lines, evidence) => {
      const { code, result } = await rehearse(finbert, scenario)
      expect({ code, outcome: result.outcome, why: code === 9 ? '' : result.message }).toEqual({
        code: 9,
        outcome: 'verification',
        why: '',
      })
      expect(failedChecks(result)).toEqual(checks)
      expect(failedCriteria(result)).toEqual(lines)
      // Every other line was judged, and none of them fails.
      expect(result.verification?.criteria.map(({ name }) => name)).toEqual(Object.values(allCriteria).flat())
      expect(warnedCriteria(result)).toEqual(slowStarts.has(scenario) ? ['Model cache: 4.9x speedup maintained'] : [])
      const failed = result.verification?.checks.find(({ result: one }) => one === 'fail')
      expect([failed?.detail, ...(failed?.evidence ?? [])].join('\n')).toMatch(evidence)
      await expectCause(result, `ecs-${scenario}`)
      expect(result.verification?.wentBack).toBe(true)
      expect(result.message).toMatch(/went back: finbert-rag-prod serves what served before/)
      expect(result.phases.at(-1)).toMatchObject({ phase: 'rollback', outcome: 'done' })
    },
    120_000,
  )
})

describe('rampart rehearse of the first example', () => {
  test('healthy is verified', async () => {
    const { code, result } = await rehearse(rampartAi, 'healthy')
    expect({ code, failed: failedChecks(result) }).toEqual({ code: 0, failed: [] })
    expect(result.verification?.checks.find(({ name }) => name === 'secrets')).toMatchObject({ result: 'ok' })
    // All phases on one clock: what lies between them is short.
    const spent = result.phases.reduce((sum, { duration }) => sum + (duration ?? 0), 0)
    expect(spent).toBeLessThanOrEqual(result.duration)
    expect(spent).toBeGreaterThan(result.duration * 0.75)
    expect(result.phases.at(-1)).toMatchObject({ phase: 'verify', outcome: 'done' })
  }, 60_000)

  test.each([
    ['slow-release', ['endpoint:inspect'], /^p95 \d+ms is over its budget of 200ms/m],
    ['plain-http', ['https-redirect'], /over plain HTTP/],
    ['leaking-logs', ['log-secrets'], /AWS access key.*lines, such as/s],
    ['model-downloads', ['model-cache'], /download/i],
  ] as const)(
    '%s fails its own line, and the deploy goes back',
    async (scenario, checks, evidence) => {
      const { code, result } = await rehearse(rampartAi, scenario)
      expect({ code, failed: failedChecks(result) }).toEqual({ code: 9, failed: checks })
      const failed = result.verification?.checks.find(({ result: one }) => one === 'fail')
      expect([failed?.detail, ...(failed?.evidence ?? [])].join('\n')).toMatch(evidence)
      await expectCause(result, scenario)
      expect(result.verification?.wentBack).toBe(true)
    },
    120_000,
  )

  // Each instance is asked for itself: it is caught before anybody asks through the load balancer.
  test.each([
    ['lying-health', /answers 200, but POST \/api\/v1\/inspect: status 503/],
    ['drifted-answers', /answers 200, but POST \/api\/v1\/inspect: \$\.injection\.suspected is false, not true/],
  ] as const)(
    '%s is not proved, and the deploy goes back',
    async (scenario, problem) => {
      const { code, result } = await rehearse(rampartAi, scenario)
      expect({ code, outcome: result.outcome }).toEqual({ code: 9, outcome: 'verification' })
      expect(result.phases.find(({ phase }) => phase === 'proof')).toMatchObject({ outcome: 'failed' })
      expect(result.problems).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(problem)))
      await expectCause(result, scenario)
      expect(result.message).toMatch(/went back: rampart-production-asg serves what served before/)
    },
    120_000,
  )
})
