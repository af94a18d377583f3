import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { cp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/lib/config/index.js'
import { bin, cleanEnvironment, root, runCli, type Finished } from '../support/cli.js'
import { startModelHub } from '../support/model-hub.js'
import { temporaryDirectory } from '../support/project.js'
import { requires } from '../support/requires.js'
import { startServe } from '../support/serve.js'
import { readFiles, repositoryPath } from './support.js'

/** No engine, and no credentials of the machine that the tests run on. */
const nowhere = { DOCKER_HOST: 'unix:///nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }

const environment = (extra: Readonly<Record<string, string>> = {}): Record<string, string> =>
  cleanEnvironment({ AWS_REGION: 'us-west-2', ...extra })

/** A copy of a repository in a folder of its own name, so that the name is the same everywhere. */
async function copyOf(name: string, from = repositoryPath(name)): Promise<string> {
  const directory = join(await temporaryDirectory('init'), name)
  await cp(from, directory, { recursive: true, filter: (path) => !path.includes('__pycache__') })
  return directory
}

/** An example as it was before rampart came. */
async function bareExample(name: string): Promise<string> {
  const directory = await copyOf(name, join(root, 'examples', name))
  const ours = globSync('**/{rampart.yml,Dockerfile.base,Dockerfile.app,.dockerignore}', { cwd: directory })
  for (const path of ours) await rm(join(directory, path))
  return directory
}

/** An example whose rampart.yml is lost, and nothing else. */
async function exampleWithPairs(name: string): Promise<string> {
  const directory = await copyOf(name, join(root, 'examples', name))
  await rm(join(directory, 'rampart.yml'))
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

interface Shape {
  readonly name: string
  readonly make: () => Promise<string>
  /** The checks of the doctor that warn of what is wrong with the code itself, which init does not write. */
  readonly warns: readonly string[]
}

/** Repositories that differ in what they have: Dockerfiles or none, one service or two, pip, uv or Pipenv. */
const shapes: readonly Shape[] = [
  { name: 'toxicity-api', make: () => copyOf('toxicity-api'), warns: [] },
  // It loads models, and its only route says that all is well before it has.
  { name: 'news-search', make: () => copyOf('news-search'), warns: ['image-health'] },
  { name: 'claims-desk', make: () => copyOf('claims-desk'), warns: [] },
  { name: 'rampart-ai', make: () => bareExample('rampart-ai'), warns: [] },
  // Its routes stand in a handler of http.server, which init does not read: it knows the one of the HEALTHCHECK.
  { name: 'finbert-rag', make: () => exampleWithPairs('finbert-rag'), warns: ['image-health'] },
  { name: 'rampart-ai-with-pairs', make: () => exampleWithPairs('rampart-ai'), warns: [] },
]

/** What `rampart doctor` says of that directory: the exit code, and the checks that warn or fail. */
async function doctorOf(
  cwd: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly troubles: readonly string[]; readonly asked: readonly string[] }> {
  const { code, stdout } = await runCli(['doctor', '--json', ...args], { cwd, env })
  const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; result: string }[] }
  const named = (...results: readonly string[]): readonly string[] =>
    checks.filter(({ result }) => results.includes(result)).map(({ name }) => name)
  return { code, troubles: named('warn', 'fail'), asked: named('ok', 'warn', 'fail') }
}

describe('rampart init --yes writes files that doctor accepts and a rehearsal deploys', () => {
  test.each(shapes)('$name', { timeout: 120_000 }, async ({ name, make, warns }) => {
    const directory = await make()
    const before = readFiles(directory)
    const { code, stdout, stderr } = await init(directory, ['--yes', '--offline'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    await expectGolden(before, directory, name)
    await expect(`${stderr}\n${stdout}`).toMatchFileSnapshot(`../golden/init/${name}.output.txt`)

    const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
    expect(config.services.length).toBeGreaterThan(0)
    expect(config.services.every((service) => service.base !== undefined && service.health !== undefined)).toBe(true)

    // On this machine alone, and in the cloud that it will be deployed to.
    const alone = environment(nowhere)
    expect(await doctorOf(directory, alone, '--offline')).toMatchObject({ code: 0, troubles: warns })
    const cloud = await startServe(['-c', config.path, '--speed', '2400'])
    const there = await doctorOf(directory, { ...cloud.client(), ...nowhere })
    expect(there).toMatchObject({ code: 0, troubles: warns })
    expect(there.asked).toEqual(expect.arrayContaining(['base', 'registry-push', 'user-data', 'permissions']))

    const rehearsed = await runCli(['rehearse', '-c', 'rampart.yml', '--speed', '2400'], {
      cwd: directory,
      env: environment(),
    })
    expect(rehearsed.stderr + rehearsed.stdout).toContain('serves on 4 of 4 targets')
    expect(rehearsed.code).toBe(0)
  })

  test('--target ecs writes a cluster and its services, which a rehearsal proves on all tasks', async () => {
    const directory = await copyOf('news-search')
    const { code, stderr } = await init(directory, ['--yes', '--offline', '--target', 'ecs'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
    const places = config.services.map(({ name }) => ({ name, service: `${config.app}-${name}` }))
    expect(config.environment.target).toEqual({
      kind: 'ecs',
      cluster: 'news-search-production',
      services: places,
    })
    expect(places.map(({ service }) => service).toSorted()).toEqual(['news-search-api', 'news-search-ui'])

    const alone = await doctorOf(directory, environment(nowhere), '--offline')
    expect(alone).toMatchObject({ code: 0, troubles: ['image-health'] })
    const cloud = await startServe(['-c', config.path, '--speed', '2400'])
    const there = await doctorOf(directory, { ...cloud.client(), ...nowhere })
    expect(there).toMatchObject({ code: 0, troubles: ['image-health'] })
    expect(there.asked).toEqual(expect.arrayContaining(['base', 'registry-push', 'ledger']))
    const rehearsed = await runCli(['rehearse', '-c', 'rampart.yml', '--speed', '2400'], {
      cwd: directory,
      env: environment(),
    })
    expect(rehearsed.stderr + rehearsed.stdout).toMatch(/serves on (\d) of \1 targets/)
    expect(rehearsed.code).toBe(0)
  }, 120_000)

  test('the names of cluster and services are taken from the flags', async () => {
    const directory = await exampleWithPairs('finbert-rag')
    const names = ['--cluster', 'shop', '--ecs-service', 'api=search', '--ecs-service', 'ui=pages']
    expect((await init(directory, ['--yes', '--offline', ...names])).code).toBe(0)
    const config = await loadConfig({ path: join(directory, 'rampart.yml'), env: {} })
    expect(config.environment.target).toMatchObject({
      kind: 'ecs',
      cluster: 'shop',
      services: expect.arrayContaining([
        { name: 'api', service: 'search' },
        { name: 'ui', service: 'pages' },
      ]),
    })
  })

  test('a pair that is in order stays, and its names, files and models go into rampart.yml', async () => {
    const directory = await exampleWithPairs('rampart-ai')
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
    await writeFile(join(directory, 'rampart.yml'), 'app: ours\n')
    const { code, stdout } = await init(directory, ['--yes', '--offline'])
    expect(code).toBe(0)
    expect(await readFile(join(directory, 'rampart.yml'), 'utf8')).toBe('app: ours\n')
    // It says more than init can know: nothing invites to lose it.
    expect(stdout).toMatch(/kept +rampart\.yml/)
    expect(stdout).not.toContain('-app: ours')
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
    const before = await readdir(directory)
    const outside = join(await temporaryDirectory('outside'), 'file')
    await writeFile(outside, 'precious\n')
    await symlink(outside, join(directory, 'Dockerfile.app'))
    const { code, stderr } = await init(directory, ['--yes', '--force', '--offline'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a regular file')])
    // Nothing else was written either, although it comes before in the list.
    expect((await readdir(directory)).toSorted()).toEqual([...before, 'Dockerfile.app'].toSorted())
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
    [['--cluster', 'a/b'], /a\/b is not the name of an ECS cluster/],
    [['--ecs-service', 'api'], /api is not NAME=SERVICE/],
    [['--ecs-service', 'nobody=x'], /nobody is not a service of this app/],
    [['--target', 'ecs', '--group', 'x'], /An Auto Scaling group and ECS are both named/],
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
    ...args: readonly string[]
  ): Promise<{ code: number | null; text: string }> {
    const env = environment({ NO_COLOR: '1', PATH: process.env['PATH'] ?? '' })
    const words = [program, JSON.stringify(answers), process.execPath, bin, 'init', '--offline', ...args]
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
      ['Where does production run?', '\r'],
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

  test('asks for the cluster and its services, where it runs on ECS', async () => {
    const directory = await exampleWithPairs('finbert-rag')
    const { code, text } = await answer(directory, [
      ['What is the app called?', '\r'],
      ['Which AWS region', '\r'],
      ['Where does production run?', '\u001b[B\r'],
      ['Which ECS cluster is production?', '-eu\r'],
      ['Which service of it runs api?', '-v2\r'],
      ['Which service of it runs ui?', '\r'],
      ['Write ', '\r'],
    ])
    expect({ code, text: code === 0 ? '' : text }).toEqual({ code: 0, text: '' })
    const config = await readFile(join(directory, 'rampart.yml'), 'utf8')
    expect(config).toContain('cluster: finbert-rag-production-eu\n')
    expect(config).toMatch(/api: \{ service: finbert-rag-api-v2 \}\n\s+ui: \{ service: finbert-rag-ui \}/)
  })

  const app = ['What is the app called?', '\r'] as const
  const region = ['Which AWS region', '\r'] as const
  const where = ['Where does production run?', '\r'] as const
  const group = ['Which Auto Scaling group', '\r'] as const
  const fate = ['What shall become of Dockerfile.app?', '\u001b[B\r'] as const
  const agree = ['Write ', '\r'] as const
  const left = /nothing was changed/

  test.each([
    ['Ctrl-C at the first question', [[app[0], '\u0003']], 130, left],
    ['Ctrl-C after some answers', [app, region, where, [group[0], '\u0003']], 130, left],
    ['Ctrl-C where a file is there already', [app, region, where, group, [fate[0], '\u0003']], 130, left],
    ['Ctrl-C before it is written', [app, region, where, group, fate, [agree[0], '\u0003']], 130, left],
    ['Escape', [app, region, where, group, fate, [agree[0], '\u001b']], 130, left],
    ['SIGINT from outside', [app, [region[0], 'SIGINT']], 130, left],
    ['SIGTERM from outside', [app, [region[0], 'SIGTERM']], 143, left],
    ['SIGHUP where a file is there already', [app, region, where, group, [fate[0], 'SIGHUP']], 143, left],
    ['no', [app, region, where, group, fate, [agree[0], 'n']], 0, /would create +rampart\.yml/],
  ] as const)('%s writes nothing, and leaves the terminal as it was', async (_name, answers, expected, words) => {
    const directory = await copyOf('claims-desk')
    await writeFile(join(directory, 'Dockerfile.app'), 'FROM mine\nRUN true\n')
    const before = readFiles(directory)
    const { code, text } = await answer(directory, answers)
    expect(code).toBe(expected)
    expect(readFiles(directory)).toEqual(before)
    // Whatever hid the cursor has shown it again.
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'))
    expect(text).toMatch(words)
  })

  test('only what was agreed to is replaced, also with --force', async () => {
    const directory = await copyOf('claims-desk')
    await writeFile(join(directory, 'Dockerfile.app'), 'FROM mine\nRUN true\n')
    const before = readFiles(directory)
    const refused = await answer(directory, [app, region, where, group, [agree[0], 'n']], '--force')
    expect([refused.code, readFiles(directory)]).toEqual([0, before])
    const agreed = await answer(directory, [app, region, where, group, fate, agree])
    expect(agreed.code).toBe(0)
    expect(await readFile(join(directory, 'Dockerfile.app'), 'utf8')).toContain('FROM claims-desk-base')
  })
})
