import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { baseModel, modelSeed } from '../support/base-model.js'
import { baseProject, docker, writeFiles, type BaseProject } from '../support/base-project.js'
import { runCli } from '../support/cli.js'
import { debianBase } from '../support/debian-base.js'
import { forgetImages, forgetLabelled, testLabel } from '../support/docker.js'
import { changesOf, startCloud } from '../support/rehearsal.js'
import { dockerProgram, requires } from '../support/requires.js'

const { id, folder, revision } = baseModel

/** Loads the model as the hub's libraries find it without a network, and says who did. */
const loadScript = `import json, os, struct, sys
hub = os.path.join(os.environ["HF_HOME"], "hub", "${folder}")
with open(os.path.join(hub, "refs", "main")) as ref:
    snapshot = os.path.join(hub, "snapshots", ref.read())
with open(os.path.join(snapshot, "model.safetensors.index.json")) as index:
    shards = sorted(set(json.load(index)["weight_map"].values()))
for shard in shards:
    with open(os.path.join(snapshot, shard), "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        weights = file.read()
    assert len(weights) == header["weight"]["data_offsets"][1], shard + " is cut short"
print(f"uid {os.getuid()} loaded {len(shards)} shards of {os.path.basename(snapshot)[:12]}")
`

/** Answers one request over HTTP, as the application does, and asks itself. */
const serveScript = `import http.server, threading, urllib.request
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(open("/app/message.txt", "rb").read())
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 8000), Ready)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen("http://127.0.0.1:8000/ready").read().decode().strip())
`

const seedFiles = modelSeed()
const inputs = Object.fromEntries([
  ...Object.entries(seedFiles).map(([path, content]) => [path.replace('bin/', ''), content] as const),
  ['load.py', loadScript] as const,
])
const download = 'RUN sh /opt/fetch /opt/hf/hub'
let debian = ''

const dockerfileBase = (uid = 1000): string =>
  [
    `FROM ${debian}`,
    `LABEL ${testLabel}`,
    'ENV HF_HOME=/opt/hf',
    `RUN useradd --uid ${uid} --create-home app`,
    'COPY requirements.txt fetch load.py /opt/',
    'COPY seed /seed',
    download,
    '',
  ].join('\n')

const dockerfileApp = (base: string): string =>
  [
    `FROM ${base}`,
    'COPY --chown=app message.txt serve.py /app/',
    'USER app',
    'CMD ["/bin/sh", "-c", "python3 /opt/load.py && python3 /app/serve.py"]',
    '',
  ].join('\n')

async function project(): Promise<BaseProject> {
  const made = await baseProject({
    dockerfileBase: dockerfileBase(),
    dockerfileApp,
    inputs,
    models: [`{ id: ${id}, revision: ${revision} }`],
    more: ['      prove: [python3 /opt/load.py]'],
  })
  await made.write('web/serve.py', serveScript)
  return made
}

const loaded = (uid: number): string => `uid ${uid} loaded 2 shards of ${revision.slice(0, 12)}`

