import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { mediaTypes } from '../../../src/lib/domain/media-types.js'
import { fingerprintTag, setTags } from '../../../src/lib/image/base/find.js'
import { baseFreshness } from '../../../src/lib/image/base/freshness.js'
import type { Runtime } from '../../../src/lib/image/base/prove.js'
import { changesSinceProof, proofTerms } from '../../../src/lib/image/base/proved-for.js'
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
async function push(repository: string, { age, of = fingerprint, proof = provedFor(app, 'load') }: Made, to = tags) {
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

const app: Runtime = { user: 'app', environment: { HF_HOME: '/opt/hf' } }
const scope = { runtimes: [app], commands: ['load'] }
const provedFor = (runtime: Runtime, ...commands: string[]): string =>
  JSON.stringify({ v: 1, proved: true, terms: proofTerms(runtime, commands) })
const anyAge = { fingerprint, scope }
const wanted = { ...anyAge, maxAge: 30 * day }

test.each([true, false])(
  'a base that is built again is the one that is found, immutable tags: %s',
  async (immutable) => {
    const repository = repositoryOf(immutable)
    const first = await push(repository, { age: 20 }, [own, ...tags])
    expect(first.set).toEqual([own, ...tags])
    const second = await push(repository, { age: 1 }, [own, ...tags])
    expect(second.set).toEqual(immutable ? tags : [own, ...tags])
    expect(await reuseBase(registry, repository, anyAge, tags, now)).toEqual({
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
  expect(await reuseBase(registry, repository, anyAge, tags, now)).toMatchObject({ kind: 'found', digest })
})

const root: Runtime = { user: 'root', environment: {} }

test('one that was proved for another user is told, until it is proved again, although its tag cannot move', async () => {
  const repository = repositoryOf(true)
  const before = await push(repository, { age: 3, proof: provedFor(root, 'load') }, [own, ...tags])
  expect(await reuseBase(registry, repository, wanted, tags, now)).toEqual({ kind: 'unproved', digest: before.digest })
  // The engine remembered every step: it is as old as it was.
  const { digest } = await push(repository, { age: 3 }, [own, ...tags])
  expect(await reuseBase(registry, repository, wanted, tags, now)).toEqual({ kind: 'found', digest, moved: [] })
})

const user = { part: 'user of the app', change: 'changed', from: 'root', to: 'app' }
const home = { part: 'variable HF_HOME of the app', change: 'added', to: '/opt/hf' }

test.each([
  ['nothing', provedFor(app, 'load'), []],
  ['nothing, for one of the apps that share it', provedFor(root, 'load'), [], [app, root]],
  ['the user and a variable', provedFor(root, 'load'), [user, home]],
  [
    'a user where there was none',
    provedFor({ environment: app.environment }, 'load'),
    [{ ...user, change: 'added', from: undefined }],
  ],
  ['a command', provedFor(app, 'warm'), [{ part: 'commands of the proof', change: 'changed' }]],
  ['its first command', provedFor(app), [{ part: 'commands of the proof', change: 'added' }]],
  ['nobody knows what', '{"v":1,"proved":true}', []],
  ['nobody can tell what', '{"terms":{"user":7,"environment":null}}', []],
] as const)('since the proof changed: %s', (_, proof, changes, runtimes: readonly Runtime[] = [app]) => {
  expect(changesSinceProof(JSON.parse(proof), { ...scope, runtimes })).toEqual(changes)
})

test.each([
  ['of other sources', { age: 1, of: 'e'.repeat(64) }],
  ['that nobody proved', { age: 1, proof: '' }],
])('a base %s is not taken', async (_, made) => {
  const repository = repositoryOf(false)
  await push(repository, made)
  expect(await reuseBase(registry, repository, anyAge, tags, now)).toBeUndefined()
})

test.each([
  ['fresh', { age: 30 }],
  ['old', { age: 30.1 }],
  ['stale', { age: 40, of: 'e'.repeat(64) }],
  ['unproved', { age: 1, proof: provedFor(root, 'load') }],
  // As reproducible builders date their images: nothing is known of the age.
  ['fresh', { age: now / day }],
] as const)('it is %s: %j', async (state, made) => {
  const repository = repositoryOf(false)
  await push(repository, made)
  expect(await baseFreshness(registry, repository, 'latest', wanted, now)).toBe(state)
})
