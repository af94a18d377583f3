import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { mediaTypes } from '../../../src/lib/domain/media-types.js'
import { fingerprintTag, setTags } from '../../../src/lib/image/base/find.js'
import { baseFreshness } from '../../../src/lib/image/base/freshness.js'
import { reuseBase } from '../../../src/lib/image/base/reuse.js'
import { digestOf } from '../../../src/lib/image/publish/digest.js'
import type { Registry } from '../../../src/lib/ports/registry.js'
import { createRegistry } from '../../../src/lib/rehearsal/registry/registry.js'
import { blobOf, clientOf } from '../../oci/stand-in.js'

const fingerprint = 'f'.repeat(64)
const own = fingerprintTag(fingerprint)
const tags = ['latest', 'stable']
const day = 86_400_000
const now = Date.parse('2026-11-20T00:00:00Z')

let registry: Registry
let createRepository: (name: string, immutable: boolean) => void
let closing: () => Promise<void>

beforeAll(async () => {
  const server = await createRegistry({ now: () => now })
  const http = createServer((request, response) => void server.handle(request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  registry = clientOf(`127.0.0.1:${(http.address() as AddressInfo).port}`)
  createRepository = (name, immutable) => {
    const exclusions = tags
    server.store.repositories.create(name, {
      createdAt: now,
      tagMutability: immutable ? { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusions } : { mode: 'MUTABLE', exclusions: [] },
    })
  }
  closing = async () => {
    await registry.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    await server.close()
  }
})
afterAll(() => closing())

interface Made {
  readonly age: number
  readonly of?: string
  readonly proof?: string | undefined
}

/** Pushes a base that is so many days old, as `base build` does; gives its digest and the tags that it got. */
async function push(repository: string, { age, of = fingerprint, proof = '{"v":1,"proved":true}' }: Made, to = tags) {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: new Date(now - age * day).toISOString(),
      config: { Labels: { 'rampart.base.fingerprint': of, ...(proof !== '' && { 'rampart.proof': proof }) } },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  )
  await registry.putBlob(repository, blobOf(config))
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [],
    }),
  )
  const mediaType = mediaTypes.ociManifest
  const set = await setTags(registry, repository, to, own, { mediaType, bytes })
  return { digest: digestOf(bytes), set }
}

let count = 0

function repositoryOf(immutable: boolean): string {
  const repository = `base-${(count += 1)}`
  createRepository(repository, immutable)
  return repository
}

const named = async (repository: string): Promise<readonly (Digest | undefined)[]> =>
  Promise.all([own, ...tags].map(async (tag) => (await registry.headManifest(repository, tag))?.digest))

const wanted = { fingerprint, maxAge: 30 * day }

test.each([true, false])(
  'a base that is built again is the one that is found, immutable tags: %s',
  async (immutable) => {
    const repository = repositoryOf(immutable)
    const first = await push(repository, { age: 20 }, [own, ...tags])
    expect(first.set).toEqual([own, ...tags])
    const second = await push(repository, { age: 1 }, [own, ...tags])
    expect(second.set).toEqual(immutable ? tags : [own, ...tags])
    expect(await reuseBase(registry, repository, { fingerprint }, tags, now)).toEqual({
      kind: 'found',
      digest: second.digest,
      moved: [],
    })
    expect(await named(repository)).toEqual([immutable ? first.digest : second.digest, second.digest, second.digest])
  },
)

test('the younger of two is meant, and the tags are set to it', async () => {
  const repository = repositoryOf(false)
  const young = await push(repository, { age: 2 }, [own])
  await push(repository, { age: 9 })
  expect(await reuseBase(registry, repository, wanted, tags, now)).toEqual({
    kind: 'found',
    digest: young.digest,
    moved: tags,
  })
  expect(await named(repository)).toEqual([young.digest, young.digest, young.digest])
})

test('one that is too old is told, and no tag is moved', async () => {
  const repository = repositoryOf(false)
  const { digest } = await push(repository, { age: 31 }, [own])
  expect(await reuseBase(registry, repository, wanted, tags, now)).toEqual({ kind: 'old', digest })
  expect(await named(repository)).toEqual([digest, undefined, undefined])
  expect(await reuseBase(registry, repository, { fingerprint }, tags, now)).toMatchObject({ kind: 'found', digest })
})

test.each([
  ['of other sources', { age: 1, of: 'e'.repeat(64) }],
  ['that nobody proved', { age: 1, proof: '' }],
])('a base %s is not taken', async (_, made) => {
  const repository = repositoryOf(false)
  await push(repository, made)
  expect(await reuseBase(registry, repository, { fingerprint }, tags, now)).toBeUndefined()
})

test.each([
  ['fresh', { age: 30 }],
  ['old', { age: 30.1 }],
  ['stale', { age: 40, of: 'e'.repeat(64) }],
  // As reproducible builders date their images: nothing is known of the age.
  ['fresh', { age: now / day }],
] as const)('it is %s: %j', async (state, made) => {
  const repository = repositoryOf(false)
  await push(repository, made)
  expect(await baseFreshness(registry, repository, 'latest', wanted, now)).toBe(state)
})
