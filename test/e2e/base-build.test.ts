import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startDockerRegistry } from '../oci/docker-registry.js'
import { baseModel, modelSeed } from '../support/base-model.js'
import { cleanEnvironment, runCli, type Finished } from '../support/cli.js'
import { packBase } from '../support/docker-base.js'
import { forgetImages } from '../support/docker.js'
import { startModelHub, type HubModel } from '../support/model-hub.js'
import { temporaryDirectory } from '../support/project.js'
import { dockerProgram, requires } from '../support/requires.js'

const seed = `rampart-test/base-build:${process.pid}`
const { id, revision } = baseModel

const dockerfileBase = [
  `FROM ${seed}`,
  'ENV HF_HOME=/opt/hf',
  'COPY requirements.txt /requirements.txt',
  'RUN sh /bin/fetch /opt/hf/hub',
  '',
].join('\n')

const dockerfileApp = (base: string): string =>
  [
    `FROM ${base}`,
    'COPY --chown=app message.txt /app/',
    'USER app',
    'CMD ["/bin/sh", "-c", "id -u; cat /app/message.txt"]',
    '',
  ].join('\n')

interface Project {
  readonly host: string
  readonly directory: string
  readonly env: Record<string, string>
  readonly write: (file: string, text: string) => Promise<void>
  readonly rampart: (...args: string[]) => Promise<Finished & { readonly json: Result }>
}

interface Result {
  readonly outcome: string
  readonly exitCode: number
  readonly message: string
  readonly problems: readonly string[]
  readonly next: readonly string[]
  readonly bases: readonly {
    readonly reference: string
    readonly reused: boolean
    readonly uploadedBytes: number | null
    readonly proof: { readonly proved: boolean; readonly user: string } | null
  }[]
}

async function project(
  more: readonly string[] = [],
  models: readonly string[] = [`{ id: ${id}, revision: ${revision} }`],
): Promise<Project> {
  const registry = await startDockerRegistry()
  onTestFinished(() => registry.stop())
  const host = registry.host.replace('127.0.0.1', 'localhost')
  const directory = await temporaryDirectory('base')
  const env = cleanEnvironment()
  forgetImages(host, env)
  forgetImages('rampart-base', env)
  await mkdir(join(directory, 'web'))
  const write = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text)
  await write('web/Dockerfile.base', dockerfileBase)
  await write('web/Dockerfile.app', dockerfileApp('probe-base'))
  await write('web/requirements.txt', 'torch==2.9.0\n')
  await write('web/message.txt', 'hello\n')
  await write(
    'rampart.yml',
    [
      'app: probe',
      'services:',
      '  web:',
      '    context: web',
      '    repository: probe-web',
      '    tags: [live]',
      '    base:',
      '      repository: probe-base',
      '      inputs: [requirements.txt]',
      `      models: [${models.join(', ')}]`,
      ...more,
      'environments:',
      '  test:',
      '    region: us-west-2',
      `    registry: ${host}`,
      '    target: { kind: asg, group: none }',
      '',
    ].join('\n'),
  )
  const rampart: Project['rampart'] = async (...args) => {
    const finished = await runCli([...args, '--json', '--progress', 'plain'], { cwd: directory, env })
    return { ...finished, json: JSON.parse(finished.stdout) as Result }
  }
  return { host, directory, env, write, rampart }
}

