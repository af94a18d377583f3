import { describe, expect, test } from 'vitest'
import { codeOf, imageManifest, ociManifest, sha256, startRegistry } from './support.js'

const layer = Buffer.from('some layer')
const config = Buffer.from('{}')

const hours = 60 * 60 * 1000

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

describe('authorization', () => {
  test('is asked for everywhere, with a Basic challenge', async () => {
    const server = await startRegistry({ uploads: 'ecr' })
    for (const path of ['/v2/', '/v2/_catalog', '/v2/app/manifests/v1']) {
      const response = await server.call('GET', path)
      expect([response.status, await codeOf(response)]).toEqual([401, 'UNAUTHORIZED'])
      expect(response.headers.get('www-authenticate')).toBe(`Basic realm="${server.url}/",service="ecr.amazonaws.com"`)
    }
  })

  test('takes the password that was given out, and no other', async () => {
    const server = await startRegistry({ uploads: 'ecr' })
    const { password } = server.registry.authorization.issue(server.clock.now)
    const get = async (headers: Record<string, string>) => (await server.call('GET', '/v2/', { headers })).status
    expect(await get(basic('AWS', password))).toBe(200)
    expect(await get(basic('aws', password))).toBe(401)
    expect(await get(basic('AWS', ''))).toBe(401)
    expect(await get({ Authorization: `Bearer ${password}` })).toBe(401)
    const forged = Buffer.from(password, 'base64').toString().replace(/^\d/, '9')
    expect(await get(basic('AWS', Buffer.from(forged).toString('base64')))).toBe(401)
    const other = await startRegistry({ uploads: 'ecr' })
    expect((await other.call('GET', '/v2/', { headers: basic('AWS', password) })).status).toBe(401)
  })

  test('ends after 12 hours of the virtual clock', async () => {
    const server = await startRegistry({ uploads: 'ecr' })
    const { password, expiresAt } = server.registry.authorization.issue(server.clock.now)
    expect(expiresAt).toBe(server.clock.now + 12 * hours)
    server.clock.now = expiresAt - 1
    expect((await server.call('GET', '/v2/', { headers: basic('AWS', password) })).status).toBe(200)
    server.clock.now = expiresAt
    const late = await server.call('GET', '/v2/', { headers: basic('AWS', password) })
    expect([late.status, await late.json()]).toEqual([
      403,
      { errors: [{ code: 'DENIED', message: expect.stringContaining('authorization token has expired') }] },
    ])
  })
})

describe('repositories', () => {
  test('must exist before a push', async () => {
    const server = await startRegistry({ uploads: 'ecr', auth: 'none', accountId: '210987654321' })
    const response = await server.call('POST', '/v2/app/blobs/uploads/')
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { errors: [{ code: 'NAME_UNKNOWN', message: expect.stringContaining("'app' does not exist") }] },
    ])
    const put = await server.call('PUT', '/v2/app/manifests/v1', { body: '{}' })
    expect(await codeOf(put)).toBe('NAME_UNKNOWN')
    server.registry.store.repositories.create('app', { createdAt: 0 })
    expect((await server.call('POST', '/v2/app/blobs/uploads/')).status).toBe(202)
  })

  test('may be made by a push where that is switched on', async () => {
    const server = await startRegistry({ uploads: 'ecr', auth: 'none', createOnPush: true })
    expect((await server.call('POST', '/v2/app/blobs/uploads/')).status).toBe(202)
    expect(server.registry.store.repositories.find('app')?.createdAt).toBe(server.clock.now)
  })
})

test('mounts follow the account setting', async () => {
  const server = await startRegistry({ uploads: 'ecr', auth: 'none', createOnPush: true })
  const digest = await server.pushBlob('base', layer)
  const mount = async () => (await server.call('POST', `/v2/app/blobs/uploads/?mount=${digest}&from=base`)).status
  expect(await mount()).toBe(202)
  server.registry.store.settings.BLOB_MOUNTING = 'ENABLED'
  expect(await mount()).toBe(201)
  server.registry.store.settings.BLOB_MOUNTING = 'DISABLED'
  expect(await mount()).toBe(202)
})

test('immutable tags stay where they are, and a repeated push of the same image is none', async () => {
  const server = await startRegistry({ uploads: 'ecr', auth: 'none' })
  server.registry.store.repositories.create('app', {
    createdAt: 0,
    tagMutability: { mode: 'IMMUTABLE_WITH_EXCLUSION', exclusions: ['live-*'] },
  })
  await server.pushBlob('app', layer)
  await server.pushBlob('app', config)
  const push = (tag: string, build: string) =>
    server.call('PUT', `/v2/app/manifests/${tag}`, {
      headers: { 'Content-Type': ociManifest },
      body: imageManifest({ config, layers: [layer] }, { annotations: { build } }),
    })
  expect((await push('v1', '1')).status).toBe(201)
  expect((await push('v1', '1')).status).toBe(201)
  const moved = await push('v1', '2')
  expect([moved.status, await moved.json()]).toMatchObject([
    400,
    {
      errors: [
        {
          code: 'TAG_INVALID',
          message:
            "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.",
        },
      ],
    },
  ])
  // Nothing of the refused push is there.
  const second = sha256(imageManifest({ config, layers: [layer] }, { annotations: { build: '2' } }))
  expect((await server.call('HEAD', `/v2/app/manifests/${second}`)).status).toBe(404)
  expect((await push('live-1', '1')).status).toBe(201)
  expect((await push('live-1', '2')).status).toBe(201)
})