requires('docker', 'docker-registry', 'debootstrap', 'tar').describe('a base on Debian', () => {
  beforeAll(async () => {
    debian = await debianBase(dockerProgram)
  }, 600_000)

  afterAll(forgetLabelled)

  test('is built, proved and pushed, and carries an app that loads the model and serves', async () => {
    const { rampart, env, host, repository, proxy, write, baseLayers } = await project()
    const built = await rampart('base', 'build')
    expect(built.json).toMatchObject({ outcome: 'done', problems: [] })
    expect(built.json.bases[0]?.proof).toMatchObject({
      proved: true,
      user: 'app',
      uid: 1000,
      models: [{ id, place: '/opt/hf/hub', found: [revision], files: 4 }],
      commands: [{ command: 'python3 /opt/load.py', proved: true, output: [loaded(1000)] }],
    })
    const app = await rampart('app', 'build')
    expect(app.json.outcome).toBe('done')
    const run = () => docker(env, 'run', '--rm', '--network', 'none', `${host}/${repository}:live`)
    expect((await run()).split('\n')).toEqual([loaded(1000), 'hello'])

    // One line of code is one thin layer: nothing of Debian or of the model is sent again.
    proxy.takeBlobs()
    await write('web/message.txt', 'hello again\n')
    expect((await rampart('app', 'build')).json.outcome).toBe('done')
    const sent = proxy.takeBlobs()
    for (const { digest } of await baseLayers()) expect([...sent.keys()]).not.toContain(digest)
    expect([...sent.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(20_000)
    await docker(env, 'pull', '-q', `${host}/${repository}:live`)
    expect((await run()).split('\n')).toEqual([loaded(1000), 'hello again'])
  }, 240_000)

  test.each([
    [
      'a download that failed behind || echo',
      `RUN python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:9/model')" || echo "Warning: no model, it comes at run time"`,
      'acme/tiny-model: is not in /opt/hf/hub',
      /no `\|\| echo`/,
    ],
    [
      'models that belong to root while the app runs as app',
      'RUN umask 077 && sh /opt/fetch /opt/hf/hub',
      'acme/tiny-model: is in /opt/hf/hub, which app may not read',
      /chmod -R a\+rX \/opt\/hf\/hub/,
    ],
    [
      'models in the cache of root',
      'RUN sh /opt/fetch /root/.cache/huggingface/hub',
      'acme/tiny-model: is in /root/.cache/huggingface/hub; app looks in /opt/hf/hub',
      /set ENV HF_HOME=/,
    ],
    [
      'a truncated shard',
      `${download} && cd /opt/hf/hub/${folder}/snapshots/* && truncate -s -1 "$(readlink -f model-00002-of-00002.safetensors)"`,
      /acme\/tiny-model: .*model-00002-of-00002\.safetensors is not what the hub has/,
      /build with --force/,
    ],
  ])(
    'is refused with %s: nothing is pushed',
    async (_, step, problem, remedy) => {
      const { rampart, write, baseTags, proxy } = await project()
      await write('web/Dockerfile.base', dockerfileBase().replace(download, step))
      const { code, json } = await rampart('base', 'build')
      expect([code, json.outcome, json.message]).toEqual([
        9,
        'verification',
        'The base of web is not proved; it was not pushed.',
      ])
      expect(json.problems[0]).toMatch(problem)
      expect(json.problems).toContain('python3 /opt/load.py: ended with 1')
      expect(json.next[0]).toMatch(remedy)
      expect(await baseTags()).toEqual([])
      expect(proxy.takeBlobs().size).toBe(0)
    },
    120_000,
  )

  test('is what deploy asks for when the one of the registry is stale; with it, the fleet serves what runs', async () => {
    // A registry password lasts for 12 hours: they must be long enough for an engine to pull.
    const cloud = await startCloud({
      speed: 600,
      // Before its world is set up, whose instances load what the configuration named then, from the hub where no base has it.
      prepare: (unchanged) =>
        unchanged.edit(
          'rampart.yml',
          / {6}models:\n(?: {8}.*\n)+/,
          `      models: [{ id: ${id}, revision: ${revision} }]\n`,
        ),
    })
    const { project: example } = cloud
    const { directory, config } = example
    const env = cloud.client()
    forgetImages('rampart-base/rampart-backend-base', env)
    const host = new URL(env['AWS_ENDPOINT_URL'] ?? '').host
    await writeFiles(join(directory, 'backend'), {
      ...inputs,
      'Dockerfile.base': dockerfileBase(10_001),
      'Dockerfile.app': dockerfileApp('rampart-backend-base'),
      'message.txt': 'deployed\n',
      'serve.py': serveScript,
    })
    await example.edit(
      'rampart.yml',
      'inputs: [requirements.txt, models.json, fetch_models.py]',
      `inputs: [${['requirements.txt', ...Object.keys(inputs)].join(', ')}]`,
    )
    const rampart = async (...args: string[]) => {
      const finished = await runCli([...args, '-c', config, '--json'], { env })
      return { ...finished, json: JSON.parse(finished.stdout) as DeployResult }
    }

    const status = await rampart('base', 'status', '--check')
    expect(status.code).toBe(3)
    expect(status.json.bases.map(({ service, state }) => [service, state])).toEqual([
      ['backend', 'stale'],
      ['frontend', 'fresh'],
    ])
    const refused = await rampart('deploy')
    expect([refused.code, refused.json.outcome]).toEqual([3, 'preflight'])
    expect(refused.json.failedChecks).toEqual([
      expect.objectContaining({ name: 'base of backend', remedy: 'rampart base build --service backend' }),
    ])
    expect(changesOf(cloud)).toEqual([])

    const deployed = await rampart('deploy', '--with-base')
    expect([deployed.json.outcome, deployed.json.message]).toEqual(['done', expect.any(String)])
    expect(deployed.json.proof).toMatchObject({ proved: 4, total: 4 })
    const fresh = await rampart('base', 'status', '--check')
    expect(fresh.code).toBe(0)
    expect(fresh.json.bases[0]).toMatchObject({
      state: 'fresh',
      models: [{ id, revision }],
      usedBy: expect.arrayContaining([expect.objectContaining({ name: expect.stringMatching(/^release /) })]),
    })

    // The image that the fleet serves, pulled from the same registry.
    const digest = deployed.json.images.find(({ service }) => service === 'backend')?.digest
    const client = { HOME: join(directory, 'home'), PATH: env['PATH'] ?? '' }
    await mkdir(client.HOME)
    forgetImages(host, client)
    await docker(client, 'login', '-u', 'AWS', '-p', await registryPassword(env), host)
    const image = `${host}/rampart-backend@${digest}`
    expect((await docker(client, 'run', '--rm', '--network', 'none', image)).split('\n')).toEqual([
      loaded(10_001),
      'deployed',
    ])
  }, 300_000)
})

interface DeployResult {
  readonly outcome: string
  readonly message: string
  readonly images: readonly { readonly service: string; readonly digest: string }[]
  readonly proof: { readonly proved: number; readonly total: number }
  readonly failedChecks: readonly { readonly name: string; readonly remedy: string | null }[]
  readonly bases: readonly { readonly service: string; readonly state: string }[]
}

async function registryPassword(env: Readonly<Record<string, string>>): Promise<string> {
  const ecr = new ECRClient({
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    region: env['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  })
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}))
  const token = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString('utf8')
  return token.slice(token.indexOf(':') + 1)
}
