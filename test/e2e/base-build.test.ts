import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { baseModel, modelSeed } from '../support/base-model.js'
import { baseProject, docker, type BaseBuildResult, type BaseProject } from '../support/base-project.js'
import { runCli } from '../support/cli.js'
import { packBase } from '../support/docker-base.js'
import { forgetLabelled, testLabel } from '../support/docker.js'
import { startModelHub, type HubModel } from '../support/model-hub.js'
import { startCloud } from '../support/rehearsal.js'
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

const project = (
  more: readonly string[] = [],
  models = [`{ id: ${id}, revision: ${revision} }`],
): Promise<BaseProject> => baseProject({ dockerfileBase, dockerfileApp, models, more })

// Each runs several builds of the engine one after the other.
vi.setConfig({ testTimeout: 180_000 })

requires('docker', 'docker-registry', 'tar').describe('a base that is built, proved and pushed', () => {
  beforeAll(() => {
    execFileSync(dockerProgram, ['import', '--change', `LABEL ${testLabel}`, '-', seed], {
      input: packBase(modelSeed()),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  })

  afterAll(forgetLabelled)

  test('carries an app image that runs; built again it is found in a second, without an engine', async () => {
    const { host, env, rampart, write, repository } = await project(['      prove: ["ls /opt/hf/hub"]'])
    const built = await rampart('base', 'build')
    expect(built.stderr).toContain('67 %, step 3 of 3: RUN sh /bin/fetch /opt/hf/hub')
    expect(built.json).toMatchObject({ outcome: 'done', exitCode: 0 })
    expect(built.json.bases).toEqual([
      expect.objectContaining({
        reused: false,
        proof: expect.objectContaining({ proved: true, user: 'app', uid: 1000 }),
      }),
    ])
    expect(built.json.message).toMatch(/^The base of web is localhost:\d+\/probe-[\d-]+\/base@sha256:/)
    const app = await rampart('app', 'build')
    expect(app.json.outcome).toBe('done')
    expect(await docker(env, 'run', '--rm', `${host}/${repository}:live`)).toBe('1000\nhello')
    const labels = JSON.parse(
      await docker(env, 'inspect', '-f', '{{json .Config.Labels}}', `${host}/${repository}:live`),
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
      usedBy: [{ name: `${repository}:live` }],
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
      notUsedBy: [{ name: `${repository}:live` }],
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
    const { env, host, proxy, rampart, write, configure, repository, baseLayers } = await project(
      [],
      models.slice(0, 1),
    )
    env['HF_ENDPOINT'] = hub.url
    await write('web/Dockerfile.base', dockerfileBase.replace('RUN sh /bin/fetch /opt/hf/hub\n', ''))
    /** Builds, and tells what the registry was sent of the base's layers, and of everything else. */
    const build = async () => {
      proxy.takeBlobs()
      const { json } = await rampart('base', 'build')
      expect(json.problems).toEqual([])
      const layers = await baseLayers()
      const sent = new Map(proxy.takeBlobs())
      const sentLayers = layers.filter(({ digest }) => sent.has(digest))
      for (const { digest, size } of layers) {
        expect([undefined, size]).toContain(sent.get(digest))
        sent.delete(digest)
      }
      expect(json.bases[0]?.uploadedBytes).toBe(sentLayers.reduce((sum, { size }) => sum + size, 0))
      return { json, layers, sent: sentLayers, others: [...sent.values()] }
    }
    const first = await build()
    expect(first.json.bases[0]?.proof).toMatchObject({
      proved: true,
      models: [{ id: 'acme/provided-1', place: '/opt/hf/hub', files: 2 }],
    })
    expect(first.sent).toEqual(first.layers)
    expect(first.layers.at(-1)?.size).toBeGreaterThan(weights)

    // A changed file is its own layer and the configuration.
    await write('web/requirements.txt', 'torch==2.9.1\n')
    const changed = await build()
    expect(changed.layers.at(-1)).toEqual(first.layers.at(-1))
    expect(changed.sent).toEqual([changed.layers.at(-2)])
    expect(changed.sent[0]?.size).toBeLessThan(1_000)
    expect(changed.others).toEqual([expect.any(Number)])
    expect(changed.others[0]).toBeLessThan(10_000)

    // Another model is its own layer and the configuration.
    await configure(models)
    const added = await build()
    expect(added.json.bases[0]?.proof).toMatchObject({ proved: true })
    expect(added.layers.slice(0, -1)).toEqual(changed.layers)
    expect(added.sent).toEqual([added.layers.at(-1)])
    expect(added.sent[0]?.size).toBeLessThan(1.1 * weights)
    expect(added.others).toHaveLength(1)

    // What was proved is what runs: the application's user reads the models in the image of the registry.
    expect((await rampart('app', 'build')).json.outcome).toBe('done')
    const read = 'id -u; cat /opt/hf/hub/models--acme--provided-*/snapshots/*/config.json'
    expect(await docker(env, 'run', '--rm', `${host}/${repository}:live`, '/bin/sh', '-c', read)).toBe(
      '1000\n{"number":1}{"number":2}',
    )
  })

  test('is the same to Docker when Docker pushes it', async () => {
    const { host, env, rampart, baseRepository } = await project()
    const built = await rampart('base', 'build', '--via', 'docker')
    expect(built.json.outcome).toBe('done')
    const { reference = '' } = built.json.bases[0] ?? {}
    await docker(env, 'pull', '-q', reference)
    const labels = JSON.parse(await docker(env, 'inspect', '-f', '{{json .Config.Labels}}', reference)) as Record<
      string,
      string
    >
    expect(Object.keys(labels).sort()).toEqual([
      'rampart-test',
      'rampart.base.fingerprint',
      'rampart.base.inputs',
      'rampart.models',
      'rampart.proof',
    ])
    await docker(env, 'rmi', reference)
    expect(await docker(env, 'images', '-q', `${host}/${baseRepository}`)).toBe('')
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
    const { rampart, write, baseTags } = await project()
    await write('web/Dockerfile.base', dockerfileBase.replace(from, to))
    const refused = await rampart('base', 'build')
    expect(refused.code).toBe(9)
    expect(refused.json.outcome).toBe('verification')
    expect(refused.json.message).toBe('The base of web is not proved; it was not pushed.')
    expect(refused.json.problems.join('\n')).toMatch(problem)
    expect(refused.json.next[0]).toContain(id)
    expect(await baseTags()).toEqual([])
  })

  test('in a repository that it made itself, whose tags are fixed, a base that is built again takes the place', async () => {
    const cloud = await startCloud({ speed: 60 })
    const { project: example } = cloud
    const env = cloud.client()
    await example.edit('rampart.yml', 'repository: rampart-backend-base', 'repository: fixed-base')
    await example.edit('rampart.yml', / {6}inputs: .*\n/, '')
    await example.edit(
      'rampart.yml',
      / {6}models:\n(?: {8}.*\n)+/,
      `      models: [{ id: ${id}, revision: ${revision} }]\n`,
    )
    await example.write(
      'backend/Dockerfile.base',
      dockerfileBase.replace('COPY requirements.txt /requirements.txt\n', ''),
    )
    await example.write('backend/Dockerfile.app', dockerfileApp('fixed-base'))
    const build = async (...args: readonly string[]) => {
      const words = ['base', 'build', '-c', example.config, '--service', 'backend', '--json', ...args]
      const { stdout } = await runCli(words, { env })
      const { outcome, bases } = JSON.parse(stdout) as BaseBuildResult
      return { outcome, ...bases[0] }
    }
    const first = await build('--yes')
    expect(first).toMatchObject({ outcome: 'done', reused: false })
    const again = await build('--force')
    expect(again).toMatchObject({ outcome: 'done', reused: false })
    expect(again.reference).not.toBe(first.reference)
    expect(await build('--force', '--via', 'docker')).toMatchObject({ outcome: 'done', reused: false })
    const { reference } = await build()
    expect([first.reference, again.reference]).not.toContain(reference)
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
