import { describe, expect, test } from 'vitest'
import { runCli } from '../support/cli.js'

const speed = ['--speed', '240']

describe('rampart rehearse', () => {
  test('deploys the example: phases, release, digests, proof, and what is simulated says so', async () => {
    const { code, stdout, stderr } = await runCli(['rehearse', ...speed])
    expect(stderr).not.toContain('    at ')
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    for (const phase of ['preflight', 'build', 'push', 'release', 'rollout', 'proof']) expect(stdout).toContain(phase)
    expect(stdout).toMatch(/r-[0-9a-f]{10}/)
    expect(stdout).toMatch(/backend.*sha256:[0-9a-f]{64}/)
    expect(stdout).toMatch(/frontend.*sha256:[0-9a-f]{64}/)
    expect(stdout).toContain('4 of 4 targets proved')
    expect(stdout).toMatch(/simulated/i)
    expect(stderr).toMatch(/simulated/i)
  })

  test('bad-image goes back by itself and ends with the target’s own words', async () => {
    const { code, stdout, stderr } = await runCli(['rehearse', '--scenario', 'bad-image', ...speed])
    expect({ code, stderr: code === 4 ? '' : stderr }).toEqual({ code: 4, stderr: '' })
    expect(stdout + stderr).toContain('rolled back')
    expect(stderr.split('\n').slice(-25).join('\n')).toMatch(/ModuleNotFoundError|Traceback/)
  })

  test.each([
    ['never-ready', 4, /health/i],
    ['alarm-trip', 4, /alarm/i],
    ['no-capacity', 4, /capacity/i],
    ['throttled', 0, /4 of 4 targets proved/],
    ['slow-model', 0, /4 of 4 targets proved/],
  ])('%s ends with exit code %i and a cause', async (scenario, exitCode, words) => {
    const { code, stdout, stderr } = await runCli(['rehearse', '--scenario', scenario, '--speed', '600'])
    expect({ code, stderr: code === exitCode ? '' : stderr }).toEqual({ code: exitCode, stderr: '' })
    expect(stdout + stderr).toMatch(words)
  })

  test('with stdout redirected, stdout holds the result alone', async () => {
    const { code, stdout } = await runCli(['rehearse', '--json', ...speed])
    expect(code).toBe(0)
    const result = JSON.parse(stdout) as { proof: { proved: number }; simulated: boolean }
    expect(result.proof.proved).toBe(4)
    expect(result.simulated).toBe(true)
  })
})
