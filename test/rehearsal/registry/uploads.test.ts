import { request as httpRequest } from 'node:http'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codeOf, sha256, startRegistry, type TestRegistry } from './support.js'

const bytes = Buffer.from('0123456789abcdefghij')

async function begin(server: TestRegistry, repository = 'app'): Promise<string> {
  const response = await server.call('POST', `/v2/${repository}/blobs/uploads/`)
  expect(response.status).toBe(202)
  return response.headers.get('location') ?? ''
}

async function stored(server: TestRegistry, content: Uint8Array): Promise<Buffer> {
  const response = await server.call('GET', `/v2/app/blobs/${sha256(content)}`)
  return Buffer.from(await response.arrayBuffer())
}

describe('by the specification', () => {
  test('one POST with the digest is enough', async () => {
    const server = await startRegistry()
    const path = `/v2/app/blobs/uploads/?digest=${sha256(bytes)}`
    const response = await server.call('POST', path, { body: bytes })
    expect([response.status, response.headers.get('location')]).toEqual([201, `/v2/app/blobs/${sha256(bytes)}`])
    expect(await stored(server, bytes)).toEqual(bytes)
  })

  test('POST, then one PUT', async () => {
    const server = await startRegistry()
    const response = await server.call('PUT', `${await begin(server)}?digest=${sha256(bytes)}`, { body: bytes })
    expect([response.status, response.headers.get('docker-content-digest')]).toEqual([201, sha256(bytes)])
    expect(await stored(server, bytes)).toEqual(bytes)
  })

  test('chunks move the range, a status call tells it, and the last may come with the PUT', async () => {
    const server = await startRegistry()
    const upload = await begin(server)
    const first = await server.call('PATCH', upload, {
      headers: { 'Content-Range': '0-7' },
      body: bytes.subarray(0, 8),
    })
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-7'])
    const second = await server.call('PATCH', upload, { body: bytes.subarray(8, 12) })
    expect([second.status, second.headers.get('range')]).toEqual([202, '0-11'])
    const status = await server.call('GET', upload)
    expect([status.status, status.headers.get('range'), status.headers.get('location')]).toEqual([204, '0-11', upload])
    const put = await server.call('PUT', `${upload}?digest=${sha256(bytes)}`, {
      headers: { 'Content-Range': '12-19' },
      body: bytes.subarray(12),
    })
    expect(put.status).toBe(201)
    expect(await stored(server, bytes)).toEqual(bytes)
    expect(await codeOf(await server.call('GET', upload))).toBe('BLOB_UPLOAD_UNKNOWN')
  })

  test('a chunk out of order is refused with the place to go on, also in the PUT', async () => {
    const server = await startRegistry()
    const upload = await begin(server)
    await server.call('PATCH', upload, { body: bytes.subarray(0, 8) })
    const headers = { 'Content-Range': '12-15' }
    for (const [method, path] of [
      ['PATCH', upload],
      ['PUT', `${upload}?digest=${sha256(bytes)}`],
    ] as const) {
      const early = await server.call(method, path, { headers, body: bytes.subarray(12, 16) })
      expect([early.status, early.headers.get('range')]).toEqual([416, '0-7'])
    }
    const put = await server.call('PUT', `${upload}?digest=${sha256(bytes)}`, { body: bytes.subarray(8) })
    expect(put.status).toBe(201)
  })

  test('wrong content, a wrong range and no digest are refused, and nothing of it stays', async () => {
    const server = await startRegistry()
    const put = async (query: string, headers = {}) =>
      codeOf(await server.call('PUT', `${await begin(server)}${query}`, { headers, body: bytes }))
    expect(await put(`?digest=${sha256('other')}`)).toBe('DIGEST_INVALID')
    expect(await put('')).toBe('DIGEST_INVALID')
    expect(await put(`?digest=${sha256(bytes)}`, { 'Content-Range': '0-5' })).toBe('SIZE_INVALID')
    expect(await put(`?digest=${sha256(bytes)}`, { 'Content-Range': 'some' })).toBe('BLOB_UPLOAD_INVALID')
    expect((await server.call('HEAD', `/v2/app/blobs/${sha256(bytes)}`)).status).toBe(404)
  })

  test('an upload is cancelled, and is none of another repository', async () => {
    const server = await startRegistry()
    const upload = await begin(server)
    await begin(server, 'other')
    expect((await server.call('GET', upload.replace('/app/', '/other/'))).status).toBe(404)
    expect((await server.call('DELETE', upload)).status).toBe(204)
    expect((await server.call('PATCH', upload, { body: bytes })).status).toBe(404)
  })

  test('a client that breaks off goes on where the registry stopped', async () => {
    const server = await startRegistry()
    const upload = await begin(server)
    const broken = httpRequest(new URL(upload, server.url), { method: 'PATCH', headers: { 'Content-Length': 20 } })
    broken.on('error', () => undefined)
    broken.write(bytes.subarray(0, 5))
    // The 409 that a second writer gets tells that the first has reached the registry.
    while ((await server.call('GET', upload)).status === 204) await new Promise(setImmediate)
    broken.destroy()
    await new Promise((resolve) => broken.once('close', resolve))
    let status = await server.call('GET', upload)
    // As long as the registry has not noticed.
    while (status.status === 409) status = await server.call('GET', upload)
    const [, end = '0'] = (status.headers.get('range') ?? '').split('-')
    const received = status.headers.get('range') === '0-0' ? 0 : Number(end) + 1
    expect(received).toBeLessThanOrEqual(5)
    const put = await server.call('PUT', `${upload}?digest=${sha256(bytes)}`, { body: bytes.subarray(received) })
    expect(put.status).toBe(201)
    expect(await stored(server, bytes)).toEqual(bytes)
  })

  test('the same blob pushed by many at once is one blob', async () => {
    const server = await startRegistry()
    const content = Buffer.alloc(3_000_000, 'same')
    const digests = await Promise.all(['app', 'app', 'one', 'two', 'app'].map((name) => server.pushBlob(name, content)))
    expect(new Set(digests)).toEqual(new Set([sha256(content)]))
    expect((await stored(server, content)).equals(content)).toBe(true)
  })

  test('any content in any chunks arrives as it was', async () => {
    const server = await startRegistry()
    const chunks = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.boolean(), async (parts, stateRanges) => {
        const whole = Buffer.concat(parts)
        const upload = await begin(server)
        let sent = 0
        for (const part of parts) {
          const range = { 'Content-Range': `${sent}-${sent + part.length - 1}` }
          const headers = stateRanges && part.length > 0 ? range : {}
          const patch = await server.call('PATCH', upload, { headers, body: part })
          sent += part.length
          expect([patch.status, patch.headers.get('range')]).toEqual([202, `0-${Math.max(0, sent - 1)}`])
        }
        expect((await server.call('PUT', `${upload}?digest=${sha256(whole)}`)).status).toBe(201)
        expect(await stored(server, whole)).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })
})

const startEcr = (): Promise<TestRegistry> => startRegistry({ uploads: 'ecr', auth: 'none', createOnPush: true })

describe('as ECR', () => {
  const chunk = 5 * 1024 * 1024
  test('chunks answer 201 and a range that stays, while the bytes are kept', async () => {
    const server = await startEcr()
    const upload = await begin(server)
    const content = Buffer.alloc(2 * chunk + 10, 'x').fill('y', chunk)
    const first = await server.call('PATCH', upload, { body: content.subarray(0, chunk) })
    expect([first.status, first.headers.get('range')]).toEqual([201, `0-${chunk - 1}`])
    const second = await server.call('PATCH', upload, { body: content.subarray(chunk, 2 * chunk) })
    expect([second.status, second.headers.get('range')]).toEqual([201, `0-${chunk - 1}`])
    // Who believes the range and sends the second chunk again is refused.
    const again = await server.call('PATCH', upload, {
      headers: { 'Content-Range': `${chunk}-${2 * chunk - 1}` },
      body: content.subarray(chunk, 2 * chunk),
    })
    expect(again.status).toBe(416)
    const put = await server.call('PUT', `${upload}?digest=${sha256(content)}`, { body: content.subarray(2 * chunk) })
    expect(put.status).toBe(201)
    expect((await stored(server, content)).equals(content)).toBe(true)
  })

  test('small chunks are refused at the end, unless there is one only', async () => {
    const server = await startEcr()
    const many = await begin(server)
    await server.call('PATCH', many, { body: bytes.subarray(0, 8) })
    await server.call('PATCH', many, { body: bytes.subarray(8) })
    const refused = await server.call('PUT', `${many}?digest=${sha256(bytes)}`)
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { errors: [{ code: 'BLOB_UPLOAD_INVALID', message: expect.stringContaining('5MB') }] },
    ])
    const one = await begin(server)
    await server.call('PATCH', one, { body: bytes })
    expect((await server.call('PUT', `${one}?digest=${sha256(bytes)}`)).status).toBe(201)
  })

  test('POST and one PUT work, and a wrong digest has its own words', async () => {
    const server = await startEcr()
    const wrong = await server.call('PUT', `${await begin(server)}?digest=${sha256('other')}`, { body: bytes })
    expect(await codeOf(wrong)).toBe('BLOB_UPLOAD_INVALID')
    const right = await server.call('PUT', `${await begin(server)}?digest=${sha256(bytes)}`, { body: bytes })
    expect(right.status).toBe(201)
  })
})
