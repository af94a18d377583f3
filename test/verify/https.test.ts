import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HttpsPlan } from '../../src/lib/domain/verify-plan.js'
import type { VerifiedLine } from '../../src/lib/domain/verification.js'
import { requires } from '../support/requires.js'
import { createAuthority, type Authority, type Credentials } from './certificates.js'
import { check, endpoint, realPorts } from './plans.js'
import { closedPort, serveHttp, serveHttps, serveSockets } from './servers.js'

const legacy = { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const

/** What a browser would think of a server with this certificate; its plain HTTP redirects as it should. */
async function look(
  authority: Authority,
  credentials: Credentials,
  { host = 'localhost', trusted = true, tls = {}, https = {} }: Partial<Look> = {},
): Promise<Readonly<Record<string, VerifiedLine>>> {
  const port = await serveHttps({ ...credentials, ...tls }, (_request, response) => {
    response.writeHead(200, { 'strict-transport-security': 'max-age=31536000' }).end('ok')
  })
  const httpPort = await serveHttp((request, response) => {
    response.writeHead(301, { location: `https://${host}:${port}${request.url}` }).end()
  })
  const ports = realPorts(trusted ? [authority.root] : [])
  return check({ url: `https://${host}:${port}`, https: { minDays: 14, httpPort, paths: [], ...https } }, ports)
}

interface Look {
  readonly host: string
  readonly trusted: boolean
  readonly tls: object
  readonly https: Partial<HttpsPlan>
}

requires('openssl').describe('a certificate', () => {
  let authority: Authority
  beforeAll(() => {
    authority = createAuthority()
  })
  afterAll(() => authority.remove())

  test('that is trusted, for the name and good for a month is well', async () => {
    const checks = await look(authority, authority.issue())
    expect(checks['certificate']).toMatchObject({ result: 'ok', detail: 'for localhost, 29 days left' })
    expect(checks['certificate']?.evidence).toEqual([
      expect.stringMatching(/^rampart test server \(localhost, 127\.0\.0\.1\), issued by rampart test issuer, \d{4}-/),
      expect.stringMatching(/^rampart test issuer, issued by rampart test root, /),
    ])
    expect(checks['tls-version']).toMatchObject({ result: 'ok', detail: 'TLSv1.3' })
    expect(checks['https-redirect']).toMatchObject({ result: 'ok' })
    expect(checks['hsts']).toMatchObject({ result: 'ok', detail: 'max-age=31536000' })
  })

  test('that ends soon is named with the days that are left', async () => {
    const { certificate } = await look(authority, authority.issue({ days: 5 }), { https: { minDays: 21 } })
    expect(certificate).toMatchObject({ result: 'fail', detail: 'the certificate has 4 days left, fewer than 21' })
  })

  test('that has expired is named with its day, once', async () => {
    const { certificate, ...others } = await look(authority, authority.issue({ days: -1 }))
    expect(certificate?.result).toBe('fail')
    expect(certificate?.detail).toMatch(/^the certificate expired on \d{4}-\d\d-\d\d$/)
    expect(certificate?.findings).toHaveLength(1)
    expect(others['tls-version']?.result).toBe('ok')
    expect(others['hsts']).toMatchObject({ result: 'skip', detail: 'no answer: the certificate has expired' })
  })

  test('for another name says for which', async () => {
    const { certificate } = await look(authority, authority.issue({ names: 'DNS:other.example.com' }))
    expect(certificate).toMatchObject({
      result: 'fail',
      detail: 'the certificate is not for localhost, but for other.example.com',
      remedy: 'use a certificate for localhost',
    })
    expect(certificate?.findings).toHaveLength(1)
  })

  test('that has expired and is for another name is wrong twice', async () => {
    const wrong = authority.issue({ names: 'DNS:other.example.com', days: -1 })
    expect((await look(authority, wrong))['certificate']?.findings).toHaveLength(2)
  })

  test('may be for an address', async () => {
    const { certificate } = await look(authority, authority.issue(), { host: '127.0.0.1' })
    expect(certificate).toMatchObject({ result: 'ok', detail: 'for 127.0.0.1, 29 days left' })
  })

  test('of an authority that nobody knows is not trusted', async () => {
    const { certificate } = await look(authority, authority.issue(), { trusted: false })
    expect(certificate?.result).toBe('fail')
    expect(certificate?.detail).toMatch(/^the certificate is issued by an authority that is not trusted here \(/)
  })

  test('without the one in between is not trusted', async () => {
    const { certificate } = await look(authority, authority.issue({ complete: false }))
    expect(certificate?.result).toBe('fail')
    expect(certificate?.detail).toMatch(/^the server does not send the certificates in between \(/)
  })

  test('that is signed by itself is not trusted', async () => {
    const { certificate } = await look(authority, authority.selfSigned())
    expect(certificate).toMatchObject({ result: 'fail' })
    expect(certificate?.detail).toBe('the certificate is signed by itself alone (DEPTH_ZERO_SELF_SIGNED_CERT)')
  })

  test('an endpoint behind a bad one fails by its name, and not as an outage', async () => {
    const port = await serveHttps(authority.issue({ days: -1 }), (_request, response) => response.end('ok'))
    const checks = await check(
      { url: `https://localhost:${port}`, endpoints: [endpoint()] },
      realPorts([authority.root]),
    )
    expect(checks['endpoint:health']).toMatchObject({ result: 'fail', detail: 'the certificate has expired' })
  })

  test('TLS 1.0 alone is too old, and its certificate is looked at all the same', async () => {
    const checks = await look(authority, authority.issue(), { tls: { ...legacy, maxVersion: 'TLSv1' } })
    expect(checks['tls-version']).toMatchObject({ result: 'fail', detail: 'nothing newer than TLSv1 is spoken' })
    expect(checks['tls-version']?.remedy).toContain('ELBSecurityPolicy')
    expect(checks['certificate']).toMatchObject({ result: 'ok' })
  })

  test('TLS 1.1 beside 1.3 is told', async () => {
    const checks = await look(authority, authority.issue(), { tls: { ...legacy, maxVersion: 'TLSv1.3' } })
    expect(checks['tls-version']).toMatchObject({ result: 'warn', detail: 'TLSv1.3, but TLSv1.1 is accepted as well' })
  })

  test('a chain of redirects that ends is followed to its end; one that turns in a circle is not well', async () => {
    const redirectPort = { current: 0 }
    const port = await serveHttps(authority.issue(), (request, response) => {
      const back = request.url === '/loop'
      response
        .writeHead(back ? 302 : 200, back ? { location: `http://localhost:${redirectPort.current}/loop` } : {})
        .end()
    })
    const httpPort = await serveHttp((request, response) => {
      response.writeHead(308, { location: `https://localhost:${port}${request.url}` }).end()
    })
    redirectPort.current = httpPort
    const https = { minDays: 0, httpPort, paths: ['/api', '/loop'] }
    const { 'https-redirect': line } = await check(
      { url: `https://localhost:${port}`, https },
      realPorts([authority.root]),
    )
    expect(line).toMatchObject({ result: 'fail', detail: '/loop: the redirects turn in a circle' })
    expect(line?.evidence).toEqual([
      expect.stringMatching(/^GET http:\/\/localhost:\d+\/: 308 to https:\/\/localhost:\d+\/ -> 200$/),
      expect.stringMatching(/^GET http:\/\/localhost:\d+\/api: 308 to .* -> 200$/),
      expect.stringMatching(/\/loop: 308 to .* -> 302 to http:\/\/localhost:\d+\/loop$/),
    ])
  })
})

/** What the redirect check says of a port; TLS does not matter to it. */
async function redirect(httpPort: number, paths: readonly string[] = []): Promise<VerifiedLine | undefined> {
  const url = `https://127.0.0.1:${await closedPort()}`
  const checks = await check({
    url,
    https: { minDays: 0, httpPort, paths },
    endpoints: [endpoint({ path: '/api/v1/health' })],
  })
  return checks['https-redirect']
}

test('a path that plain HTTP serves is found among those that redirect, as the first seed does it', async () => {
  const port = await serveHttp((request, response) => {
    if (request.url?.startsWith('/api') === true) response.end('{"status":"healthy"}')
    else response.writeHead(301, { location: 'https://127.0.0.1:1/' }).end()
  })
  const line = await redirect(port)
  expect(line?.findings.map(({ detail }) => detail)).toContain(
    '/api/v1/health: answers 200 over plain HTTP instead of redirecting',
  )
  expect(line).toMatchObject({ result: 'fail', remedy: expect.stringContaining('HTTP_301') })
})

test.each([
  [302, 'https://127.0.0.1/', '/: redirects with 302, which clients do not keep; 301 or 308 they do'],
  [301, 'http://127.0.0.1/other', '/: redirects to http://127.0.0.1/other, which is not HTTPS'],
  [301, '/', '/: redirects to itself'],
  [301, 'https://[', '/: redirects to "https://[", which is no address'],
  [403, undefined, '/: answers 403 over plain HTTP instead of redirecting'],
])('plain HTTP that answers %i to %s', async (status, location, detail) => {
  const port = await serveHttp((_request, response) => {
    response.writeHead(status, location === undefined ? {} : { location }).end()
  })
  const line = await redirect(port)
  expect(line?.findings[0]?.detail).toBe(detail)
})

test('a port that is closed serves nothing in plain text', async () => {
  expect(await redirect(await closedPort())).toMatchObject({ result: 'warn' })
})

test('what does not speak TLS is told as that, and the versions are not asked for', async () => {
  const port = await serveHttp((_request, response) => response.end())
  const checks = await check({ url: `https://127.0.0.1:${port}` })
  expect(checks['certificate']?.detail).toBe('no handshake with 127.0.0.1: what answers there does not speak TLS')
  expect(checks['tls-version']).toMatchObject({ result: 'skip' })
})

test('a handshake that is never answered ends in its time', async () => {
  const port = await serveSockets(() => undefined)
  const { createTls } = await import('../../src/lib/http/tls.js')
  const request = { host: '127.0.0.1', port, versions: 'modern', timeout: 100 } as const
  expect(await createTls().handshake(request)).toMatchObject({ kind: 'failure', stage: 'tls', code: 'timeout' })
})

test('a handshake that is no longer wanted rejects with the reason', async () => {
  const port = await serveSockets(() => undefined)
  const { createTls } = await import('../../src/lib/http/tls.js')
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const request = { host: '127.0.0.1', port, versions: 'modern', timeout: 60_000, signal: controller.signal } as const
  const going = createTls().handshake(request)
  controller.abort(new Error('enough'))
  await expect(going).rejects.toThrow('enough')
})

test('an address of plain HTTP is skipped, and fails where HTTPS was asked for', async () => {
  const url = `http://127.0.0.1:${await closedPort()}`
  expect((await check({ url }))['certificate']).toMatchObject({ result: 'skip' })
  const asked = await check({ url, https: { minDays: 14, httpPort: 80, paths: [] } })
  expect(asked['certificate']).toMatchObject({ result: 'fail', detail: `${url} is plain HTTP` })
})
