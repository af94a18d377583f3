import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { defaultRetryPolicy } from '../../src/lib/domain/retry.js'
import { digestOf } from '../../src/lib/oci/verified.js'
import {
  absent,
  blobOf,
  clientOf,
  descriptorOf,
  impatientClock,
  standIn,
  type Answer,
  type Seen,
  type StandIn,
  loginAs,
} from './stand-in.js'

const open: StandIn[] = []
async function start(answer: (request: Seen, count: number) => Answer): Promise<StandIn> {
  const server = await standIn(answer)
  open.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

const uploadsPath = '/v2/app/blobs/uploads/'
const took = { status: 201 } as const
const opened = (location: string): Answer => ({ status: 202, headers: { location } })
const lines = ({ seen }: StandIn): string[] => seen.map(({ method, path }) => `${method} ${path}`)

describe('uploads', () => {
  const bytes = randomBytes(2_500_000)
  const blob = blobOf(bytes)

  test('are one POST and one PUT with the whole body, never a PATCH', async () => {
    const server = await start(({ method }) => (method === 'POST' ? opened('/upload/7?state=a%2Fb') : took))
    await clientOf(server.host).putBlob('app', blob)
    expect(lines(server)).toEqual([`POST ${uploadsPath}`, 'PUT /upload/7'])
    const put = server.seen[1]
    expect(put?.query.get('state')).toBe('a/b')
    expect(put?.query.get('digest')).toBe(blob.digest)
    expect(put?.headers['content-length']).toBe(String(bytes.length))
    expect(put?.headers['transfer-encoding']).toBeUndefined()
    expect(put?.body.equals(bytes)).toBe(true)
  })

  test('follow an absolute Location to another host without telling it who we are', async () => {
    const storage = await start(() => took)
    const server = await start(() => opened(`http://${storage.host}/signed?key=1`))
    const credentials = loginAs({ username: 'me', password: 'secret', scheme: 'basic' })
    await clientOf(server.host, { credentials }).putBlob('app', blob)
    expect(storage.seen[0]?.body.equals(bytes)).toBe(true)
    expect(server.seen[0]?.headers.authorization).toMatch(/^Basic /)
    expect(storage.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('begin again with a new POST when the connection breaks, and look whether the bytes had arrived', async () => {
    const server = await start(({ method }, count) => {
      if (method === 'POST') return opened('/upload/one')
      if (method === 'HEAD') return { status: 404 }
      return count === 1 ? { drop: true } : took
    })
    const clock = impatientClock()
    await clientOf(server.host, { clock }).putBlob('app', blob)
    expect(lines(server)).toEqual([
      `POST ${uploadsPath}`,
      'PUT /upload/one',
      `HEAD /v2/app/blobs/${blob.digest}`,
      `POST ${uploadsPath}`,
      'PUT /upload/one',
    ])
    expect(clock.pauses).toHaveLength(1)
  })

  test('are not sent twice when only the answer was lost', async () => {
    const server = await start(({ method }) => {
      if (method === 'POST') return opened('/upload/one')
      return method === 'HEAD' ? { status: 200 } : { drop: true }
    })
    await clientOf(server.host).putBlob('app', blob)
    expect(lines(server).filter((line) => line.startsWith('PUT'))).toHaveLength(1)
  })

  test('opened ahead are used, and given back when they are not', async () => {
    const server = await start(({ method }, count) => (method === 'POST' ? opened(`/upload/${count}`) : took))
    const client = clientOf(server.host)
    client.prepareUploads('app', 2)
    await client.putBlob('app', blob)
    await client.close()
    expect(lines(server).sort()).toEqual([
      'DELETE /upload/2',
      `POST ${uploadsPath}`,
      `POST ${uploadsPath}`,
      'PUT /upload/1',
    ])
  })

  test('use the session that a refused mount opened', async () => {
    const server = await start(({ method, query }) => {
      if (method === 'POST') return opened(query.has('mount') ? '/upload/from-mount' : '/upload/other')
      return took
    })
    const client = clientOf(server.host)
    expect(await client.mountBlob('app', blob.digest, 'base')).toBe(false)
    await client.putBlob('app', blob)
    expect(server.seen[0]?.query.get('from')).toBe('base')
    expect(lines(server)).toEqual([`POST ${uploadsPath}`, 'PUT /upload/from-mount'])
  })

  test('end when the caller no longer wants them', async () => {
    const stop = new AbortController()
    const server = await start(({ method }) => {
      if (method === 'POST') return opened('/upload/one')
      return took
    })
    const endless = {
      digest: absent,
      size: 100_000_000,
      async *open() {
        yield randomBytes(2_000_000)
        stop.abort(new Error('not needed'))
        yield randomBytes(2_000_000)
      },
    }
    await expect(clientOf(server.host).putBlob('app', endless, undefined, stop.signal)).rejects.toThrow('not needed')
  })

  test('of a source that is shorter than promised fail at once', async () => {
    const server = await start(({ method }) => (method === 'POST' ? opened('/upload/one') : took))
    const short = { ...blob, size: bytes.length + 1 }
    await expect(clientOf(server.host).putBlob('app', short)).rejects.toThrow(/gave 2500000 of 2500001 bytes/)
  })
})

describe('connections', () => {
  test('opened ahead are the ones that requests use', async () => {
    const server = await start(() => ({ status: 200 }))
    const client = clientOf(server.host)
    client.connect(3)
    const asked = await Promise.all(Array.from({ length: 3 }, () => client.hasBlob('app', absent)))
    expect(asked).toEqual([true, true, true])
    expect(server.connections()).toBe(3)
    await client.hasBlob('app', absent)
    expect(server.connections()).toBe(3)
    await client.close()
  })

  test('that cannot be opened ahead fail with the request that needs one', async () => {
    const server = await standIn(() => took)
    await server.close()
    const client = clientOf(server.host)
    client.connect(2)
    await expect(client.hasBlob('app', absent)).rejects.toMatchObject({ kind: 'unreachable' })
    await client.close()
  })
})

describe('downloads', () => {
  const bytes = randomBytes(300_000)
  const descriptor = descriptorOf(bytes)

  test('follow a redirect to storage without telling it who we are', async () => {
    const storage = await start(() => ({ status: 200, body: bytes }))
    const server = await start(() => ({
      status: 307,
      headers: { location: `http://${storage.host}/object?signature=x` },
    }))
    const credentials = loginAs({ username: 'me', password: 'secret', scheme: 'basic' })
    const read = await clientOf(server.host, { credentials }).getBlob('app', descriptor)
    expect(Buffer.from(read).equals(bytes)).toBe(true)
    expect(storage.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('go on where a broken connection left them', async () => {
    const server = await start(({ headers }) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
      if (from > 0) return { status: 206, body: bytes.subarray(from) }
      return { drop: true, headers: { 'content-length': String(bytes.length) }, before: bytes.subarray(0, 100_000) }
    })
    const read = await clientOf(server.host).getBlob('app', descriptor)
    expect(Buffer.from(read).equals(bytes)).toBe(true)
    expect(server.seen).toHaveLength(2)
  })

  test('begin again where the registry does not know ranges', async () => {
    const server = await start((_, count) => {
      if (count > 1) return { status: 200, body: bytes }
      return { drop: true, headers: { 'content-length': String(bytes.length) }, before: bytes.subarray(0, 100_000) }
    })
    expect(Buffer.from(await clientOf(server.host).getBlob('app', descriptor)).equals(bytes)).toBe(true)
  })

  test.each([
    ['other bytes', Buffer.from(bytes).fill(1, 7, 8)],
    ['fewer bytes', bytes.subarray(1)],
    ['more bytes', Buffer.concat([bytes, bytes])],
  ])('never give %s than the digest promises', async (_, body) => {
    const server = await start(() => ({ status: 200, body }))
    await expect(clientOf(server.host).getBlob('app', descriptor)).rejects.toMatchObject({ kind: 'unreachable' })
  })

  test.each([404, 410])('tell by undefined that there are no bytes (%i)', async (status) => {
    const server = await start(() => ({ status }))
    expect(await clientOf(server.host).openBlob('app', descriptor)).toBeUndefined()
  })
})

describe('manifests', () => {
  const manifest = Buffer.from('{"schemaVersion":2}')

  test.each(['docker-content-digest', 'reference'])('are checked against the %s', async (by) => {
    const headers: Record<string, string> = by === 'reference' ? {} : { 'docker-content-digest': absent }
    const server = await start(() => ({ status: 200, headers, body: manifest }))
    const reading = clientOf(server.host).getManifest('app', by === 'reference' ? absent : 'latest')
    await expect(reading).rejects.toThrow(`sent a manifest with ${digestOf(manifest)}`)
  })

  test('are read whole when a HEAD does not tell the digest', async () => {
    const server = await start(({ method }) => ({ status: 200, body: method === 'GET' ? manifest : '' }))
    expect((await clientOf(server.host).headManifest('app', 'latest'))?.digest).toBe(digestOf(manifest))
  })

  test('that are larger than any manifest are not read', async () => {
    const server = await start(() => ({ status: 200, body: Buffer.alloc(5 * 1024 * 1024) }))
    await expect(clientOf(server.host).getManifest('app', 'latest')).rejects.toMatchObject({ kind: 'unreachable' })
  })
})

describe('failures that pass', () => {
  test.each([429, 500, 502, 503, 504])('%i is tried again until it does not fail', async (status) => {
    const server = await start((_, count) => ({ status: count < 4 ? status : 200 }))
    const clock = impatientClock()
    expect(await clientOf(server.host, { clock }).hasBlob('app', absent)).toBe(true)
    expect(clock.pauses).toHaveLength(3)
  })

  test('a dropped connection is tried again', async () => {
    const server = await start((_, count) => (count < 3 ? { drop: true } : { status: 200 }))
    expect(await clientOf(server.host).hasBlob('app', absent)).toBe(true)
  })

  test('Retry-After is waited for', async () => {
    const server = await start((_, count) =>
      count === 1 ? { status: 429, headers: { 'retry-after': '7' } } : { status: 200 },
    )
    const clock = impatientClock()
    await clientOf(server.host, { clock }).hasBlob('app', absent)
    expect(clock.pauses).toEqual([7000])
  })

  test('an hour is not waited for', async () => {
    const server = await start(() => ({ status: 429, headers: { 'retry-after': '3600' } }))
    await expect(clientOf(server.host).hasBlob('app', absent)).rejects.toMatchObject({ status: 429 })
    expect(server.seen).toHaveLength(1)
  })

  test('trying again has an end', async () => {
    const server = await start(() => ({ status: 503 }))
    await expect(clientOf(server.host).hasBlob('app', absent)).rejects.toMatchObject({ status: 503 })
    expect(server.seen).toHaveLength(defaultRetryPolicy.attempts)
  })

  test('a refusal is not tried again', async () => {
    const server = await start(() => ({ status: 403 }))
    await expect(clientOf(server.host).hasBlob('app', absent)).rejects.toMatchObject({ status: 403 })
    expect(server.seen).toHaveLength(1)
  })
})

describe('what a failure says', () => {
  test('who was asked for what, the status and the registry’s own words', async () => {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'requested access\u001b[31m is denied' }] })
    const server = await start(() => ({ status: 403, body }))
    await expect(clientOf(server.host).putManifest('app', 'latest', 'x', Buffer.from('{}'))).rejects.toThrow(
      `${server.host} refused to store the manifest app:latest: 403 DENIED: requested access [31m is denied`,
    )
  })

  test('that a repository must be made first', async () => {
    const body = JSON.stringify({ errors: [{ code: 'NAME_UNKNOWN', message: 'no such repository' }] })
    const server = await start(() => ({ status: 404, body }))
    await expect(clientOf(server.host).putBlob('app', blobOf(randomBytes(3)))).rejects.toMatchObject({
      next: [`create the repository at ${server.host}, or correct its name`],
    })
  })

  test('that https was asked of a registry that speaks http', async () => {
    const server = await start(() => took)
    const client = clientOf(server.host, { endpoint: `https://${server.host}` })
    await expect(client.hasBlob('app', absent)).rejects.toMatchObject({
      next: [`${server.host} does not speak https: check the registry's address`],
    })
  })

  test('that nothing listens there', async () => {
    const server = await standIn(() => took)
    await server.close()
    await expect(clientOf(server.host).hasBlob('app', absent)).rejects.toMatchObject({
      message: `could not look for the blob ${absent} in app at ${server.host}: ECONNREFUSED`,
      next: [`check that a registry is listening at ${server.host}`],
    })
  })

  test('no part of a signed address', async () => {
    const storage = await start(() => ({ status: 403 }))
    const location = `http://${storage.host}/object?X-Amz-Signature=deadbeef`
    const server = await start(() => ({ status: 307, headers: { location } }))
    const failure = await clientOf(server.host)
      .openBlob('app', descriptorOf(randomBytes(3)))
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 403 })
    expect(inspect(failure, { depth: 9 })).not.toContain('deadbeef')
  })
})
