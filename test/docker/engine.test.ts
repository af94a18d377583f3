import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDockerEngine } from '../../src/lib/docker/engine.js'
import type { EngineBuildStep } from '../../src/lib/ports/docker-engine.js'
import { packBase } from '../support/docker-base.js'
import { dockerProgram, requires } from '../support/requires.js'

const { describe } = requires('docker')

function contextTar(dockerfile: string): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'rampart-engine-'))
  try {
    writeFileSync(join(directory, 'Dockerfile.base'), dockerfile)
    return execFileSync('tar', ['-C', directory, '-c', '.'])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

describe('a Docker engine', () => {
  const base = `rampart-test/engine:${process.pid}`
  const built: string[] = []
  const engine = createDockerEngine({ environment: process.env, home: homedir() })
  const classic = createDockerEngine({ environment: { ...process.env, DOCKER_BUILDKIT: '0' }, home: homedir() })

  beforeAll(() => {
    execFileSync(dockerProgram, ['import', '-', base], { input: packBase(), stdio: ['pipe', 'ignore', 'inherit'] })
  })

  afterAll(() => {
    execFileSync(dockerProgram, ['rmi', '-f', base, ...built], { stdio: 'ignore' })
  })

  const build = async (one: typeof engine, dockerfile: string, steps: EngineBuildStep[] = []): Promise<string> => {
    const { id } = await one.build(
      {
        context: [contextTar(dockerfile)],
        dockerfile: 'Dockerfile.base',
        args: { WHO: 'world' },
        labels: { 'rampart.test': 'yes' },
        platform: 'linux/amd64',
        noCache: true,
      },
      (step) => steps.push(step),
    )
    built.push(id)
    return id
  }

  test('says what it is', async () => {
    const info = await engine.info()
    expect(info.version).toMatch(/^\d+\./)
    expect(info.platform).toBe('linux/amd64')
    expect(info.memory).toBeGreaterThan(1e8)
  })

  test.each([
    ['BuildKit', () => engine],
    ['the classic builder', () => classic],
  ])('builds with %s, tells the steps, and keeps characters whole', async (_, choose) => {
    const steps: EngineBuildStep[] = []
    const long = '\u00E9\u2764'.repeat(40)
    const id = await build(
      choose(),
      `FROM ${base}\nARG WHO\nRUN echo hello $WHO; echo ${long}\nENV A=b\nUSER 12:34\n`,
      steps,
    )
    const lines = steps.flatMap((step) => (step.kind === 'output' ? [step.line] : []))
    expect(lines).toContain('hello world')
    expect(lines).toContain(long)
    const numbered = steps.flatMap((step) => (step.kind === 'step' && step.number !== undefined ? [step] : []))
    expect(numbered).toContainEqual(
      expect.objectContaining({ state: 'started', instruction: expect.stringMatching(/^RUN echo hello/) }),
    )
    expect(numbered.every(({ number = 0, total = 0 }) => number >= 1 && number <= total)).toBe(true)
    expect(await engine.inspect(id)).toMatchObject({
      id,
      user: '12:34',
      platform: 'linux/amd64',
      labels: { 'rampart.test': 'yes' },
      environment: expect.arrayContaining(['A=b']),
    })
  })

  test.each([
    ['BuildKit', () => engine],
    ['the classic builder', () => classic],
  ])('a failing step of %s carries the last 40 lines of its output', async (_, choose) => {
    const command = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo line $i; done; exit 3'
    await expect(build(choose(), `FROM ${base}\nRUN echo before\nRUN ${command}\n`)).rejects.toMatchObject({
      kind: 'preflight',
      message: expect.stringMatching(/^Dockerfile\.base could not be built at step 3\/[34] RUN i=0;.*3$/),
      problems: Array.from({ length: 40 }, (_each, index) => ({ message: `line ${index + 21}` })),
    })
  })

  test('runs a container without network and with a root that cannot be written', async () => {
    const script =
      'echo out; echo err >&2; id -u; (echo x > /file) 2>/dev/null || echo read-only; ls /sys/class/net; exit 7'
    const run = await engine.run({
      image: base,
      command: ['-c', script],
      entrypoint: ['/bin/sh'],
      user: '1234',
      network: 'none',
      environment: {},
      readOnlyRoot: true,
      timeout: 60_000,
    })
    expect(run).toEqual({
      exitCode: 7,
      stdout: 'out\n1234\nread-only\nlo\n',
      stderr: 'err\n',
      oomKilled: false,
      timedOut: false,
    })
  })

  test('a container that does not end is killed and removed', async () => {
    const request = {
      image: base,
      command: ['-c', 'echo begun; exec sleep 1000'],
      entrypoint: ['/bin/sh'],
      network: 'none',
      environment: {},
    } as const
    expect(await engine.run({ ...request, timeout: 1500 })).toMatchObject({ timedOut: true, stdout: 'begun\n' })
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 500)
    await expect(engine.run({ ...request, timeout: 60_000 }, stop.signal)).rejects.toThrow('enough')
    const left = execFileSync(dockerProgram, ['ps', '-aq', '--filter', `ancestor=${base}`]).toString()
    expect(left).toBe('')
  })

  test('what is not there is undefined, and removing it is nothing', async () => {
    expect(await engine.inspect('rampart-test/none:none')).toBeUndefined()
    await engine.remove('rampart-test/none:none')
    await expect(
      engine.run({ image: 'rampart-test/none:none', command: [], network: 'none', environment: {}, timeout: 1000 }),
    ).rejects.toMatchObject({
      kind: 'preflight',
      message: expect.stringContaining('No such image'),
    })
  })

  test('saves an image as a tar archive', async () => {
    const pieces: Uint8Array[] = []
    for await (const piece of engine.save(base)) pieces.push(piece)
    const names = execFileSync('tar', ['-t'], { input: Buffer.concat(pieces) }).toString()
    expect(names.split('\n')).toContain('manifest.json')
  })
})
