import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../support/cli.js'
import { startCloud, type Cloud } from '../support/rehearsal.js'
import { mustNotBeSaid, plantSecrets } from '../verify/logs/planted.js'

interface Line {
  readonly name: string
  readonly result: string
  readonly detail: string
  readonly findings: readonly { readonly detail: string }[]
}

/** Writes lines into the logs of the instances that serve, as their containers would. */
function write({ rehearsal }: Cloud, lines: readonly string[]): void {
  const { state } = rehearsal.world
  const streams = state.instances.map(({ id }) => `${id}/backend`)
  lines.forEach((text, n) => state.logs.append(streams[n % streams.length] ?? '', state.now, text))
}

describe('ten thousand log lines with two hundred secrets', () => {
  test('are found by the command, and are in nothing that it writes', async () => {
    const planting = plantSecrets()
    const cloud = await startCloud()
    const { config, directory } = cloud.project
    const headers = planting.configured.map(({ name }) => `        X-${name}: "\${${name}}"`).join('\n')
    await cloud.project.edit(
      'rampart.yml',
      '  targets:\n',
      // In the body, because not all of them may stand in a header.
      `    told:\n      path: /told\n      json:\n${headers}\n  targets:\n`,
    )
    write(cloud, planting.all)
    const env = cloud.client(Object.fromEntries(planting.configured.map(({ name, value }) => [name, value])))
    const said: string[] = []
    const verify = async (...more: readonly string[]) => {
      const only = ['--only', 'log-secrets', '--only', 'log-personal-data']
      const finished = await runCli(['verify', '-c', config, ...only, ...more], { env })
      said.push(finished.stdout, finished.stderr)
      return finished
    }
    const { code, stdout } = await verify('--json')
    expect(code).toBe(9)
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Line[] }
    const [secrets] = checks
    expect(secrets).toMatchObject({ name: 'log-secrets', result: 'fail' })
    const found = secrets?.findings.map(({ detail }) => detail) ?? []
    expect(found.filter((one) => /^value of configured secret \d+: 1 line/.test(one))).toHaveLength(20)
    expect(found.length - 20).toBeGreaterThanOrEqual(19)
    const counted = found.map((one) => Number(/: (\d+) lines?,/.exec(one)?.[1]))
    expect(counted.reduce((sum, one) => sum + one, 0)).toBe(220)
    expect((await verify('--progress', 'plain')).stdout).toContain('log-secrets')
    expect((await verify('--progress', 'ndjson')).stdout).toContain('"log-secrets"')
    await verify('--junit', join(directory, 'verify.xml'))
    said.push(readFileSync(join(directory, 'verify.xml'), 'utf8'))
    const all = said.join('\n')
    expect(all).toContain('GitHub token')
    for (const value of mustNotBeSaid(planting)) expect(all).not.toContain(value)
  }, 120_000)
})

const measured = String.raw`the machine: [\d.]+ GiB of 8\.0 GiB, `

describe('memory that is short is kept in the record, and warned of before the next deploy', () => {
  test.each([
    // The check names the target that is the tightest.
    { who: 'the check of the targets', own: true, said: new RegExp(`^i-[0-9a-f]+: ${measured}`) },
    { who: 'the proof where there is no such check', own: false, said: new RegExp(`^${measured}`) },
  ])(
    'and what is measured is said once, by $who',
    async ({ own, said }) => {
      const cloud = await startCloud({ switches: { modelMemoryFactor: 11 } })
      if (!own) await cloud.project.edit('rampart.yml', / {2}targets:\n(?: {4}.*\n)+/, '')
      const deploy = async (): Promise<readonly Line[]> => {
        const args = ['deploy', '-c', cloud.project.config, '--progress', 'ndjson', '--force']
        const { code, stdout } = await runCli(args, { env: cloud.client({ DOCKER_HOST: 'unix:///nonexistent' }) })
        expect(code).toBe(0)
        const events = stdout.trim().split('\n')
        return events.map((line) => JSON.parse(line) as Line).filter(({ name }) => name === 'memory')
      }
      const warning = { result: 'warn', detail: expect.stringMatching(said) as string }
      expect(await deploy()).toMatchObject([warning])
      const before = {
        result: 'warn',
        detail: expect.stringMatching(/^measured when release 1 was proved: the machine: /) as string,
        remedy: expect.stringContaining('15 % should stay free') as string,
      }
      expect(await deploy()).toMatchObject([before, warning])
    },
    120_000,
  )
})

describe('memory of services of ECS', () => {
  test('that is short is warned of, kept and said before the next deploy; a task that has none left fails', async () => {
    const cloud = await startCloud({ example: 'finbert-rag' })
    const { config } = cloud.project
    await cloud.project.edit('rampart.yml', /^verify:\n[^]*/m, 'verify: { targets: {} }\n')
    const memory = (modelMemoryFactor: number): unknown =>
      Object.assign(cloud.rehearsal.world.state.switches, { modelMemoryFactor })
    const run = async (words: readonly string[], expected: number): Promise<readonly Line[]> => {
      const args = [...words, '-c', config, '--progress', 'ndjson']
      const { code, stdout, stderr } = await runCli(args, { env: cloud.client({ DOCKER_HOST: 'unix:///nonexistent' }) })
      expect({ code, stderr: code === expected ? '' : stderr }).toEqual({ code: expected, stderr: '' })
      const events = stdout.trim().split('\n')
      const lines = events.map((line) => JSON.parse(line) as Partial<Line>)
      return lines
        .filter((line): line is Line => line.name?.startsWith('memory') === true)
        .toSorted((a, b) => a.name.localeCompare(b.name))
    }
    // Held by the models of every task that starts from now on.
    memory(2.5)
    const detail = expect.stringMatching(/^api: 1\.8 GiB of 2\.0 GiB, 1\d % left, reported by CloudWatch$/) as string
    expect(await run(['deploy'], 0)).toMatchObject([
      { name: 'memory:api', result: 'warn', detail },
      { name: 'memory:ui', result: 'ok' },
    ])
    expect(await run(['deploy'], 0)).toMatchObject([
      {
        name: 'memory',
        result: 'warn',
        detail: expect.stringMatching(/release 1 was proved: api: 1\.8 GiB/) as string,
      },
    ])
    // Something keeps what it was asked, until nothing is left.
    memory(3)
    cloud.rehearsal.world.advanceTo(cloud.rehearsal.world.state.now + 120_000)
    expect(await run(['verify', '--only', 'memory:api'], 9)).toMatchObject([
      { name: 'memory:api', result: 'fail', detail: 'api: 2.0 GiB of 2.0 GiB, none left, reported by CloudWatch' },
    ])
  }, 120_000)
})
