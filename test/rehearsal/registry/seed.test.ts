import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { SeedImage } from '../../../src/lib/rehearsal/registry/seed.js'
import { codeOf, imageManifest, ociIndex, ociManifest, sha256, startRegistry } from './support.js'

const tar = Buffer.alloc(1024, 0)
const gigabytes = 1024 ** 3

const base: SeedImage = {
  repository: 'base',
  tag: 'fingerprint',
  layers: [
    { phantom: { name: 'python', size: 50_000_000 } },
    { phantom: { name: 'deberta', size: 2 * gigabytes } },
    { bytes: tar, createdBy: 'COPY app' },
  ],
  labels: { 'rampart.models': '[]' },
  config: { User: 'app', ExposedPorts: { '8000/tcp': {} }, Env: ['A=1'] },
}

describe('phantom blobs', () => {
  test('are seen, mounted and accepted in manifests, and cost no disk', async () => {
    const server = await startRegistry()
    const blob = { digest: sha256('weights'), size: 2 * gigabytes }
    server.registry.declareBlob('base', blob)
    const head = await server.call('HEAD', `/v2/base/blobs/${blob.digest}`)
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(blob.size)])
    expect(head.headers.get('x-rampart-simulated')).toBe('declared-blob')
    const mount = await server.call('POST', `/v2/app/blobs/uploads/?mount=${blob.digest}&from=base`)
    expect(mount.status).toBe(201)
    const config = Buffer.from('{}')
    await server.pushBlob('app', config)
    const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob }
    const put = (size: number) =>
      server.call('PUT', '/v2/app/manifests/v1', {
        headers: { 'Content-Type': ociManifest },
        body: imageManifest({ config, layers: [] }, { layers: [{ ...layer, size }] }),
      })
    expect(await codeOf(await put(1))).toBe('SIZE_INVALID')
    expect((await put(blob.size)).status).toBe(201)
  })

  test('say that they are simulated when their bytes are asked for', async () => {
    const server = await startRegistry()
    const blob = { digest: sha256('weights'), size: 7 }
    server.registry.declareBlob('base', blob)
    const response = await server.call('GET', `/v2/base/blobs/${blob.digest}`)
    expect([response.status, await response.json()]).toEqual([
      410,
      {
        errors: [
          {
            code: 'UNSUPPORTED',
            message: expect.stringContaining('is simulated'),
            detail: { simulated: true, ...blob },
          },
        ],
      },
    ])
  })

  test('become real when somebody pushes their bytes, and never the other way', async () => {
    const server = await startRegistry()
    const bytes = Buffer.from('weights')
    const blob = { digest: sha256(bytes), size: bytes.length }
    server.registry.declareBlob('base', blob)
    await server.pushBlob('base', bytes)
    server.registry.declareBlob('other', blob)
    const response = await server.call('GET', `/v2/other/blobs/${blob.digest}`)
    expect(await response.text()).toBe('weights')
  })
})

describe('seeded images', () => {
  test('have the same digest in every registry, at any time', async () => {
    const one = await startRegistry()
    const two = await startRegistry({ uploads: 'ecr' })
    two.clock.now += 1_000_000
    expect(one.registry.storeImage(base)).toEqual(two.registry.storeImage({ ...base, repository: 'elsewhere' }))
    const changed = two.registry.storeImage({ ...base, labels: { other: 'label' } })
    expect(changed.digest).not.toBe(one.registry.storeImage(base).digest)
    expect(changed.layers).toEqual(one.registry.storeImage(base).layers)
  })

  test('are pulled over the wire with a config that fits the layers', async () => {
    const server = await startRegistry()
    const layers = [gzipSync(tar), zstdCompressSync(tar), tar].map((bytes) => ({ bytes }))
    const { digest } = server.registry.storeImage({ repository: 'app', tag: 'v1', layers, created: 0 })
    const response = await server.call('GET', '/v2/app/manifests/v1')
    expect(response.headers.get('docker-content-digest')).toBe(digest)
    const manifest = (await response.json()) as { config: { digest: string }; layers: { mediaType: string }[] }
    expect(manifest.layers.map(({ mediaType }) => mediaType.split('.').at(-1))).toEqual(['tar+gzip', 'tar+zstd', 'tar'])
    const config = await (await server.call('GET', `/v2/app/blobs/${manifest.config.digest}`)).json()
    expect(config).toMatchObject({
      created: '1970-01-01T00:00:00.000Z',
      rootfs: { type: 'layers', diff_ids: [sha256(tar), sha256(tar), sha256(tar)] },
    })
  })

  test('may take over an immutable tag, since no push does it', async () => {
    const server = await startRegistry()
    const tagMutability = { mode: 'IMMUTABLE', exclusions: [] } as const
    server.registry.store.repositories.create('base', { createdAt: 0, tagMutability })
    server.registry.storeImage(base)
    const { digest } = server.registry.storeImage({ ...base, created: 1 })
    expect(server.registry.catalog.find('base', 'fingerprint')?.digest).toBe(digest)
  })
})

describe('the catalogue', () => {
  test('finds an image by tag and digest with what a target needs', async () => {
    const server = await startRegistry()
    const { digest, layers } = server.registry.storeImage(base)
    const image = server.registry.catalog.find('base', 'fingerprint')
    expect(image).toEqual({
      digest,
      layers: [
        { digest: layers[0], size: 50_000_000 },
        { digest: layers[1], size: 2 * gigabytes },
        { digest: layers[2], size: 1024 },
      ],
      labels: { 'rampart.models': '[]' },
      user: 'app',
      exposedPorts: ['8000/tcp'],
    })
    expect(server.registry.catalog.find('base', digest)).toEqual(image)
    expect(server.registry.catalog.find('base', 'none')).toBeUndefined()
    expect(server.registry.catalog.find('none', 'fingerprint')).toBeUndefined()
  })

  test('sees what was pushed a moment ago, and an index as its linux/amd64 image', async () => {
    const server = await startRegistry()
    const config = Buffer.from(JSON.stringify({ config: { Labels: { a: 'b', odd: 1 }, User: '1000:1000' } }))
    await server.pushBlob('app', config)
    const body = imageManifest({ config, layers: [] })
    const put = (reference: string, type: string, content: string) =>
      server.call('PUT', `/v2/app/manifests/${reference}`, { headers: { 'Content-Type': type }, body: content })
    await put('v1', ociManifest, body)
    const child = { mediaType: ociManifest, digest: sha256(body), size: body.length }
    const index = (architecture: string) =>
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...child, platform: { os: 'linux', architecture } }] })
    expect((await put('multi', ociIndex, index('amd64'))).status).toBe(201)
    expect((await put('arm', ociIndex, index('arm64'))).status).toBe(201)
    const wanted = { digest: sha256(body), layers: [], labels: { a: 'b' }, user: '1000:1000', exposedPorts: [] }
    expect(server.registry.catalog.find('app', 'v1')).toEqual(wanted)
    expect(server.registry.catalog.find('app', 'multi')).toEqual(wanted)
    expect(server.registry.catalog.find('app', 'arm')).toBeUndefined()
  })
})
