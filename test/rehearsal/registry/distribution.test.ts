import { describe, expect, test } from 'vitest'
import {
  codeOf,
  dockerList,
  dockerManifest,
  imageManifest,
  ociIndex,
  ociManifest,
  sha256,
  startRegistry,
  type TestRegistry,
} from './support.js'

const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config: {} }))
const layer = Buffer.from('a layer of some bytes')

async function pushImage(server: TestRegistry, repository: string, reference: string, extra = {}): Promise<string> {
  await server.pushBlob(repository, config)
  await server.pushBlob(repository, layer)
  const body = imageManifest({ config, layers: [layer] }, extra)
  const put = await server.call('PUT', `/v2/${repository}/manifests/${reference}`, {
    headers: { 'Content-Type': ociManifest },
    body,
  })
  expect(put.status).toBe(201)
  expect(put.headers.get('docker-content-digest')).toBe(sha256(body))
  return body
}

describe('the version check', () => {
  test('answers 200 and names the API', async () => {
    const server = await startRegistry()
    const response = await server.call('GET', '/v2/')
    expect(response.status).toBe(200)
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
    expect((await server.call('GET', '/v2')).status).toBe(200)
  })

  test('leaves every other path to others', async () => {
    const server = await startRegistry()
    const response = await server.call('GET', '/v3/')
    expect([response.status, response.headers.get('docker-distribution-api-version')]).toEqual([404, null])
  })
})

describe('blobs', () => {
  test('are read whole, by HEAD and by range', async () => {
    const server = await startRegistry()
    const digest = await server.pushBlob('team/app', layer)
    const path = `/v2/team/app/blobs/${digest}`
    const head = await server.call('HEAD', path)
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(layer.length)])
    const whole = await server.call('GET', path)
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(layer)
    const part = await server.call('GET', path, { headers: { Range: 'bytes=2-6' } })
    expect([part.status, await part.text()]).toEqual([206, 'layer'])
    expect(part.headers.get('content-range')).toBe(`bytes 2-6/${layer.length}`)
    const beyond = await server.call('GET', path, { headers: { Range: 'bytes=900-' } })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${layer.length}`])
    const encoded = await server.call('HEAD', path.replace('sha256:', 'sha256%3A'))
    expect(encoded.status).toBe(200)
  })

  test('of no bytes are blobs too', async () => {
    const server = await startRegistry()
    const digest = await server.pushBlob('app', new Uint8Array())
    const response = await server.call('GET', `/v2/app/blobs/${digest}`)
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test('belong to the repository that they were pushed to', async () => {
    const server = await startRegistry()
    const digest = await server.pushBlob('one', layer)
    await server.pushBlob('two', config)
    const response = await server.call('GET', `/v2/two/blobs/${digest}`)
    expect([response.status, await codeOf(response)]).toEqual([404, 'BLOB_UNKNOWN'])
  })

  test('refuse what is no digest and what is no repository', async () => {
    const server = await startRegistry()
    await server.pushBlob('app', layer)
    const digest = sha256('nothing')
    expect(await codeOf(await server.call('GET', '/v2/app/blobs/sha256:12'))).toBe('DIGEST_INVALID')
    expect(await codeOf(await server.call('GET', `/v2/other/blobs/${digest}`))).toBe('NAME_UNKNOWN')
    expect(await codeOf(await server.call('GET', `/v2/Bad/blobs/${digest}`))).toBe('NAME_INVALID')
    const head = await server.call('HEAD', `/v2/other/blobs/${digest}`)
    expect([head.status, await head.text()]).toEqual([404, ''])
  })

  test('are deleted from one repository and kept for another', async () => {
    const server = await startRegistry()
    const digest = await server.pushBlob('one', layer)
    await server.pushBlob('two', layer)
    expect((await server.call('DELETE', `/v2/one/blobs/${digest}`)).status).toBe(202)
    expect((await server.call('GET', `/v2/one/blobs/${digest}`)).status).toBe(404)
    const kept = await server.call('GET', `/v2/two/blobs/${digest}`)
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(layer)
  })

  test('are mounted from another repository', async () => {
    const server = await startRegistry()
    const digest = await server.pushBlob('base', layer)
    const mounted = await server.call('POST', `/v2/app/blobs/uploads/?mount=${digest}&from=base`)
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/app/blobs/${digest}`])
    expect((await server.call('HEAD', `/v2/app/blobs/${digest}`)).status).toBe(200)
    const absent = await server.call('POST', `/v2/app/blobs/uploads/?mount=${sha256('x')}&from=base`)
    expect([absent.status, absent.headers.get('location')]).toEqual([202, expect.stringContaining('/uploads/')])
  })

  test('answer a method that they do not have with what they have', async () => {
    const server = await startRegistry()
    const digest = await server.pushBlob('app', layer)
    const response = await server.call('POST', `/v2/app/blobs/${digest}`)
    expect([response.status, response.headers.get('allow'), await codeOf(response)]).toEqual([
      405,
      'GET, HEAD, DELETE',
      'UNSUPPORTED',
    ])
  })
})

