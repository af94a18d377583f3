import { createServer } from 'node:http'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import type { Inspection } from '../../../src/lib/domain/inspection.js'
import type { HistoryEntry } from '../../../src/lib/image/image-config.js'
import { planImage } from '../../../src/lib/image/inspect/plan.js'
import { publishAppImage } from '../../../src/lib/image/publish/publish.js'
import { digestOf } from '../../../src/lib/image/publish/digest.js'
import { inspect, isAcceptable, type InspectImageRequest } from '../../../src/lib/operations/inspect.js'
import type { Registry } from '../../../src/lib/ports/registry.js'
import { createRegistry } from '../../../src/lib/rehearsal/registry/registry.js'
import { createFileCache } from '../../../src/lib/system/file-cache.js'
import { blobOf, clientOf } from '../../oci/stand-in.js'
import { makeTar, type Made } from '../support/tar.js'

const oci = 'application/vnd.oci.image'
const docker = 'application/vnd.docker'

type Packing = 'plain' | 'gzip' | 'zstd'

const packers: Readonly<Record<Packing, (tar: Buffer) => Buffer>> = {
  plain: (tar) => tar,
  gzip: (tar) => gzipSync(tar),
  zstd: (tar) => zstdCompressSync(tar),
}

interface Layer {
  readonly entries: readonly Made[]
  readonly by?: string
  readonly packing?: Packing
}

interface Wanted {
  readonly repository: string
  readonly tag: string
  readonly layers: readonly Layer[]
  readonly family?: 'oci' | 'docker'
  readonly labels?: Readonly<Record<string, string>>
  readonly environment?: readonly string[]
  readonly empty?: readonly string[]
}

const layerType = (family: 'oci' | 'docker', packing: Packing): string => {
  const suffix = packing === 'plain' ? '' : packing
  if (family === 'oci') return `${oci}.layer.v1.tar${suffix === '' ? '' : `+${suffix}`}`
  return `${docker}.image.rootfs.diff.tar${suffix === '' ? '' : `.${suffix}`}`
}

