import { describe, expect, test } from 'vitest'
import { runCli } from '../support/cli.js'

const config = ['--config', 'examples/finbert-rag/rampart.yml']
const scenario = (name: string): string[] => ['rehearse', ...config, '--scenario', name, '--speed', '600']

describe('rampart rehearse with services of ECS', () => {
  test('deploys both services to Fargate, and proves the digest of every task', async () => {
    const { code, stdout, stderr } = await runCli(['rehearse', ...config, '--speed', '600', '--json'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const result = JSON.parse(stdout) as {
      simulated: boolean
      images: { service: string; digest: string }[]
      proof: { proved: number; targets: { target: string; proved: boolean; detail: string }[] }
    }
    expect(result.simulated).toBe(true)
    expect(result.proof.proved).toBe(4)
    const digests = result.images.map(({ service, digest }) => `${service} runs ${digest}`)
    expect(digests).toHaveLength(2)
    for (const said of digests) {
      expect(result.proof.targets.filter(({ proved, detail }) => proved && detail.includes(said))).toHaveLength(2)
    }
  })

  test.each([
    ['bad-image', 4, /ModuleNotFoundError/],
    ['never-ready', 4, /health checks/i],
    ['crash-loop', 4, /exited with 1/],
    ['image-not-found', 4, /could not pull its image/],
    ['alarm-trip', 4, /alarm finbert-production-api-5xx/],
    ['no-capacity', 4, /no place for a new task/],
    ['slow-model', 0, /4 of 4 targets proved/],
    ['throttled', 0, /4 of 4 targets proved/],
  ])('%s ends with exit code %i and a cause', async (name, exitCode, words) => {
    const { code, stdout, stderr } = await runCli(scenario(name))
    expect({ code, stderr: code === exitCode ? '' : stderr }).toEqual({ code: exitCode, stderr: '' })
    expect(stdout + stderr).toMatch(words)
  })
})
