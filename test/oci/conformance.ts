import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Registry } from '../../src/lib/ports/registry.js'
import { putImage, putReferrer } from './images.js'
import { absent, blobOf, descriptorOf } from './stand-in.js'

const emptyConfig = Buffer.from(
  JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
)

/** What every registry must do with our client, whoever wrote it. The repositories `first`, `second` and `third` exist or are made. */
export function registryConformance(client: () => Registry, options: { readonly mounts: boolean }): void {
  test('takes blobs of every size and gives the same bytes back', async () => {
    const registry = client()
    for (const size of [1, 1024 * 1024, 3 * 1024 * 1024 + 7]) {
      const bytes = randomBytes(size)
      const sent: number[] = []
      await registry.putBlob('first', blobOf(bytes), (count) => sent.push(count))
      expect(sent.at(-1)).toBe(size)
      expect(await registry.hasBlob('first', blobOf(bytes).digest)).toBe(true)
      expect(Buffer.from(await registry.getBlob('first', descriptorOf(bytes))).equals(bytes)).toBe(true)
    }
    await registry.close()
  })

  test('takes many blobs at once, also through uploads opened ahead', async () => {
    const registry = client()
    registry.prepareUploads('first', 3)
    const blobs = Array.from({ length: 9 }, (_, index) => randomBytes(1_500_000 + index))
    await Promise.all(blobs.map((bytes) => registry.putBlob('first', blobOf(bytes))))
    const there = await Promise.all(blobs.map((bytes) => registry.hasBlob('first', blobOf(bytes).digest)))
    expect(there).toEqual(blobs.map(() => true))
    await registry.close()
  })

  test('streams a source of small pieces', async () => {
    const registry = client()
    const pieces = Array.from({ length: 700 }, () => randomBytes(3000))
    const bytes = Buffer.concat(pieces)
    await registry.putBlob('first', {
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      size: bytes.length,
      async *open() {
        yield* pieces
      },
    })
    expect(Buffer.from(await registry.getBlob('first', descriptorOf(bytes))).equals(bytes)).toBe(true)
    await registry.close()
  })

  test('says that what is not there is not there', async () => {
    const registry = client()
    expect(await registry.hasBlob('first', absent)).toBe(false)
    expect(await registry.headManifest('first', 'none')).toBeUndefined()
    expect(await registry.getManifest('first', absent)).toBeUndefined()
    expect(await registry.openBlob('first', { mediaType: '', digest: absent, size: 1 })).toBeUndefined()
    expect(await registry.mountBlob('first', absent, 'second')).toBe(false)
    await registry.close()
  })

  test('keeps manifests under tags and digests, and lists the tags', async () => {
    const registry = client()
    await registry.putBlob('second', blobOf(emptyConfig))
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const config = descriptorOf(emptyConfig, 'application/vnd.oci.image.config.v1+json')
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] }))
    const descriptor = descriptorOf(bytes, mediaType)
    await Promise.all(
      ['one', 'two', descriptor.digest].map((name) => registry.putManifest('second', name, mediaType, bytes)),
    )
    expect(await registry.headManifest('second', 'one')).toEqual(descriptor)
    expect(await registry.getManifest('second', descriptor.digest)).toEqual({ descriptor, bytes })
    expect([...(await registry.listTags('second'))].sort()).toEqual(['one', 'two'])
    await registry.close()
  })

  test('lists what refers to a manifest, and its repositories, and lets us in', async () => {
    const registry = client()
    const image = await putImage(registry, 'third', { tag: 'signed', layers: [randomBytes(100)] })
    expect((await registry.listReferrers('third', image.digest)).manifests).toEqual([])
    const referrers = [
      await putReferrer(registry, 'third', image, randomBytes(50)),
      await putReferrer(registry, 'third', image, randomBytes(50)),
    ]
    const { manifests } = await registry.listReferrers('third', image.digest)
    expect(manifests.map(({ digest }) => digest).toSorted()).toEqual(referrers.toSorted())
    expect(manifests.map(({ artifactType }) => artifactType)).toEqual(
      Array(2).fill('application/vnd.example.statement'),
    )
    expect(await registry.listRepositories()).toContain('third')
    expect(await registry.ping()).toBeUndefined()
    await registry.close()
  })

  test(`${options.mounts ? 'mounts' : 'does not mount'} a blob of another repository, and takes it either way`, async () => {
    const registry = client()
    const bytes = randomBytes(2000)
    await registry.putBlob('first', blobOf(bytes))
    const mounted = await registry.mountBlob('second', blobOf(bytes).digest, 'first')
    expect(mounted).toBe(options.mounts)
    if (!mounted) await registry.putBlob('second', blobOf(bytes))
    expect(await registry.hasBlob('second', blobOf(bytes).digest)).toBe(true)
    await registry.close()
  })
}