let home: string
let host: string
let client: Registry
let closing: () => Promise<void>
const requests: string[] = []

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rampart-inspect-'))
  const server = await createRegistry({ now: () => Date.now() })
  const http = createServer((request, response) => {
    requests.push(`${request.method} ${request.url ?? ''}`)
    void server.handle(request, response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(http.address() as AddressInfo).port}`
  client = clientOf(host)
  closing = async () => {
    await client.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    await server.close()
    await rm(home, { recursive: true, force: true })
  }
})
afterAll(() => closing())

/** Pushes an image; gives its manifest's descriptor. */
async function push(
  wanted: Wanted,
): Promise<{ readonly mediaType: string; readonly digest: Digest; readonly size: number }> {
  const { repository, tag, layers, family = 'oci' } = wanted
  const tars = layers.map(({ entries }) => makeTar(entries))
  const blobs = tars.map((tar, at) => packers[layers[at]?.packing ?? 'gzip'](tar))
  const history: HistoryEntry[] = [
    ...layers.map(({ by = 'RUN make # buildkit' }) => ({ created_by: by })),
    ...(wanted.empty ?? []).map((text) => ({ created_by: text, empty_layer: true })),
  ]
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: wanted.labels ?? {}, Env: wanted.environment ?? [] },
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
      history,
    }),
  )
  await Promise.all([config, ...blobs].map((bytes) => client.putBlob(repository, blobOf(bytes))))
  const mediaType = family === 'oci' ? `${oci}.manifest.v1+json` : `${docker}.distribution.manifest.v2+json`
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: {
        mediaType: family === 'oci' ? `${oci}.config.v1+json` : `${docker}.container.image.v1+json`,
        digest: digestOf(config),
        size: config.length,
      },
      layers: blobs.map((blob, at) => ({
        mediaType: layerType(family, layers[at]?.packing ?? 'gzip'),
        digest: digestOf(blob),
        size: blob.length,
      })),
    }),
  )
  await client.putManifest(repository, tag, mediaType, manifest)
  return { mediaType, digest: digestOf(manifest), size: manifest.length }
}

let caches = 0

async function look(
  name: string,
  changes: Partial<InspectImageRequest> = {},
  read: number[] = [],
  cache = `cache-${caches++}`,
): Promise<Inspection> {
  return inspect(
    {
      service: null,
      name: name === '' ? name : `${host}/${name}`,
      platform: 'linux/amd64',
      base: undefined,
      configured: undefined,
      budget: undefined,
      deep: false,
      ...changes,
    },
    {
      memory: createFileCache({ directory: join(home, cache), mostBytes: 1e8 }),
      locate: (_, repository) => ({ registry: client, repository }),
      onRead: ({ number }) => read.push(number),
    },
  )
}

const file = (path: string, content: string, more: Partial<Made> = {}): Made => ({
  path,
  kind: 'file',
  content,
  ...more,
})
const big = (seed: string, bytes: number): string => seed.repeat(Math.ceil(bytes / seed.length)).slice(0, bytes)

const of = (architecture: string, os = 'linux') => ({ platform: { os, architecture } })

const bytes = (list: readonly Made[]): number =>
  list.reduce((sum, { content = '' }) => sum + Buffer.byteLength(content), 0)

const baseLayers: readonly Layer[] = [
  {
    entries: [file('etc/passwd', 'root\n'), file('usr/lib/x.so', big('lib', 9000))],
    by: 'ADD rootfs.tar / # buildkit',
  },
  {
    entries: [file('opt/models/hub/models--acme--tiny/blobs/aa', big('weights', 2_000_000))],
    by: '/bin/sh -c fetch acme/tiny',
    packing: 'plain',
  },
]

describe('layers of every kind', () => {
  for (const family of ['oci', 'docker'] as const) {
    for (const packing of ['plain', 'gzip', 'zstd'] as const) {
      test(`${family}, ${packing}: sizes, instruction, files`, async () => {
        const repository = `kinds/${family}-${packing}`
        const entries = [
          file('app/a.py', 'a = 1\n'),
          file('app/b.py', big('b', 1_200_000)),
          { path: 'app', kind: 'directory' } as const,
        ]
        await push({ repository, tag: '1', family, layers: [{ entries, by: 'COPY . /app # buildkit', packing }] })
        const found = await look(`${repository}:1`)
        expect(found.layers).toMatchObject([
          {
            part: 'unknown',
            instruction: 'COPY . /app',
            uncompressedBytes: makeTar(entries).length,
            contents: { files: 2, bytes: 1_200_006, added: { files: 2, bytes: 1_200_006 }, deleted: 0 },
            unread: null,
          },
        ])
        expect(found.largest.files[0]).toEqual({ path: '/app/b.py', bytes: 1_200_000, layer: 1 })
        expect(found.budget.verdict).toBe('unknown')
      })
    }
  }

  test('of an index the platform is taken; the only image whatever its platform; else the choice is named', async () => {
    const one = await push({ repository: 'index', tag: 'one', layers: [{ entries: [file('one', '1')] }] })
    const two = await push({ repository: 'index', tag: 'two', layers: [{ entries: [file('two', '22')] }] })
    const mediaType = `${oci}.index.v1+json`
    const put = (tag: string, manifests: readonly object[]): Promise<void> =>
      client.putManifest(
        'index',
        tag,
        mediaType,
        Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })),
      )
    await put('both', [
      { ...one, ...of('amd64') },
      { ...two, ...of('arm64') },
    ])
    await put('single', [
      { ...two, ...of('arm64') },
      { ...one, ...of('unknown', 'unknown') },
    ])
    expect((await look('index:both')).digest).toBe(one.digest)
    expect((await look('index:both', { platform: 'linux/arm64' })).digest).toBe(two.digest)
    expect((await look('index:single')).digest).toBe(two.digest)
    await expect(look('index:both', { platform: 'linux/s390x' })).rejects.toMatchObject({
      kind: 'usage',
      next: ['use --platform with one of linux/amd64, linux/arm64'],
    })
  })

  test('a layer that is cut short is the registry that is damaged; no image is a matter for preflight', async () => {
    const tar = makeTar([file('a', big('a', 5000))]).subarray(0, 2000)
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }),
    )
    await Promise.all([config, tar].map((blob) => client.putBlob('cut', blobOf(blob))))
    const mediaType = `${oci}.manifest.v1+json`
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: { mediaType: `${oci}.config.v1+json`, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: `${oci}.layer.v1.tar`, digest: digestOf(tar), size: tar.length }],
    }
    await client.putManifest('cut', '1', mediaType, Buffer.from(JSON.stringify(manifest)))
    await expect(look('cut:1')).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('Layer 1 ') as string,
    })
    await expect(look('cut:2')).rejects.toMatchObject({ kind: 'preflight' })
    await expect(look('cut:2@')).rejects.toMatchObject({ kind: 'usage' })
  })
})

describe('base and app', () => {
  test('COPY alone asks for no byte of the base; what chown left asks for what it must, from the top; --deep for all', async () => {
    await push({ repository: 'b', tag: '1', layers: baseLayers })
    await push({
      repository: 'thin',
      tag: '1',
      layers: [...baseLayers, { entries: [file('app/main.py', big('code', 1_500_000))], by: 'COPY . /app # buildkit' }],
    })
    const read: number[] = []
    const thin = await look('thin:1', { base: `${host}/b:1`, budget: 1_000_000 }, read)
    expect(read).toEqual([3])
    expect(thin).toMatchObject({
      base: { by: 'flag', layers: 2 },
      copies: [],
      budget: { verdict: 'within' },
      notes: ['base layers 1, 2 were not read: nothing points to copies of their files; --deep reads them'],
    })
    expect(thin.layers.map(({ part }) => part)).toEqual(['base', 'base', 'app'])
    expect(thin.storedBytes).toBe((thin.baseBytes ?? 0) + (thin.appBytes ?? 0))

    await push({
      repository: 'fat',
      tag: '1',
      layers: [
        ...baseLayers,
        {
          entries: [
            file('opt/models/hub/models--acme--tiny/blobs/aa', big('weights', 2_000_000), { uid: 7, mode: 0o600 }),
          ],
          by: '|1 WHO=me /bin/sh -c chown -R 7 /opt/models',
        },
      ],
    })
    const seen: number[] = []
    const fat = await look('fat:1', { configured: `${host}/b:1`, budget: 1000 }, seen)
    expect(seen).toEqual([3, 2])
    expect(fat.copies).toMatchObject([
      {
        layer: 3,
        instruction: 'RUN chown -R 7 /opt/models',
        of: 'base',
        originals: [2],
        changes: ['owner', 'mode'],
        files: 1,
        bytes: 2_000_000,
      },
    ])
    expect(fat.budget).toMatchObject({ verdict: 'over', instruction: 'RUN chown -R 7 /opt/models' })
    expect(fat.models).toEqual([{ id: 'acme/tiny', revision: null, bytes: 4_000_000, source: 'files', layers: [2, 3] }])
    expect(isAcceptable(fat)).toBe(false)

    const deep: number[] = []
    expect((await look('thin:1', { base: `${host}/b:1`, deep: true }, deep)).notes).toEqual([])
    expect(deep).toEqual([3, 2, 1])
  })

  test('what was read is remembered by digest, in every image that has the layer', async () => {
    await push({ repository: 'b', tag: '1', layers: baseLayers })
    await push({ repository: 'r', tag: '1', layers: [...baseLayers, { entries: [file('x', 'x')] }] })
    const [first, second]: [number[], number[]] = [[], []]
    const one = await look('r:1', { base: `${host}/b:1`, deep: true }, first, 'kept')
    const two = await look('r:1', { base: `${host}/b:1`, deep: true }, second, 'kept')
    expect([first, second]).toEqual([[3, 2, 1], []])
    expect(two).toEqual(one)
  })

  test('by its labels; another base than the one that is there now is no base', async () => {
    const { digest } = await push({
      repository: 'b',
      tag: '1',
      layers: baseLayers,
      labels: { 'rampart.base.fingerprint': 'f'.repeat(64) },
    })
    const labels = {
      'org.opencontainers.image.base.name': `${host}/b:1`,
      'org.opencontainers.image.base.digest': digest,
      'rampart.base.fingerprint': 'f'.repeat(64),
      'rampart.models': JSON.stringify([{ id: 'acme/tiny', revision: 'a'.repeat(40), bytes: 2_000_000 }]),
      'rampart.proof': '{"at":"2026-11-01T00:00:00Z","models":1}',
    }
    await push({ repository: 'l', tag: '1', layers: [...baseLayers, { entries: [file('x', 'x')] }], labels })
    expect(await look('l:1')).toMatchObject({
      base: { name: `${host}/b:1`, digest, by: 'label', layers: 2, fingerprint: 'f'.repeat(64) },
      models: [{ id: 'acme/tiny', revision: 'a'.repeat(40), bytes: 2_000_000, source: 'label', layers: [] }],
      proof: { at: '2026-11-01T00:00:00Z', models: 1 },
    })
    await push({ repository: 'b', tag: '2', layers: [{ entries: [file('other', 'o')] }] })
    const other = await look('r:1', { base: `${host}/b:2` })
    expect([other.base, other.appBytes, other.budget.verdict]).toEqual([null, null, 'unknown'])
    expect(other.notes).toEqual([`the image does not stand on ${host}/b:2 as it is now`])
  })

  test('whiteouts: what is deleted is counted, and what comes back unchanged is a copy no more', async () => {
    await push({
      repository: 'white',
      tag: '1',
      layers: [
        { entries: [file('d/a', 'aaaa'), file('d/b', 'bbbb'), file('e/c', 'cccc')] },
        { entries: [file('.wh.e', ''), file('d/.wh..wh..opq', '')] },
        { entries: [file('d/a', 'aaaa'), file('e/c', 'cccc'), file('d/n', 'nnnn')] },
      ],
    })
    const { layers, copies } = await look('white:1')
    expect(layers[1]?.contents).toMatchObject({ files: 0, deleted: 2 })
    expect(layers[2]?.contents).toMatchObject({ added: { files: 3 }, copied: { files: 0 } })
    expect(copies).toEqual([])
  })
})

const secrets: readonly (readonly [string, string, string])[] = [
  ['app/.env', 'DATABASE=1', 'env-file'],
  ['app/.env.production', 'X=1', 'env-file'],
  ['root/.ssh/id_rsa', 'k', 'ssh-key'],
  ['root/.aws/credentials', '[default]', 'aws-credentials'],
  ['root/.netrc', 'machine x', 'netrc'],
  ['root/.docker/config.json', '{}', 'docker-config'],
  ['root/.cache/huggingface/token', 'x', 'hub-token'],
  ['srv/key.pem', `-----BEGIN RSA PRIVATE KEY-----\n${'QUJD'.repeat(16)}\n`, 'private-key'],
  ['srv/keys.json', `{"k": "-----BEGIN PRIVATE KEY-----\\n${'QUJD'.repeat(16)}\\n"}`, 'private-key'],
  ['srv/a.py', `T = "ghp_${'a1B2'.repeat(9)}"`, 'github-token'],
  ['srv/b.py', `T = "hf_${'abCD'.repeat(8)}ef"`, 'hugging-face-token'],
  ['srv/c.sh', `export AWS_SECRET_ACCESS_KEY=${'aB3/'.repeat(10)}`, 'aws-secret-key'],
  ['srv/d.txt', `id AKIA${'Q7WERTYU'.repeat(2)} end`, 'aws-access-key'],
  ['srv/e.py', `K = 'sk-ant-api03-${'x_Y-'.repeat(20)}'`, 'anthropic-key'],
  ['srv/f.cfg', 'url = postgresql+asyncpg://app:hunter2secret@db.internal/app', 'url-password'],
  ['srv/g.json', '{"type": "service_account", "x": 1}', 'google-service-account'],
  ['root/.npmrc', '//registry.npmjs.org/:_authToken=abcdefgh12345678', 'npm-token'],
  ['var/x.tfstate', '{}', 'terraform-state'],
]

const innocent: readonly (readonly [string, string])[] = [
  ['app/.env.example', 'TOKEN='],
  ['root/.ssh/id_rsa.pub', 'ssh-rsa AAAA'],
  ['usr/certifi/cacert.pem', `-----BEGIN CERTIFICATE-----\n${'QUJD'.repeat(16)}\n`],
  ['usr/lib/ssh.py', 'START = b"-----BEGIN OPENSSH PRIVATE KEY-----"\nEND = 1'],
  ['usr/docs/boto.txt', 'AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
  ['usr/lib/url.py', 'e.g. postgresql://user:password@host/db or postgres://${USER}:${PASS}@host'],
  ['app/settings.py', 'TOKEN = os.environ["TOKEN"]\nSECRET_NAME = "x"'],
  ['app/bin.dat', `\0\0ghp_${'a1B2'.repeat(9)}`],
  ['app/.env', ''],
]

describe('secrets', () => {
  test('planted ones are found by rule and place, and no value of them is in the answer', async () => {
    const entries = secrets.map(([path, content]) => file(path, content))
    await push({
      repository: 'secrets',
      tag: '1',
      layers: [{ entries, by: `|2 TOKEN=tok-abcdef-99 N=1 /bin/sh -c curl -H "X: $TOKEN" https://user.example` }],
      environment: [
        'PATH=/bin',
        'API_KEY=abcdef-123456',
        'DB_PASSWORD_FILE=/run/secrets/db',
        'TOKEN_TTL=30',
        'DEBUG_TOKEN=',
      ],
      empty: [
        '/bin/sh -c #(nop) ENV API_KEY=abcdef-123456',
        `/bin/sh -c #(nop) CMD ["run" "--key" "ghp_${'a1B2'.repeat(9)}"]`,
      ],
    })
    const found = await look('secrets:1')
    expect(
      found.secrets.filter(({ path }) => path !== null).map(({ path, rule, layer }) => [path, rule, layer]),
    ).toEqual(secrets.map(([path, , rule]) => [`/${path}`, rule, 1]))
    expect(found.secrets.filter(({ path }) => path === null).map(({ rule, where }) => [rule, where])).toEqual([
      ['secret-variable', 'ENV API_KEY'],
      ['secret-variable', 'history line 1 (RUN)'],
      ['github-token', 'history line 3 (CMD)'],
    ])
    const text = JSON.stringify(found)
    for (const value of ['tok-abcdef', 'abcdef-123456', 'hunter2secret', 'a1B2a1B2', 'QUJDQUJD', 'abcdefgh1234']) {
      expect(text).not.toContain(value)
    }
    expect(isAcceptable(found)).toBe(false)
  })

  test('what only looks a little like one is left alone', async () => {
    await push({
      repository: 'innocent',
      tag: '1',
      layers: [{ entries: innocent.map(([path, content]) => file(path, content)) }],
    })
    const found = await look('innocent:1')
    expect(found.secrets).toEqual([])
    expect(isAcceptable(found)).toBe(true)
  })

  test('in an instruction the value is taken out, and the rest stays', async () => {
    const by =
      'RUN /bin/sh -c PASSWORD="two words" TOKEN=abc-defgh pip install --index https://x.example/simple a==1 # buildkit'
    await push({ repository: 'redacted', tag: '1', layers: [{ entries: [file('x', 'x')], by }] })
    expect((await look('redacted:1')).layers[0]?.instruction).toBe(
      'RUN PASSWORD=*** TOKEN=*** pip install --index https://x.example/simple a==1',
    )
  })
})

