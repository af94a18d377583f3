import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EventBody } from '../../../src/lib/events/event.js'
import {
  buildAppImage,
  publishAppImage,
  type AppImageRequest,
  type PublishPorts,
} from '../../../src/lib/image/publish/publish.js'
import { packLayer } from '../../../src/lib/image/layer/layer.js'
import type { SourceRevision } from '../../../src/lib/ports/git.js'
import type { Registry } from '../../../src/lib/ports/registry.js'
import { createRegistry, type Registry as RegistryServer } from '../../../src/lib/rehearsal/registry/registry.js'
import { createFileCache } from '../../../src/lib/system/file-cache.js'
import { blobOf, clientOf, descriptorOf } from '../../oci/stand-in.js'

interface Place {
  readonly client: Registry
  readonly host: string
  /** `METHOD path` of every request so far. */
  readonly requests: string[]
  readonly server: RegistryServer
  close(): Promise<void>
}

async function place(): Promise<Place> {
  const server = await createRegistry({ now: () => Date.now() })
  const requests: string[] = []
  const http: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/\?.*|(?<=uploads\/).*/g, '')}`)
    void server.handle(request, response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`
  const client = clientOf(host)
  const close = async (): Promise<void> => {
    await client.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    await server.close()
  }
  return { client, host, requests, server, close }
}

const baseConfig = {
  architecture: 'amd64',
  os: 'linux',
  config: {
    Env: ['PATH=/usr/bin:/bin'],
    Labels: { 'rampart.models': '["a/model@1"]', 'rampart.base.fingerprint': 'f00d' },
  },
}

/** Pushes a base of two layers, each with one directory; gives its digest. */
async function pushBase(
  client: Registry,
  repository: string,
  tag: string,
  salt: string,
  docker = false,
): Promise<string> {
  const family = docker ? 'application/vnd.docker' : 'application/vnd.oci.image'
  const mediaType = docker ? `${family}.image.rootfs.diff.tar.gzip` : `${family}.layer.v1.tar+gzip`
  const layers = await Promise.all(
    ['first', 'second'].map((name) =>
      packLayer([{ kind: 'directory', path: `${name}-${salt}`, mode: 0o755, uid: 0, gid: 0 }], { compression: 'gzip' }),
    ),
  )
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }
  const config = Buffer.from(JSON.stringify({ ...baseConfig, rootfs }))
  const sources = layers.map(({ digest, size, chunks }) => ({ digest, size, open: chunks }))
  await Promise.all([...sources, blobOf(config)].map((blob) => client.putBlob(repository, blob)))
  const manifestType = docker ? `${family}.distribution.manifest.v2+json` : `${family}.manifest.v1+json`
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptorOf(config, docker ? `${family}.container.image.v1+json` : `${family}.config.v1+json`),
      layers: layers.map(({ digest, size }) => ({ mediaType, digest, size })),
    }),
  )
  await client.putManifest(repository, tag, manifestType, manifest)
  return blobOf(manifest).digest
}

const revision: SourceRevision = {
  commit: '0123456789abcdef0123456789abcdef01234567',
  committedAt: '2026-05-04T10:00:00+02:00',
  subject: 'Change',
  dirty: false,
  remote: 'https://git.example/app',
  version: 'v1.2',
}

let home: string
let here: Place
let events: EventBody[]
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rampart-publish-'))
  here = await place()
  events = []
  await write({
    'app/main.py': 'print(1)\n',
    'app/lib/deep.py': 'x = 1\n',
    Dockerfile: 'ARG BASE\nFROM ${BASE}\nCOPY app /srv/app\nCMD ["x"]\n',
  })
})
afterEach(async () => {
  await here.close()
  await rm(home, { recursive: true, force: true })
})

/** Writes files of the context with a time long past, so that they are remembered. */
async function write(files: Readonly<Record<string, string>>, age = 60): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(home, 'context', name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    const time = Date.now() / 1000 - age
    await utimes(file, time, time)
  }
}

