import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { safetensorsHead } from '../support/base-model.js'
import { baseProject, docker, runUnder, type BaseBuildResult, type BaseProject } from '../support/base-project.js'
import { runCli, startCli } from '../support/cli.js'
import { packBase } from '../support/docker-base.js'
import { forgetLabelled, testLabel } from '../support/docker.js'
import { hubToken, startModelHub, type HubModel, type StandInHub } from '../support/model-hub.js'
import { dockerProgram, requires } from '../support/requires.js'

const seed = `rampart-test/base-models:${process.pid}`
const commit = '0123456789abcdef0123456789abcdef01234567'
const dockerfileBase = [`FROM ${seed}`, 'ENV HF_HOME=/opt/hf', 'COPY requirements.txt /requirements.txt', ''].join('\n')
const dockerfileApp = (base: string): string =>
  [`FROM ${base}`, 'COPY message.txt /app/', 'USER app', 'CMD ["/bin/cat", "/app/message.txt"]', ''].join('\n')

const tensorBytes = 160 * 1024 * 1024
const head = safetensorsHead(tensorBytes)
const shardBytes = head.length + tensorBytes
const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const

/** 320 MiB in two shards, and the twin that nobody needs; for who has a token. */
const large: HubModel = {
  id: 'acme/large-model',
  commit,
  refs: ['main'],
  gated: true,
  files: [
    { path: 'config.json', content: '{"model_type":"large"}' },
    ...shards.map((path, index) => ({
      path,
      content: { size: shardBytes, seed: index + 1, head },
      lfs: true,
    })),
    {
      path: 'model.safetensors.index.json',
      content: JSON.stringify({ weight_map: { 'a.weight': shards[0], 'b.weight': shards[1] } }),
    },
    { path: 'pytorch_model.bin', content: { size: shardBytes, seed: 3 }, lfs: true },
  ],
}

/** The same in small. */
const small: HubModel = {
  id: 'acme/small-model',
  commit,
  refs: ['main', 'v1'],
  gated: true,
  files: [
    { path: 'config.json', content: '{"model_type":"small"}' },
    { path: 'pytorch_model.bin', content: { size: 40_000, seed: 1 }, lfs: true },
  ],
}

async function hubOf(model: HubModel): Promise<StandInHub> {
  const hub = await startModelHub([model])
  onTestFinished(() => hub.stop())
  return hub
}

async function projectOf(
  hub: StandInHub,
  model: string,
  token: Readonly<Record<string, string>> = { HF_TOKEN: hubToken },
): Promise<BaseProject> {
  const project = await baseProject({ dockerfileBase, dockerfileApp, models: [model] })
  Object.assign(project.env, { HF_ENDPOINT: hub.url, ...token })
  return project
}

const blobsOf = ({ env }: BaseProject): string => join(env['HOME'] ?? '', '.cache/rampart/models/blobs')
const sentOf = (hub: StandInHub): number => shards.reduce((sum, path) => sum + (hub.sent.get(path) ?? 0), 0)
const build = ['base', 'build', '--json', '--progress', 'plain'] as const

// Each runs several processes, and builds of the engine.
vi.setConfig({ testTimeout: 180_000 })