describe('the local plan', () => {
  test('is the image that is pushed afterwards, and sends nothing', async () => {
    await push({ repository: 'plan-base', tag: 'latest', layers: baseLayers })
    const context = join(home, 'context')
    const files = {
      'app/main.py': 'print(1)\n',
      'app/data.bin': big('data', 300_000),
      'app/.env': 'A=1\n',
      Dockerfile: `FROM ${host}/plan-base\nCOPY app/main.py /app/\nCOPY app /app\nCMD ["x"]\n`,
    }
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(context, path)), { recursive: true })
      await writeFile(join(context, path), content)
    }
    const memory = createFileCache({ directory: join(home, 'plan-cache'), mostBytes: 1e8 })
    const ports = {
      registry: client,
      git: { sourceRevision: () => Promise.resolve(undefined) },
      memory,
      groups: memory,
      now: () => Date.now(),
      emit: () => undefined,
    }
    const request = {
      app: 'shop',
      service: 'backend',
      context,
      dockerfile: join(context, 'Dockerfile'),
      dockerfileName: 'Dockerfile',
      buildArgs: {},
      platform: 'linux/amd64',
      compression: 'gzip' as const,
      repository: 'plan',
      tags: () => ['1'],
      budget: 10,
    }
    requests.length = 0
    const planned = await look('', { planned: await planImage(request, ports), budget: 10 })
    expect(requests.filter((one) => !/^(?:GET|HEAD) /.test(one))).toEqual([])
    expect(planned).toMatchObject({
      source: 'plan',
      base: { by: 'label', layers: 2 },
      budget: { verdict: 'over', instruction: 'COPY app /app', place: 'Dockerfile:3:1' },
      secrets: [{ path: '/app/.env', rule: 'env-file' }],
    })
    await publishAppImage({ ...request, allowOverBudget: true }, ports)
    const pushed = await look('plan:1', { budget: 10 })
    const { budget: _planned, ...plan } = planned
    const { budget: _pushed, ...image } = pushed
    expect({ ...plan, source: 'registry' }).toEqual(image)
    expect(pushed.layers.at(-1)?.instruction).toBe('COPY app/main.py /app/; COPY app /app')
    // Nothing changed since: the plan is the image of the registry.
    const { budget: _again, ...again } = await look('', { planned: await planImage(request, ports), budget: 10 })
    expect(again).toEqual(plan)
  })
})

