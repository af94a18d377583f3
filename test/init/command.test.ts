import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { bin, cleanEnvironment, root, runCli, type Finished } from '../support/cli.js'
import { startModelHub } from '../support/model-hub.js'
import { temporaryDirectory } from '../support/project.js'
import { requires } from '../support/requires.js'
import { readFiles, repositories, repositoryPath } from './support.js'

const environment = (extra: Readonly<Record<string, string>> = {}): Record<string, string> =>
  cleanEnvironment({ AWS_REGION: 'us-west-2', ...extra })

/** A copy of a repository in a folder of its own name, so that the name is the same everywhere. */
async function copyOf(name: string, from = repositoryPath(name)): Promise<string> {
  const directory = join(await temporaryDirectory('init'), name)
  await cp(from, directory, { recursive: true, filter: (path) => !path.includes('__pycache__') })
  return directory
}

/** The example as it was before rampart came. */
async function bareExample(): Promise<string> {
  const directory = await copyOf('rampart-ai', join(root, 'examples/rampart-ai'))
  const ours = [
    'rampart.yml',
    ...['backend', 'frontend'].flatMap((one) =>
      ['Dockerfile.base', 'Dockerfile.app', '.dockerignore'].map((file) => join(one, file)),
    ),
  ]
  for (const path of ours) await rm(join(directory, path))
  return directory
}