function requestOf(changes: Partial<AppImageRequest> = {}): AppImageRequest {
  return {
    app: 'shop',
    service: 'backend',
    context: join(home, 'context'),
    dockerfile: join(home, 'context', 'Dockerfile'),
    buildArgs: { BASE: `${here.host}/base:latest` },
    platform: 'linux/amd64',
    compression: 'gzip',
    repository: 'backend',
    tags: (source) => ['latest', ...(source?.version === undefined ? [] : [source.version])],
    ...changes,
  }
}

/** Ports on this place; `later` is how many minutes after now the machine believes it to be. */
function portsOf(changes: Partial<PublishPorts> = {}, later = 1): PublishPorts {
  return {
    registry: here.client,
    git: { sourceRevision: () => Promise.resolve(revision) },
    memory: createFileCache({ directory: join(home, 'cache', 'state'), mostBytes: 1e8 }),
    groups: createFileCache({ directory: join(home, 'cache', 'groups'), mostBytes: 1e8 }),
    now: () => Date.now() + later * 60_000,
    emit: (event) => events.push(event),
    ...changes,
  }
}

const bodies = (): string[] => here.requests.filter((line) => /^(PUT|POST|PATCH)/.test(line))
interface Stored {
  readonly config: { readonly mediaType: string; readonly digest: `sha256:${string}`; readonly size: number }
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[]
}
async function stored(repository = 'backend', reference = 'latest') {
  const found = await here.client.getManifest(repository, reference)
  const manifest = JSON.parse(Buffer.from(found?.bytes ?? []).toString()) as Stored
  const bytes = await here.client.getBlob(repository, manifest.config)
  const config = JSON.parse(Buffer.from(bytes).toString()) as {
    config: { Labels: Record<string, string> }
    rootfs: { diff_ids: string[] }
    created: string
  }
  return { descriptor: found?.descriptor, manifest, config }
}

