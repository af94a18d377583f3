import { describe, expect, test } from 'vitest'
import { infraProject } from '../infra/project.js'
import { cleanEnvironment, runCli } from '../support/cli.js'
import { copyExample } from '../support/project.js'

interface Result {
  readonly simulated: boolean
  readonly stoppedAt: string | null
  readonly release: string | null
  readonly proof: { readonly proved: number; readonly total: number } | null
  readonly duration: number | null
  readonly timeline: readonly {
    readonly phase: string
    readonly duration: number | null
    readonly planned: number
    readonly steps: readonly {
      readonly command: string
      readonly exitCode: number | null
      readonly result: { readonly message?: string; readonly items?: readonly { readonly action: string }[] }
    }[]
  }[]
}

// No Docker engine: nothing listens there.
const env = () => cleanEnvironment({ DOCKER_HOST: 'tcp://127.0.0.1:9' })
// Slow enough for a busy machine to answer within the budgets of `verify`.
const speed = ['--speed', '60']
const phases = ['Pre-Deployment', 'Container Build', 'Infrastructure', 'Deployment', 'Validation']

const commands = [
  'infra deploy',
  'secrets set',
  'base build',
  'app build',
  'infra deploy',
  'deploy',
  'alarms apply',
  'dashboard apply',
  'verify',
]

describe('rampart rehearse --from-scratch', () => {
  test.each([
    ['rampart-ai', 2],
    ['finbert-rag', 4],
  ])(
    '%s: from an empty account to a proved release, with the timeline of it',
    async (example, targets) => {
      const words = ['rehearse', '--from-scratch', '-c', `examples/${example}/rampart.yml`, '--json', ...speed]
      const { code, stdout, stderr } = await runCli(words, { env: env() })
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      const result = JSON.parse(stdout) as Result
      expect(result).toMatchObject({
        simulated: true,
        stoppedAt: null,
        release: expect.stringMatching(/^r-[0-9a-f]{10}$/),
        proof: { proved: targets, total: targets },
      })
      expect(result.timeline.map(({ phase }) => phase)).toEqual(phases)
      for (const { duration, steps } of result.timeline) {
        expect(duration).toBeGreaterThan(0)
        expect(steps.map(({ exitCode }) => exitCode)).toEqual(steps.map(() => 0))
      }
      const steps = result.timeline.flatMap((phase) => phase.steps)
      expect(steps.map(({ command }) => command).toSorted()).toEqual(commands.toSorted())
      // The stack has started the first targets: no second time, but on record, so that there is a way back to it.
      expect(steps.find(({ command }) => command === 'deploy')?.result.message).toBe(
        `Nothing to roll out: ${result.release} serves on ${targets} of ${targets} targets, which were launched with it, and is the first release on record.`,
      )
      // What the template makes is what `alarms apply` would.
      for (const { items = [] } of steps.map((step) => step.result)) {
        expect(items.filter(({ action }) => action !== 'none')).toEqual([])
      }
      const sum = result.timeline.reduce((all, { duration }) => all + (duration ?? Number.NaN), 0)
      expect(result.duration).toBe(sum)
    },
    150_000,
  )

  test('fills a model cache; stops at the command that fails, and says what was not reached', async () => {
    const project = await copyExample('finbert-rag')
    const cache = 'modelCache: { path: /app/.cache/huggingface, token: "finbert-rag/hub#token" }'
    await project.edit('rampart.yml', 'stack: finbert-production\n', `stack: finbert-production\n      ${cache}\n`)
    const words = ['rehearse', '--from-scratch', '--scenario', 'bad-image', '-c', project.config]
    const { code, stdout, stderr } = await runCli([...words, '--progress', 'plain', ...speed], { env: env() })
    expect({ code, stderr: code === 4 ? '' : stderr }).toEqual({ code: 4, stderr: '' })
    expect(stderr).toMatch(/Circuit Breaker was triggered/)
    expect(stdout).toMatch(/Pre-Deployment +.* secrets set, cache warm/)
    expect(stderr).toMatch(/The model cache fs-\w+ holds 2 models; proved now: 2 /)
    expect(stdout).toMatch(/Validation +not reached +30m 00s/)
    expect(stdout).toMatch(/Infrastructure +\d+m \d+s +20m 00s +infra deploy/)
  }, 120_000)

  test('without infra in rampart.yml there is nothing to begin with', async () => {
    const { config } = await infraProject('rampart-ai', undefined)
    const { code, stderr } = await runCli(['rehearse', '--from-scratch', '-c', config], { env: env() })
    expect([code, stderr]).toEqual([2, expect.stringContaining('has no `infra` in rampart.yml')])
  })
})