requires('docker', 'docker-registry', 'tar').describe('models that rampart provides', () => {
  beforeAll(() => {
    execFileSync(dockerProgram, ['import', '--change', `LABEL ${testLabel}`, '-', seed], {
      input: packBase(),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  })

  afterAll(forgetLabelled)

  test('a download that is killed is gone on with; wrong bytes are refused; any umask gives the same layer', async () => {
    const hub = await hubOf(large)
    const model = `{ id: ${large.id}, revision: ${commit}, ref: main, provide: rampart }`
    const first = await projectOf(hub, model)

    const killed = startCli(build, { cwd: first.directory, env: first.env })
    await Promise.race([Promise.all(shards.map((path) => hub.reached(path, 50_000_000))), killed.finished])
    expect(killed.process.kill('SIGKILL')).toBe(true)
    expect((await killed.finished).signal).toBe('SIGKILL')
    const parts = (await readdir(blobsOf(first))).filter((name) => name.endsWith('.incomplete'))
    const sizes = await Promise.all(parts.map(async (name) => (await stat(join(blobsOf(first), name))).size))
    const kept = sizes.reduce((sum, size) => sum + size, 0)
    expect(kept).toBeGreaterThan(60_000_000)
    expect(kept).toBeLessThan(2 * shardBytes)
    expect(await first.baseTags()).toEqual([])

    hub.sent.clear()
    const resumed = await runUnder('022', first, build)
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.any(String)])
    expect(sentOf(hub)).toBe(2 * shardBytes - kept)
    expect(hub.sent.get('pytorch_model.bin')).toBeUndefined()
    const result = JSON.parse(resumed.stdout) as BaseBuildResult
    expect(result.bases[0]?.proof).toMatchObject({
      proved: true,
      user: 'app',
      models: [{ id: large.id, place: '/opt/hf/hub', files: 4, found: [commit] }],
    })
    // Nothing to note of it: refs/main is there, every byte was hashed.
    expect(JSON.stringify(result.bases[0]?.proof)).not.toContain('note"')
    const layer = (await first.baseLayers()).at(-1)
    expect(layer?.size).toBeGreaterThan(2 * shardBytes)
    expect(first.proxy.takeBlobs().get(layer?.digest ?? '')).toBe(layer?.size)

    // Another machine with another umask, whose connection turns a bit over, twice.
    const second = await projectOf(hub, model)
    const flip = { kind: 'flip', at: shardBytes - 5 } as const
    hub.faults.set(shards[1], [flip, flip])
    const refused = await runUnder('077', second, build)
    expect(refused.code).toBe(7)
    const { outcome, message, next } = JSON.parse(refused.stdout) as BaseBuildResult
    expect(outcome).toBe('unreachable')
    expect(message).toMatch(
      /^127\.0\.0\.1:\d+ twice sent bytes of model-00002-of-00002\.safetensors of acme\/large-model that do not have its hash$/,
    )
    expect(next[0]).toContain('run the same command again')
    expect(await second.baseTags()).toEqual([])
    expect(second.proxy.takeBlobs().size).toBe(0)

    hub.sent.clear()
    const mended = await runUnder('077', second, build)
    expect([mended.code, mended.stderr]).toEqual([0, expect.any(String)])
    // The other shard was whole.
    expect(sentOf(hub)).toBe(shardBytes)
    expect((await second.baseLayers()).at(-1)).toEqual(layer)
    for (const { stdout, stderr } of [resumed, refused, mended]) expect(stdout + stderr).not.toContain(hubToken)
  }, 300_000)

  test('--write-revisions asks once for the commit of a branch and changes nothing else of rampart.yml', async () => {
    const hub = await hubOf(small)
    const { directory, rampart, env, host, repository } = await projectOf(hub, 'nothing yet')
    const file = join(directory, 'rampart.yml')
    const text = (await readFile(file, 'utf8')).replace(
      '        - nothing yet\n',
      [
        '        # The one that the API asks for.',
        `        - id: "${small.id}"   # ours`,
        '          provide:   rampart',
        "          revision: 'main'  # until the next release",
        '',
      ].join('\n'),
    )
    await writeFile(file, text)
    const unresolved = await rampart('base', 'build')
    expect(unresolved.code).toBe(2)
    expect(unresolved.stdout).toContain('--write-revisions')
    expect(hub.requests).toEqual([])

    const built = await rampart('base', 'build', '--write-revisions')
    expect(built.json).toMatchObject({ outcome: 'done', problems: [] })
    expect(built.stderr).toContain(`rampart.yml: ${small.id} at main is ${commit}\n`)
    const resolving = () => hub.requests.filter(({ path }) => path.includes('/revision/main')).length
    expect(resolving()).toBe(1)
    const line = `          revision: '${commit}'  # until the next release\n          ref: 'main'`
    const written = text.replace("          revision: 'main'  # until the next release", line)
    expect(await readFile(file, 'utf8')).toBe(written)

    const again = await rampart('base', 'build', '--write-revisions')
    expect(again.json.bases[0]).toMatchObject({ reused: true, reference: built.json.bases[0]?.reference })
    expect(await readFile(file, 'utf8')).toBe(written)
    expect(resolving()).toBe(1)

    // A library that asks for main without a network finds the commit by that name.
    expect((await rampart('app', 'build')).json.outcome).toBe('done')
    const model = '/opt/hf/hub/models--acme--small-model'
    const load = `cat ${model}/snapshots/$(cat ${model}/refs/main)/config.json`
    const image = `${host}/${repository}:live`
    expect(await docker(env, 'run', '--rm', '--network', 'none', image, '/bin/sh', '-c', load)).toBe(
      '{"model_type":"small"}',
    )
  })

  const said = `https://hub/?token=${encodeURIComponent(hubToken)} Bearer ${hubToken} ${'x'.repeat(214)} ${hubToken}`
  const page = `<html><h1>${said}</h1></html>`
  const answers = [
    ['401', { kind: 'status', status: 401, headers: { 'x-error-message': said }, body: page }],
    ['403', { kind: 'status', status: 403, headers: { 'x-error-message': said, 'x-error-code': said }, body: page }],
    [
      'a page in place of an answer',
      { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: page },
    ],
    [
      'a file with a name of its choice',
      {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ type: 'file', oid: 'no hash', size: 3, path: `${hubToken}.bin` }]),
      },
    ],
  ] as const

  test.each(answers)('no output shows the token of who is answered with %s', async (_, fault) => {
    const hub = await hubOf(small)
    const model = `{ id: ${small.id}, revision: ${commit}, provide: rampart }`
    const project = await projectOf(hub, model, {})
    const { env, directory, configure } = project
    // As `hf auth login` leaves it.
    await mkdir(join(env['HOME'] ?? '', '.cache/huggingface'), { recursive: true })
    await writeFile(join(env['HOME'] ?? '', '.cache/huggingface/token'), `${hubToken}\n`)
    const silent = async (args: readonly string[], where: 'tree' | 'revision', more: Record<string, string> = {}) => {
      hub.faults.set(where, [fault])
      const before = hub.requests.length
      const finished = await runCli(['base', 'build', ...args], { cwd: directory, env: { ...env, ...more } })
      const asked = hub.requests.slice(before)
      expect(asked.map(({ authorization }) => authorization)).toEqual(asked.map(() => `Bearer ${hubToken}`))
      expect(asked.length).toBeGreaterThan(0)
      expect(finished.code).toBe(7)
      const output = finished.stdout + finished.stderr
      expect(output).toContain(`127.0.0.1:`)
      for (const form of [hubToken, Buffer.from(hubToken).toString('base64')]) {
        expect(output).not.toContain(form.slice(0, 8))
      }
      return finished
    }
    await silent(['--progress', 'plain'], 'tree')
    await silent(['--json'], 'tree', { DEBUG: 'rampart' })
    const { stdout } = await silent(['--progress', 'ndjson'], 'tree', { HF_TOKEN: hubToken })
    expect(stdout).toContain('"type":"phase.finished"')
    await configure([`{ id: ${small.id}, revision: v1, provide: rampart }`])
    await silent(['--write-revisions'], 'revision', { DEBUG: 'rampart' })
    await silent(['--write-revisions', '--json'], 'revision')
  })

  test('nor of who hands it to a step that tells it', async () => {
    const hub = await hubOf(small)
    const { directory, env, configure, write } = await projectOf(hub, `{ id: ${small.id}, revision: ${commit} }`)
    await configure([`{ id: ${small.id}, revision: ${commit} }`], ['      args: { HF_TOKEN: "${HF_TOKEN}" }'])
    await write('web/Dockerfile.base', `FROM ${seed}\nARG HF_TOKEN\nRUN echo "asked with $HF_TOKEN" && exit 3\n`)
    for (const args of [['--progress', 'plain'], ['--json'], ['--progress', 'ndjson']]) {
      const finished = await runCli(['base', 'build', ...args], { cwd: directory, env })
      expect(finished.code).toBe(3)
      expect(finished.stdout + finished.stderr).toContain('asked with ***')
      expect(finished.stdout + finished.stderr).not.toContain(hubToken)
    }
  })
})