describe('the first time', () => {
  test('the image is the base, mounted, and one layer; every tag names it', async () => {
    const base = await pushBase(here.client, 'base', 'latest', 'a')
    const { pushed } = await publishAppImage(requestOf(), portsOf())
    const { descriptor, manifest, config } = await stored()
    expect(descriptor?.mediaType).toBe('application/vnd.oci.image.manifest.v1+json')
    expect(descriptor?.digest).toBe(pushed.digest)
    expect((await here.client.headManifest('backend', 'v1.2'))?.digest).toBe(pushed.digest)
    expect(pushed).toMatchObject({ unchanged: false, uploadedLayerBytes: pushed.layerBytes, tags: ['latest', 'v1.2'] })
    expect(pushed.reference).toBe(`${here.host}/backend@${pushed.digest}`)
    expect(manifest.layers).toHaveLength(3)
    expect(config.rootfs.diff_ids).toHaveLength(3)
    expect(config.created).toBe('2026-05-04T08:00:00Z')
    expect(config.config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'backend',
      'org.opencontainers.image.created': '2026-05-04T08:00:00Z',
      'org.opencontainers.image.revision': revision.commit,
      'org.opencontainers.image.version': revision.commit.slice(0, 12),
      'org.opencontainers.image.source': 'https://git.example/app',
      'org.opencontainers.image.base.name': `${here.host}/base:latest`,
      'org.opencontainers.image.base.digest': base,
      'rampart.app': 'shop',
      'rampart.service': 'backend',
      'rampart.models': '["a/model@1"]',
      'rampart.base.fingerprint': 'f00d',
    })
    expect(events.at(-1)).toMatchObject({ type: 'image.pushed', digest: pushed.digest, unchanged: false })
  })

  test('building alone sends no bytes', async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    const before = bodies().filter((line) => line.startsWith('PUT')).length
    const built = await buildAppImage(requestOf(), portsOf())
    expect(bodies().filter((line) => line.startsWith('PUT'))).toHaveLength(before)
    expect(await here.client.headManifest('backend', 'latest')).toBeUndefined()
    expect((await built.push()).digest).toBe(built.digest)
  })

  test('a Docker base becomes an OCI image with its blobs as they are', async () => {
    await pushBase(here.client, 'base', 'latest', 'a', true)
    await publishAppImage(requestOf(), portsOf())
    const { manifest } = await stored()
    expect(manifest.config.mediaType).toBe('application/vnd.oci.image.config.v1+json')
    expect(new Set(manifest.layers.map(({ mediaType }) => mediaType))).toEqual(
      new Set(['application/vnd.oci.image.layer.v1.tar+gzip']),
    )
  })

  test('of an index, the platform is taken', async () => {
    const amd = await pushBase(here.client, 'base', 'amd', 'a')
    const arm = await pushBase(here.client, 'base', 'arm', 'b')
    const images = await Promise.all([amd, arm].map((digest) => here.client.headManifest('base', digest)))
    const index = {
      schemaVersion: 2,
      manifests: images.map((one, at) => ({
        ...one,
        platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' },
      })),
    }
    const type = 'application/vnd.oci.image.index.v1+json'
    await here.client.putManifest('base', 'latest', type, Buffer.from(JSON.stringify({ ...index, mediaType: type })))
    expect((await buildAppImage(requestOf(), portsOf())).base.digest).toBe(amd)
    expect((await buildAppImage(requestOf({ platform: 'linux/arm64' }), portsOf())).base.digest).toBe(arm)
    await expect(buildAppImage(requestOf({ platform: 'linux/s390x' }), portsOf())).rejects.toMatchObject({
      kind: 'preflight',
      message: 'the base image has no linux/s390x; it has linux/amd64, linux/arm64',
    })
  })

  test('a base in another registry is copied over, layer by layer', async () => {
    const there = await place()
    try {
      await pushBase(there.client, 'team/base', 'v1', 'far')
      const locate = (host: string, repository: string) => ({
        registry: host === here.host ? here.client : there.client,
        repository,
      })
      const request = requestOf({ buildArgs: { BASE: `${there.host}/team/base:v1` } })
      const { pushed } = await publishAppImage(request, portsOf({ locate }))
      const { manifest } = await stored()
      expect(pushed.uploadedLayerBytes).toBe(manifest.layers.reduce((sum, { size }) => sum + size, 0))
    } finally {
      await there.close()
    }
  })

  test('a base that is not there is a matter for preflight, with its line', async () => {
    await expect(publishAppImage(requestOf(), portsOf())).rejects.toMatchObject({
      kind: 'preflight',
      place: { line: 2 },
      message: `the base image ${here.host}/base:latest is not in ${here.host}`,
    })
  })

  test('a layer over its budget is not pushed', async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    await expect(publishAppImage(requestOf({ budget: 10 }), portsOf())).rejects.toMatchObject({
      kind: 'preflight',
      message: expect.stringMatching(
        /^The app layer of backend has \d+ B, more than its budget of 10 B, most of it by COPY app \/srv\/app\.$/,
      ) as string,
      place: { line: 3, column: 1 },
      problems: [{ message: '/srv/app/main.py has 9 B' }, { message: '/srv/app/lib/deep.py has 6 B' }],
    })
    expect(await here.client.headManifest('backend', 'latest')).toBeUndefined()
  })

  test('of several instructions, the one that brought most is named', async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    await write({
      'big/weights.bin': 'w'.repeat(5000),
      Dockerfile: 'ARG BASE\nFROM ${BASE}\nCOPY app /srv/app\nCOPY big /srv/big\nCOPY app/lib /srv/lib\n',
    })
    await expect(publishAppImage(requestOf({ budget: 10 }), portsOf())).rejects.toMatchObject({
      message: expect.stringContaining('most of it by COPY big /srv/big.') as string,
      place: { line: 4, column: 1 },
    })
  })

  test('where it is allowed, a layer over its budget is a warning; later it is judged anew, by its instruction', async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    const { pushed } = await publishAppImage(requestOf({ budget: 10, allowOverBudget: true }), portsOf())
    expect((await here.client.headManifest('backend', 'latest'))?.digest).toBe(pushed.digest)
    expect(events).toContainEqual({
      type: 'warning',
      message: expect.stringContaining('more than its budget of 10 B, most of it by COPY app /srv/app.') as string,
    })
    await expect(publishAppImage(requestOf({ budget: 10 }), portsOf())).rejects.toMatchObject({
      kind: 'preflight',
      place: { line: 3, column: 1 },
    })
  })
})