describe('manifests', () => {
  test('are read by tag and by digest, byte for byte', async () => {
    const server = await startRegistry()
    const body = await pushImage(server, 'team/app', 'v1')
    for (const reference of ['v1', sha256(body)]) {
      const response = await server.call('GET', `/v2/team/app/manifests/${reference}`)
      expect(response.headers.get('content-type')).toBe(ociManifest)
      expect(response.headers.get('docker-content-digest')).toBe(sha256(body))
      expect(await response.text()).toBe(body)
      const head = await server.call('HEAD', `/v2/team/app/manifests/${reference}`)
      expect([head.headers.get('content-length'), await head.text()]).toEqual([String(body.length), ''])
    }
  })

  test('move a tag and stay under their digest', async () => {
    const server = await startRegistry()
    const first = await pushImage(server, 'app', 'latest')
    const second = await pushImage(server, 'app', 'latest', { annotations: { build: '2' } })
    expect(await (await server.call('GET', '/v2/app/manifests/latest')).text()).toBe(second)
    expect(await (await server.call('GET', `/v2/app/manifests/${sha256(first)}`)).text()).toBe(first)
  })

  test('without their blobs are refused', async () => {
    const server = await startRegistry()
    await server.pushBlob('app', config)
    const response = await server.call('PUT', '/v2/app/manifests/v1', {
      headers: { 'Content-Type': ociManifest },
      body: imageManifest({ config, layers: [layer] }),
    })
    const body = await response.json()
    expect(response.status).toBe(400)
    expect(body).toMatchObject({
      errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: { digests: [sha256(layer)] } }],
    })
    expect((await server.call('GET', '/v2/app/manifests/v1')).status).toBe(404)
  })

  test.each([
    ['no JSON', ociManifest, '{', 'MANIFEST_INVALID'],
    ['another media type inside', dockerManifest, imageManifest({ config, layers: [layer] }), 'MANIFEST_INVALID'],
    ['a media type that is no image', 'text/plain', imageManifest({ config, layers: [layer] }), 'MANIFEST_INVALID'],
    ['schema 1', ociManifest, JSON.stringify({ schemaVersion: 1 }), 'MANIFEST_INVALID'],
    [
      'a wrong size',
      ociManifest,
      imageManifest({ config, layers: [layer] }).replace(`"size":${layer.length}`, '"size":7'),
      'SIZE_INVALID',
    ],
  ])('with %s are refused', async (_, mediaType, body, code) => {
    const server = await startRegistry()
    await server.pushBlob('app', config)
    await server.pushBlob('app', layer)
    const response = await server.call('PUT', '/v2/app/manifests/v1', { headers: { 'Content-Type': mediaType }, body })
    expect([response.status, await codeOf(response)]).toEqual([400, code])
  })

  test('may have no layers, as null too', async () => {
    const server = await startRegistry()
    await server.pushBlob('app', config)
    const put = (layers: unknown) =>
      server.call('PUT', '/v2/app/manifests/v1', {
        headers: { 'Content-Type': ociManifest },
        body: imageManifest({ config, layers: [] }, { layers }),
      })
    expect((await put([])).status).toBe(201)
    expect((await put(null)).status).toBe(201)
    expect(await codeOf(await put({}))).toBe('MANIFEST_INVALID')
  })

  test('under another digest, a bad tag or beyond 4 MiB are refused', async () => {
    const server = await startRegistry()
    await pushImage(server, 'app', 'v1')
    const headers = { 'Content-Type': ociManifest }
    const put = (reference: string, body: string) =>
      server.call('PUT', `/v2/app/manifests/${reference}`, { headers, body })
    expect(await codeOf(await put(sha256('x'), imageManifest({ config, layers: [layer] })))).toBe('DIGEST_INVALID')
    expect(await codeOf(await put('-bad', imageManifest({ config, layers: [layer] })))).toBe('TAG_INVALID')
    const large = imageManifest({ config, layers: [layer] }, { annotations: { filler: 'x'.repeat(4 * 1024 * 1024) } })
    expect((await put('v2', large)).status).toBe(413)
  })

  test('of an index need their children, and clients without indexes get linux/amd64 by tag', async () => {
    const server = await startRegistry()
    const body = await pushImage(server, 'app', 'child')
    const child = { mediaType: ociManifest, digest: sha256(body), size: body.length }
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: ociIndex,
      manifests: [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }],
    })
    const headers = { 'Content-Type': ociIndex }
    expect((await server.call('PUT', '/v2/app/manifests/multi', { headers, body: index })).status).toBe(201)
    const orphan = index.replace(child.digest, sha256('orphan'))
    expect(await codeOf(await server.call('PUT', '/v2/app/manifests/bad', { headers, body: orphan }))).toBe(
      'MANIFEST_BLOB_UNKNOWN',
    )
    const as = (reference: string, accept: string) =>
      server.call('GET', `/v2/app/manifests/${reference}`, { headers: { Accept: accept } })
    expect(await (await as('multi', `${ociIndex}, ${ociManifest}`)).text()).toBe(index)
    expect(await (await as('multi', '*/*')).text()).toBe(index)
    expect(await (await as('multi', ociManifest)).text()).toBe(body)
    expect(await codeOf(await as(sha256(index), ociManifest))).toBe('MANIFEST_UNKNOWN')
    expect(await codeOf(await as('multi', `${dockerManifest}, ${dockerList}`))).toBe('MANIFEST_UNKNOWN')
  })

  test('are deleted: a tag alone, or a digest with its tags', async () => {
    const server = await startRegistry()
    const body = await pushImage(server, 'app', 'v1')
    await pushImage(server, 'app', 'v2')
    expect((await server.call('DELETE', '/v2/app/manifests/v1')).status).toBe(202)
    expect((await server.call('GET', '/v2/app/manifests/v1')).status).toBe(404)
    expect((await server.call('GET', '/v2/app/manifests/v2')).status).toBe(200)
    expect((await server.call('DELETE', `/v2/app/manifests/${sha256(body)}`)).status).toBe(202)
    expect(await codeOf(await server.call('GET', '/v2/app/manifests/v2'))).toBe('MANIFEST_UNKNOWN')
    expect(await (await server.call('GET', '/v2/app/tags/list')).json()).toEqual({ name: 'app', tags: [] })
  })
})