describe('over generated trees', () => {
  const content = fc.string({ minLength: 1, maxLength: 40 })
  const name = fc.stringMatching(/^[a-z]{1,3}$/)
  const tree = fc.dictionary(
    fc.tuple(name, name).map((parts) => `d/${parts.join('/')}.f`),
    content,
    { minKeys: 1, maxKeys: 12 },
  )

  test('copies found are the copies planted: files, bytes, what changed, and every file is accounted for', async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(
        tree,
        tree,
        fc.array(fc.constantFrom('owner', 'mode', 'content', 'leave'), { minLength: 12, maxLength: 12 }),
        fc.constantFrom<Packing>('plain', 'gzip', 'zstd'),
        async (below, fresh, fates, packing) => {
          const repository = `tree/n${count++}`
          const lower = Object.entries(below)
          const base: Layer = { entries: lower.map(([path, text]) => file(path, text)), packing }
          const touched = lower.flatMap(([path, text], at): readonly Made[] => {
            switch (fates[at]) {
              case 'owner':
                return [file(path, text, { uid: 5 })]
              case 'mode':
                return [file(path, text, { mode: 0o600 })]
              case 'content':
                return [file(path, `${text}!`)]
              default:
                return []
            }
          })
          const added = Object.entries(fresh).flatMap(([path, text]) => (path in below ? [] : [file(path, text)]))
          const top: Layer = { entries: [...touched, ...added], by: 'RUN chown', packing }
          await push({ repository, tag: 'base', layers: [base] })
          await push({ repository, tag: 'app', layers: [base, top] })
          const found = await look(`${repository}:app`, { base: `${host}/${repository}:base`, deep: true })
          const planted = touched.filter(({ path, content: text }) => below[path] === text)
          const changes = ['owner', 'mode'].filter((fate) => lower.some((_, at) => fates[at] === fate))
          expect(found.copies.map((copy) => ({ files: copy.files, bytes: copy.bytes, changes: copy.changes }))).toEqual(
            planted.length === 0 ? [] : [{ files: planted.length, bytes: bytes(planted), changes }],
          )
          expect(found.layers[1]?.contents).toEqual({
            files: touched.length + added.length,
            bytes: bytes([...touched, ...added]),
            added: { files: added.length, bytes: bytes(added) },
            changed: {
              files: touched.length - planted.length,
              bytes: bytes(touched.filter((one) => !planted.includes(one))),
            },
            copied: { files: planted.length, bytes: bytes(planted) },
            deleted: 0,
          })
        },
      ),
      { numRuns: 40 },
    )
  })
})