const request = (changes: Partial<AppImageRequest> = {}) => requestOf({ tags: () => ['latest'], ...changes })

describe('again', () => {
  beforeEach(async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    await publishAppImage(request(), portsOf())
    here.requests.length = 0
  })
  test('with nothing changed: one HEAD of the base and one of the image, and nothing is sent', async () => {
    const { pushed } = await publishAppImage(request(), portsOf())
    expect(pushed).toMatchObject({ unchanged: true, uploadedLayerBytes: 0 })
    expect([...here.requests].sort()).toEqual(['HEAD /v2/backend/manifests/latest', 'HEAD /v2/base/manifests/latest'])
  })

  test('with a base by digest: a single HEAD', async () => {
    const base = (await here.client.headManifest('base', 'latest'))?.digest
    const pinned = request({ buildArgs: { BASE: `${here.host}/base@${base}` } })
    await publishAppImage(pinned, portsOf())
    here.requests.length = 0
    expect((await publishAppImage(pinned, portsOf())).pushed.unchanged).toBe(true)
    expect(here.requests).toEqual(['HEAD /v2/backend/manifests/latest'])
  })

  test('with a file that is only touched, nothing is sent either', async () => {
    await write({ 'app/main.py': 'print(1)\n' }, 30)
    expect((await publishAppImage(request(), portsOf())).pushed.unchanged).toBe(true)
    expect(bodies()).toEqual([])
  })

  test('on a machine without a memory: no layer and no manifest is sent', async () => {
    const fresh = { memory: createFileCache({ directory: join(home, 'other'), mostBytes: 1e8 }) }
    const { pushed } = await publishAppImage(request(), portsOf(fresh))
    expect(pushed).toMatchObject({ unchanged: true, uploadedLayerBytes: 0 })
    expect(bodies().filter((line) => line.startsWith('PUT'))).toEqual([])
  })

  test('with a changed file: the layer, the configuration and the manifest are sent, and no layer of the base is asked for', async () => {
    await write({ 'app/main.py': 'print(2)\n' })
    const { pushed } = await publishAppImage(request(), portsOf())
    expect(pushed.uploadedLayerBytes).toBe(pushed.layerBytes)
    expect(here.requests.filter((line) => line.startsWith('PUT')).sort()).toEqual([
      'PUT /v2/backend/blobs/uploads/',
      'PUT /v2/backend/blobs/uploads/',
      'PUT /v2/backend/manifests/latest',
    ])
    expect(here.requests.filter((line) => line.startsWith('HEAD /v2/backend/blobs'))).toHaveLength(1)
    expect((await stored()).descriptor?.digest).toBe(pushed.digest)
  })

  test('with a change taken back: only the tag is moved', async () => {
    await write({ 'app/main.py': 'print(2)\n' })
    const changed = await publishAppImage(request(), portsOf())
    await write({ 'app/main.py': 'print(1)\n' })
    here.requests.length = 0
    const { pushed } = await publishAppImage(request(), portsOf())
    expect(pushed.digest).not.toBe(changed.digest)
    expect(pushed).toMatchObject({ unchanged: false, uploadedLayerBytes: 0 })
    expect(bodies()).toEqual(['PUT /v2/backend/manifests/latest'])
    expect((await stored()).descriptor?.digest).toBe(pushed.digest)
  })

  test('with another commit of the same files: a new image, and no layer is sent', async () => {
    const git = { sourceRevision: () => Promise.resolve({ ...revision, commit: 'f'.repeat(40) }) }
    const { pushed } = await publishAppImage(request(), portsOf({ git }))
    expect(pushed).toMatchObject({ unchanged: false, uploadedLayerBytes: 0 })
  })

  test('with another base: its layers are mounted and ours stays', async () => {
    await pushBase(here.client, 'base', 'latest', 'b')
    const { pushed } = await publishAppImage(request(), portsOf())
    expect(pushed.uploadedLayerBytes).toBe(0)
    expect((await stored()).config.config.Labels['org.opencontainers.image.base.digest']).toBe(
      (await here.client.headManifest('base', 'latest'))?.digest,
    )
  })

  test('into a registry that has lost the image: all of it is sent', async () => {
    const there = await place()
    try {
      await pushBase(there.client, 'base', 'latest', 'a')
      // The same address in the memory, another registry behind it.
      const registry = { ...there.client, host: here.host }
      const locate = (_: string, repository: string) => ({ registry, repository })
      const { pushed } = await publishAppImage(request(), portsOf({ registry, locate }))
      expect(pushed.uploadedLayerBytes).toBe(pushed.layerBytes)
      expect((await there.client.headManifest('backend', 'latest'))?.digest).toBe(pushed.digest)
    } finally {
      await there.close()
    }
  })

  test('with a damaged or unwritable memory it is the same image', async () => {
    const before = (await stored()).descriptor?.digest
    const folder = join(home, 'cache', 'state')
    for (const name of await readdir(folder)) await writeFile(join(folder, name), 'damaged')
    const unwritable = createFileCache({ directory: join(home, 'context/Dockerfile/below-a-file'), mostBytes: 1 })
    expect((await publishAppImage(request(), portsOf())).digest).toBe(before)
    expect((await publishAppImage(request(), portsOf({ memory: unwritable, groups: unwritable }))).digest).toBe(before)
  })

  test('with a file as young as the run, its content is read, not its times believed', async () => {
    const age = 0
    await write({ 'app/main.py': 'print(3)\n' }, age)
    const first = await publishAppImage(request(), portsOf({}, 0))
    const file = join(home, 'context', 'app/main.py')
    const { mtime, atime } = await import('node:fs/promises').then(({ stat }) => stat(file))
    await writeFile(file, 'print(4)\n')
    await utimes(file, atime, mtime)
    expect((await publishAppImage(request(), portsOf({}, 0))).digest).not.toBe(first.digest)
  })
})