const init = (cwd: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<Finished> =>
  runCli(['init', ...args], { cwd, env: environment(extra) })

async function expectGolden(before: Readonly<Record<string, string>>, directory: string, name: string): Promise<void> {
  const after = readFiles(directory)
  const written = Object.keys(after).filter((path) => after[path] !== before[path])
  const text = written
    .sort()
    .map((path) => `==== ${path}\n${after[path] ?? ''}`)
    .join('\n')
  await expect(text).toMatchFileSnapshot(`../golden/init/${name}.txt`)
}

describe('rampart init --yes writes files that load and deploy', () => {
  test.each([...repositories, 'rampart-ai'])('%s', { timeout: 120_000 }, async (name) => {
    const directory = name === 'rampart-ai' ? await bareExample() : await copyOf(name)
    const before = readFiles(directory)
    const { code, stdout, stderr } = await init(directory, ['--yes', '--offline'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    await expectGolden(before, directory, name)
    await expect(`${stderr}\n${stdout}`).toMatchFileSnapshot(`../golden/init/${name}.output.txt`)

    const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
    expect(config.services.length).toBeGreaterThan(0)
    expect(config.services.every((service) => service.base !== undefined && service.health !== undefined)).toBe(true)

    const rehearsed = await runCli(['rehearse', '-c', 'rampart.yml', '--speed', '2400'], {
      cwd: directory,
      env: environment(),
    })
    expect(rehearsed.stderr + rehearsed.stdout).toContain('serves on 4 of 4 targets')
    expect(rehearsed.code).toBe(0)

    const doctor = await runCli(['doctor', '--offline', '--json'], { cwd: directory, env: environment() })
    const { checks } = JSON.parse(doctor.stdout) as { checks: readonly { name: string; result: string }[] }
    const files = checks.filter((check) => !/node|docker|memory|disk|tool/.test(check.name))
    expect(files.filter(({ result }) => result === 'fail' || result === 'warn')).toEqual([])
  })

  test('a pair that is in order stays, and its names, files and models go into rampart.yml', async () => {
    const directory = await copyOf('rampart-ai', join(root, 'examples/rampart-ai'))
    await rm(join(directory, 'rampart.yml'))
    const { code, stdout } = await init(directory, ['--yes', '--offline'])
    expect(code).toBe(0)
    expect(stdout).not.toContain('Dockerfile')
    const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
    const original = await loadConfig({ path: join(root, 'examples/rampart-ai/rampart.yml'), env: {} })
    const facts = ({ services }: typeof config): unknown =>
      services.map(({ name, base, health }) => ({ name, repository: base?.repository, models: base?.models, health }))
    expect(facts(config)).toEqual(facts(original))
  })
})

describe('consent', () => {
  const dockerfile = 'FROM python:3.12\nCOPY . .\nRUN chown -R app /app\n'

  async function withOwnFiles(): Promise<string> {
    const directory = await copyOf('toxicity-api')
    await writeFile(join(directory, 'Dockerfile.app'), dockerfile)
    await writeFile(join(directory, 'Makefile'), 'all:\n\ttrue\n')
    return directory
  }

  test('--yes keeps what is there, shows the difference, and puts the targets beside the Makefile', async () => {
    const directory = await withOwnFiles()
    const { code, stdout } = await init(directory, ['--yes', '--offline'])
    expect(code).toBe(0)
    expect(await readFile(join(directory, 'Dockerfile.app'), 'utf8')).toBe(dockerfile)
    expect(await readFile(join(directory, 'Makefile'), 'utf8')).toBe('all:\n\ttrue\n')
    expect(await readFile(join(directory, 'rampart.mk'), 'utf8')).toContain('rampart-deploy:')
    expect(stdout).toMatch(/kept +Dockerfile\.app/)
    expect(stdout).toContain('-RUN chown -R app /app')
    expect(stdout).toContain('include rampart.mk')
  })

  test('--force replaces, and a second run changes nothing', async () => {
    const directory = await withOwnFiles()
    expect((await init(directory, ['--yes', '--force', '--offline'])).code).toBe(0)
    expect(await readFile(join(directory, 'Dockerfile.app'), 'utf8')).toContain('COPY --chown=')
    const before = readFiles(directory)
    const { stdout } = await init(directory, ['--yes', '--force', '--offline', '--json'])
    const { files } = JSON.parse(stdout) as { files: readonly { path: string; action: string }[] }
    const changed = files.filter(({ action }) => action !== 'unchanged').map(({ path }) => path)
    expect(changed.filter((path) => path !== 'rampart.yml')).toEqual([])
    const after = readFiles(directory)
    expect({ ...after, 'rampart.yml': '' }).toEqual({ ...before, 'rampart.yml': '' })
  })

  test('--dry-run writes nothing and shows everything', async () => {
    const directory = await copyOf('claims-desk')
    const before = await readdir(directory)
    const { code, stdout } = await init(directory, ['--dry-run', '--offline'])
    expect(code).toBe(0)
    expect(await readdir(directory)).toEqual(before)
    for (const path of ['rampart.yml', 'Dockerfile.base', 'Dockerfile.app', '.dockerignore', 'Makefile']) {
      expect(stdout).toContain(`--- ${path}\n`)
      expect(stdout).toMatch(new RegExp(`would create +${path.replaceAll('.', '\\.')}`))
    }
  })

  test('a link is never written through', async () => {
    const directory = await copyOf('claims-desk')
    const outside = join(await temporaryDirectory('outside'), 'file')
    await writeFile(outside, 'precious\n')
    await symlink(outside, join(directory, 'Dockerfile.app'))
    const { code, stderr } = await init(directory, ['--yes', '--force', '--offline'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a regular file')])
    expect(await readFile(outside, 'utf8')).toBe('precious\n')
  })

  test('nobody to answer is a usage error, and nothing is written', async () => {
    const directory = await copyOf('claims-desk')
    const before = await readdir(directory)
    const { code, stderr } = await init(directory, [])
    expect([code, stderr]).toEqual([2, expect.stringContaining('rampart init --yes')])
    expect(await readdir(directory)).toEqual(before)
  })

  test.each([
    [['--region', 'nowhere'], /nowhere is not an AWS region/],
    [['--group', 'a:b'], /a:b is not the name of an Auto Scaling group/],
    [['--env', 'Prod'], /Prod is not the name of an environment/],
    [['--config', 'other.yml'], /init writes rampart\.yml/],
    [['no-such-directory'], /is not a directory/],
  ])('%j is a usage error', async (args, words) => {
    const directory = await copyOf('claims-desk')
    const { code, stderr } = await init(directory, ['--yes', '--offline', ...args])
    expect([code, stderr]).toEqual([2, expect.stringMatching(words)])
  })

  test('an empty folder is a usage error', async () => {
    const directory = join(await temporaryDirectory('init'), 'empty')
    await mkdir(directory)
    const { code, stderr } = await init(directory, ['--yes', '--offline'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no service here')])
  })
})

describe('what is asked of the hub', () => {
  const commit = 'ab'.repeat(20)

  test('commits of models that the code leaves open; one that the hub does not know stays open', async () => {
    const hub = await startModelHub([
      {
        id: 'unitary/toxic-bert',
        commit,
        refs: ['main'],
        files: [{ path: 'model.safetensors', content: 'x', lfs: true }],
      },
    ])
    onTestFinished(() => hub.stop())
    const directory = await copyOf('toxicity-api')
    const { code, stdout } = await init(directory, ['--yes', '--json'], {
      HF_ENDPOINT: hub.url,
      HF_TOKEN: 'hf_secret_of_a_test',
    })
    expect(code).toBe(0)
    expect(stdout).not.toContain('hf_secret_of_a_test')
    const { services } = JSON.parse(stdout) as {
      services: readonly { models: readonly { id: string; revision?: string }[] }[]
    }
    const revisions = services.flatMap(({ models }) => models.map(({ id, revision }) => [id, revision]))
    expect(revisions).toContainEqual(['unitary/toxic-bert', commit])
    expect(revisions).toContainEqual(['knowledgator/gliner-pii-edge-v1.0', undefined])
    const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
    expect(config.services[0]?.base?.models.map(({ id, revision }) => [id, revision])).toEqual([
      ['unitary/toxic-bert', commit],
    ])
  })

  test('nothing with --offline, nor with HF_HUB_OFFLINE', async () => {
    const hub = await startModelHub([])
    onTestFinished(() => hub.stop())
    const directory = await copyOf('toxicity-api')
    const [flag, variable] = await Promise.all([
      init(directory, ['--dry-run', '--offline'], { HF_ENDPOINT: hub.url }),
      init(directory, ['--dry-run'], { HF_ENDPOINT: hub.url, HF_HUB_OFFLINE: '1' }),
    ])
    expect([flag.code, variable.code, hub.requests.length]).toEqual([0, 0, 0])
  })
})

requires('python3').describe('on a terminal', () => {
  const program = fileURLToPath(new URL('answering-terminal.py', import.meta.url))

  function answer(
    cwd: string,
    answers: readonly (readonly [string, string])[],
  ): Promise<{ code: number | null; text: string }> {
    const env = environment({ NO_COLOR: '1', PATH: process.env['PATH'] ?? '' })
    const words = [program, JSON.stringify(answers), process.execPath, bin, 'init', '--offline']
    const child = spawn('python3', words, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    return new Promise((resolve) => {
      child.on('close', (code) => resolve({ code, text }))
    })
  }

  test('asks, shows what differs, and writes what was agreed to', async () => {
    const directory = await copyOf('claims-desk')
    await writeFile(join(directory, 'Dockerfile.app'), 'FROM mine\nRUN true\n')
    await writeFile(join(directory, '.dockerignore'), 'secret\n')
    const { code, text } = await answer(directory, [
      ['What is the app called?', '-2\r'],
      ['Which AWS region', '\r'],
      ['Which Auto Scaling group', '\r'],
      ['What shall become of Dockerfile.app?', '\r'],
      ['What shall become of .dockerignore?', '\u001b[B\r'],
      ['Write ', '\r'],
    ])
    expect({ code, text: code === 0 ? '' : text }).toEqual({ code: 0, text: '' })
    expect(text).toContain('-RUN true')
    const config = await readFile(join(directory, 'rampart.yml'), 'utf8')
    expect(config).toContain('app: claims-desk-2\n')
    expect(config).toContain('group: claims-desk-2-production-asg')
    expect(await readFile(join(directory, 'Dockerfile.app'), 'utf8')).toBe('FROM mine\nRUN true\n')
    expect(await readFile(join(directory, '.dockerignore'), 'utf8')).toBe('secret\n.git\n.env\n**/__pycache__\n')
  })

  test.each([
    ['Ctrl-C', [['What is the app called?', '\u0003']], 130],
    [
      'no',
      [
        ['What is the app called?', '\r'],
        ['Which AWS region', '\r'],
        ['Which Auto Scaling group', '\r'],
        ['Write ', 'n'],
      ],
      0,
    ],
  ] as const)('%s writes nothing', async (_name, answers, expected) => {
    const directory = await copyOf('claims-desk')
    const before = await readdir(directory)
    const { code } = await answer(directory, answers)
    expect(code).toBe(expected)
    expect(await readdir(directory)).toEqual(before)
  })
})