describe('lists', () => {
  test('of tags come sorted and in pages that lead to the next', async () => {
    const server = await startRegistry()
    for (const tag of ['c', 'a', 'd', 'b']) await pushImage(server, 'team/app', tag)
    const seen: string[] = []
    let next: string | undefined = '/v2/team/app/tags/list?n=3'
    let pages = 0
    while (next !== undefined) {
      const response: Response = await server.call('GET', next)
      seen.push(...((await response.json()) as { tags: string[] }).tags)
      next = /<(.+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
      pages += 1
    }
    expect([seen, pages]).toEqual([['a', 'b', 'c', 'd'], 2])
    const none = await server.call('GET', '/v2/team/app/tags/list?n=0')
    expect([await none.json(), none.headers.get('link')]).toEqual([{ name: 'team/app', tags: [] }, null])
    expect(await codeOf(await server.call('GET', '/v2/team/app/tags/list?n=x'))).toBe('PAGINATION_NUMBER_INVALID')
    expect(await codeOf(await server.call('GET', '/v2/none/tags/list'))).toBe('NAME_UNKNOWN')
  })

  test('of repositories', async () => {
    const server = await startRegistry()
    for (const name of ['b', 'a/c', 'a']) await server.pushBlob(name, layer)
    expect(await (await server.call('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['a', 'a/c', 'b'] })
    const page = await server.call('GET', '/v2/_catalog?n=1&last=a')
    expect(await page.json()).toEqual({ repositories: ['a/c'] })
    expect(page.headers.get('link')).toBe('</v2/_catalog?n=1&last=a%2Fc>; rel="next"')
  })

  test('of referrers, by artifact type if asked', async () => {
    const server = await startRegistry()
    const subject = sha256(await pushImage(server, 'app', 'v1'))
    const attached = { subject: { mediaType: ociManifest, digest: subject, size: 1 }, annotations: { note: 'x' } }
    const sbom = await pushImage(server, 'app', 'sbom', { ...attached, artifactType: 'application/spdx+json' })
    const other = await pushImage(server, 'app', 'other', attached)
    const all = await server.call('GET', `/v2/app/referrers/${subject}`)
    expect(all.headers.get('content-type')).toBe(ociIndex)
    const { manifests } = (await all.json()) as { manifests: { digest: string }[] }
    expect(manifests.map(({ digest }) => digest).sort()).toEqual([sha256(sbom), sha256(other)].sort())
    const some = await server.call('GET', `/v2/app/referrers/${subject}?artifactType=application%2Fspdx%2Bjson`)
    expect(some.headers.get('oci-filters-applied')).toBe('artifactType')
    expect(await some.json()).toMatchObject({
      schemaVersion: 2,
      manifests: [{ digest: sha256(sbom), artifactType: 'application/spdx+json', annotations: { note: 'x' } }],
    })
    const none = await server.call('GET', `/v2/app/referrers/${sha256('nobody')}`)
    expect([none.status, await none.json()]).toMatchObject([200, { manifests: [] }])
  })

  test('a push with a subject says that the registry keeps its referrers', async () => {
    const server = await startRegistry()
    await server.pushBlob('app', config)
    await server.pushBlob('app', layer)
    const subject = { mediaType: ociManifest, digest: sha256('later'), size: 5 }
    const response = await server.call('PUT', '/v2/app/manifests/signature', {
      headers: { 'Content-Type': ociManifest },
      body: imageManifest({ config, layers: [layer] }, { subject }),
    })
    expect(response.headers.get('oci-subject')).toBe(subject.digest)
  })
})