test('changes that are in no commit go under a version of their own', async () => {
  await pushBase(here.client, 'base', 'latest', 'a')
  const git = { sourceRevision: () => Promise.resolve({ ...revision, dirty: true }) }
  const { pushed } = await publishAppImage(requestOf(), portsOf({ git }))
  expect(pushed.tags).toEqual(['latest', 'v1.2-dirty'])
  expect((await stored()).config.config.Labels).toMatchObject({
    'org.opencontainers.image.revision': `${revision.commit}-dirty`,
    'org.opencontainers.image.version': `${revision.commit.slice(0, 12)}-dirty`,
  })
})

describe('the digest', () => {
  test('depends on nothing but the inputs: not on machine, memory, time or order', async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    const first = await publishAppImage(requestOf(), portsOf())
    await rm(join(home, 'cache'), { recursive: true })
    await rm(join(home, 'context'), { recursive: true })
    await write(
      {
        Dockerfile: 'ARG BASE\nFROM ${BASE}\nCOPY app /srv/app\nCMD ["x"]\n',
        'app/lib/deep.py': 'x = 1\n',
        'app/main.py': 'print(1)\n',
      },
      5,
    )
    const second = await buildAppImage(requestOf(), portsOf({}, 999))
    expect(second.digest).toBe(first.digest)
  })

  test('follows SOURCE_DATE_EPOCH, then the commit, then 1970', async () => {
    await pushBase(here.client, 'base', 'latest', 'a')
    const outside = { git: { sourceRevision: () => Promise.resolve(undefined) } }
    await publishAppImage(requestOf({ sourceDateEpoch: 1_000_000_000 }), portsOf())
    expect((await stored()).config.created).toBe('2001-09-09T01:46:40Z')
    await publishAppImage(requestOf(), portsOf(outside))
    expect((await stored()).config.created).toBe('1970-01-01T00:00:00Z')
    expect((await stored()).config.config.Labels['org.opencontainers.image.revision']).toBeUndefined()
  })
})