const docker = (env: Record<string, string>, ...args: readonly string[]): string =>
  execFileSync(dockerProgram, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

requires('docker', 'docker-registry', 'tar').describe('a base that is built, proved and pushed', () => {
  beforeAll(() => {
    execFileSync(dockerProgram, ['import', '-', seed], {
      input: packBase(modelSeed()),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  })

  afterAll(() => {
    execFileSync(dockerProgram, ['rmi', '-f', seed], { stdio: 'ignore' })
  })

  test('carries an app image that runs; built again it is found in a second, without an engine', async () => {
    const { host, env, rampart, write } = await project([
      '      prove: ["test -r /opt/hf/hub"]'.replace('test -r', 'ls'),
    ])
    const built = await rampart('base', 'build')
    expect(built.stderr).toContain('67 %, step 3 of 3: RUN sh /bin/fetch /opt/hf/hub')
    expect(built.json).toMatchObject({ outcome: 'done', exitCode: 0 })
    expect(built.json.bases).toEqual([
      expect.objectContaining({
        reused: false,
        proof: expect.objectContaining({ proved: true, user: 'app', uid: 1000 }),
      }),
    ])
    expect(built.json.message).toMatch(/^The base of web is localhost:\d+\/probe-base@sha256:/)
    const app = await rampart('app', 'build')
    expect(app.json.outcome).toBe('done')
    expect(docker(env, 'run', '--rm', `${host}/probe-web:live`)).toBe('1000\nhello')
    const labels = JSON.parse(
      docker(env, 'inspect', '-f', '{{json .Config.Labels}}', `${host}/probe-web:live`),
    ) as Record<string, string>
    expect(JSON.parse(labels['rampart.models'] ?? '')).toEqual([{ id, revision, bytes: expect.any(Number) }])
    expect(JSON.parse(labels['rampart.proof'] ?? '')).toMatchObject({
      proved: true,
      user: 'app',
      models: [{ id, place: '/opt/hf/hub' }],
      commands: 1,
    })

    env['DOCKER_HOST'] = 'unix:///nowhere/docker.sock'
    const again = await rampart('base', 'build')
    delete env['DOCKER_HOST']
    expect(again.json.bases[0]).toMatchObject({
      reused: true,
      reference: built.json.bases[0]?.reference,
      uploadedBytes: null,
    })

    const fresh = await rampart('base', 'status', '--check')
    expect(fresh.code).toBe(0)
    expect(fresh.json.bases[0]).toMatchObject({
      state: 'fresh',
      changes: [],
      built: true,
      models: [{ id, revision }],
      usedBy: [{ name: 'probe-web:live' }],
      notUsedBy: [],
    })

    // Only the layers from the changed file on are sent.
    await write('web/requirements.txt', 'torch==2.9.1\n')
    const stale = await rampart('base', 'status', '--check')
    expect(stale.code).toBe(3)
    expect(stale.json.bases[0]).toMatchObject({
      state: 'stale',
      changes: [{ part: 'file requirements.txt', change: 'changed' }],
      built: false,
    })
    const changed = await rampart('base', 'build')
    expect(changed.json.bases[0]?.reused).toBe(false)
    expect(changed.json.bases[0]?.uploadedBytes).toBeLessThan(200_000)
    expect((await rampart('base', 'status')).json.bases[0]).toMatchObject({
      state: 'fresh',
      usedBy: [],
      notUsedBy: [{ name: 'probe-web:live' }],
    })
  })

  test('brings its models itself: a changed file sends no byte of a model, another model sends that one alone', async () => {
    const weights = 3_000_000
    const hubModels = [1, 2].map((number): HubModel => ({
      id: `acme/provided-${number}`,
      commit: `a${number}`.repeat(20),
      files: [
        { path: 'config.json', content: `{"number":${number}}` },
        { path: 'pytorch_model.bin', content: { size: weights, seed: number }, lfs: true },
      ],
    }))
    const hub = await startModelHub(hubModels)
    onTestFinished(() => hub.stop())
    const models = hubModels.map((model) => `{ id: ${model.id}, revision: ${model.commit}, provide: rampart }`)
    const { env, host, rampart, write, directory } = await project([], models.slice(0, 1))
    env['HF_ENDPOINT'] = hub.url
    await write('web/Dockerfile.base', dockerfileBase.replace('RUN sh /bin/fetch /opt/hf/hub\n', ''))
    const first = await rampart('base', 'build')
    expect(first.json.problems).toEqual([])
    expect(first.json.bases[0]?.proof).toMatchObject({
      proved: true,
      models: [{ id: 'acme/provided-1', place: '/opt/hf/hub', files: 2 }],
    })
    expect(first.json.bases[0]?.uploadedBytes).toBeGreaterThan(weights)

    await write('web/requirements.txt', 'torch==2.9.1\n')
    const changed = await rampart('base', 'build')
    expect(changed.json.bases[0]?.uploadedBytes).toBeLessThan(10_000)

    const file = join(directory, 'rampart.yml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace(models[0] ?? '', models.join(', ')))
    const added = await rampart('base', 'build')
    expect(added.json.bases[0]?.proof).toMatchObject({ proved: true })
    const sent = added.json.bases[0]?.uploadedBytes ?? 0
    expect(sent).toBeGreaterThan(weights)
    expect(sent).toBeLessThan(1.1 * weights)

    // What was proved is what runs: the application's user reads the models in the image of the registry.
    expect((await rampart('app', 'build')).json.outcome).toBe('done')
    const read = 'id -u; cat /opt/hf/hub/models--acme--provided-*/snapshots/*/config.json'
    expect(docker(env, 'run', '--rm', `${host}/probe-web:live`, '/bin/sh', '-c', read)).toBe(
      '1000\n{"number":1}{"number":2}',
    )
  }, 60_000)

  test('is the same to Docker when Docker pushes it', async () => {
    const { host, env, rampart } = await project()
    const built = await rampart('base', 'build', '--via', 'docker')
    expect(built.json.outcome).toBe('done')
    const { reference = '' } = built.json.bases[0] ?? {}
    docker(env, 'pull', '-q', reference)
    const labels = JSON.parse(docker(env, 'inspect', '-f', '{{json .Config.Labels}}', reference)) as Record<
      string,
      string
    >
    expect(Object.keys(labels).sort()).toEqual([
      'rampart.base.fingerprint',
      'rampart.base.inputs',
      'rampart.models',
      'rampart.proof',
    ])
    docker(env, 'rmi', reference)
    expect(docker(env, 'images', '-q', `${host}/probe-base`)).toBe('')
  })

  test.each([
    [
      'a download that failed behind || echo',
      'RUN sh /bin/fetch /opt/hf/hub',
      'RUN false || echo skipped',
      /acme\/tiny-model: is not in \/opt\/hf\/hub/,
    ],
    [
      'models that belong to root alone',
      'RUN sh /bin/fetch /opt/hf/hub',
      'RUN sh /bin/fetch /opt/hf/hub && chmod 0700 /opt/hf',
      /which app may not read/,
    ],
    [
      'a truncated shard',
      'RUN sh /bin/fetch /opt/hf/hub',
      'RUN sh /bin/fetch /opt/hf/hub && cd /opt/hf/hub/models--acme--tiny-model/blobs && for f in *; do head -c 9000 $f > /t; cat /t > $f; done',
      /is not what the hub has/,
    ],
  ])('is refused with %s, and nothing is pushed', async (_, from, to, problem) => {
    const { host, rampart, write } = await project()
    await write('web/Dockerfile.base', dockerfileBase.replace(from, to))
    const refused = await rampart('base', 'build')
    expect(refused.code).toBe(9)
    expect(refused.json.outcome).toBe('verification')
    expect(refused.json.message).toBe('The base of web is not proved; it was not pushed.')
    expect(refused.json.problems.join('\n')).toMatch(problem)
    expect(refused.json.next[0]).toContain(id)
    const response = await fetch(`http://${host}/v2/probe-base/tags/list`)
    expect(response.status).toBe(404)
  })

  test('shows the proof as a table', async () => {
    const { directory, env } = await project()
    const finished = await runCli(['base', 'build', '--progress', 'plain'], { cwd: directory, env })
    expect(finished.code).toBe(0)
    expect(finished.stdout).toMatch(/^Outcome +✓ done: The base of web is localhost/m)
    expect(finished.stdout).toMatch(
      /^Proof of web:\n {2}model +expected +found +bytes +where\n {2}acme\/tiny-model +0123456789ab +0123456789ab +[\d.]+ kB +\/opt\/hf\/hub$/m,
    )
  })

  test('says what failed in the build, and what is not sent', async () => {
    const { rampart, write } = await project()
    await write('web/Dockerfile.base', `FROM ${seed}\nRUN echo one && echo two && false\n`)
    const failed = await rampart('base', 'build')
    expect(failed.code).toBe(3)
    expect(failed.json.message).toMatch(/^web\/Dockerfile\.base could not be built at step 2\/2 RUN echo one/)
    expect(failed.json.problems).toEqual(['one', 'two'])
    await write('web/Dockerfile.base', `FROM ${seed}\nCOPY secret.txt /\n`)
    await write('web/secret.txt', 'x')
    const unnamed = await rampart('base', 'build')
    expect(unnamed.code).toBe(3)
    expect(unnamed.json.next.join('\n')).toContain('services.web.base.inputs')
  })

  test('needs an engine that answers', async () => {
    const { directory, env } = await project()
    const socket = join(directory, 'no.sock')
    const finished = await runCli(['base', 'build', '--progress', 'plain'], {
      cwd: directory,
      env: { ...env, DOCKER_HOST: `unix://${socket}` },
    })
    expect(finished.code).toBe(7)
    expect(finished.stderr).toContain(`No Docker engine answers at ${socket}`)
    expect(finished.stderr).toContain('https://docs.docker.com/engine/install/')
  })
})
