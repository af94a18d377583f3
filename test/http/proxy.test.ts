import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as fc from 'fast-check'
import { createHttp } from '../../src/lib/http/client.js'
import { proxiesOf, type ProxyEnvironment } from '../../src/lib/http/proxy.js'
import { createTls } from '../../src/lib/http/tls.js'
import type { HttpSession } from '../../src/lib/ports/http.js'
import { requires } from '../support/requires.js'
import { createAuthority, type Authority } from '../verify/certificates.js'
import { serveProxy } from '../verify/connect-proxy.js'
import { closedPort, serveHttp, serveHttps, serveSockets } from '../verify/servers.js'

const choose = (environment: ProxyEnvironment, url: string): string | undefined =>
  proxiesOf(environment)(new URL(url))?.href

describe('which proxy leads to an address', () => {
  const both = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'other:8080' }

  test.each<[string, ProxyEnvironment, string | undefined]>([
    ['https://rag.example.com/a', both, 'http://proxy:3128/'],
    ['http://rag.example.com/a', both, 'http://other:8080/'],
    ['https://rag.example.com', { https_proxy: 'http://small:1', HTTPS_PROXY: 'http://large:2' }, 'http://small:1/'],
    ['https://rag.example.com', { HTTP_PROXY: 'http://proxy:3128' }, undefined],
    ['https://rag.example.com', { HTTPS_PROXY: '' }, undefined],
    ['https://rag.example.com', { HTTPS_PROXY: 'socks5://proxy:1080' }, undefined],
    ['https://localhost:8443', both, undefined],
    ['https://127.0.0.9:8443', both, undefined],
    ['https://[::1]:8443', both, undefined],
  ])('%s of %j is %s', (url, environment, proxy) => {
    expect(choose(environment, url)).toBe(proxy)
  })

  test.each<[string, string, boolean]>([
    ['*', 'https://rag.example.com', true],
    ['example.com', 'https://rag.example.com', true],
    ['.example.com', 'https://rag.example.com', true],
    ['*.example.com', 'https://rag.example.com', true],
    ['Example.COM', 'https://RAG.example.com', true],
    ['ample.com', 'https://rag.example.com', false],
    ['rag.example.com.evil', 'https://rag.example.com', false],
    ['rag.example.com:8443', 'https://rag.example.com', false],
    ['rag.example.com:443', 'https://rag.example.com', true],
    ['other, rag.example.com', 'https://rag.example.com', true],
    ['10.0.0.0/8', 'https://10.3.2.1', true],
    ['10.0.0.0/8', 'https://11.3.2.1', false],
    ['10.0.0.0/99', 'https://10.3.2.1', false],
    ['10.0.1.7', 'https://10.0.1.7:8080', true],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['fd12::1', 'https://[fd12::1]', true],
    ['', 'https://rag.example.com', false],
  ])('NO_PROXY=%s and %s', (exceptions, url, isDirect) => {
    expect(choose({ ...both, NO_PROXY: exceptions }, url) === undefined).toBe(isDirect)
  })

  test('whatever NO_PROXY holds, it is read', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['http://proxy:3128/', undefined]).toContain(choose({ ...both, NO_PROXY: text }, 'https://a.b'))
      }),
    )
  })
})

function session(port: number, authority?: Authority, login = ''): HttpSession {
  const address = `http://${login}127.0.0.1:${port}`
  const proxies = proxiesOf({ HTTPS_PROXY: address, HTTP_PROXY: address })
  const opened = createHttp({ authorities: authority === undefined ? [] : [authority.root], proxies }).session(2)
  onTestFinished(() => opened.close())
  return opened
}

const get = (url: string) => ({ method: 'GET', url, headers: {} })
const soon = { timeout: 5000 }

test('plain HTTP is asked of the proxy, by its whole address and with its login', async () => {
  const port = await serveHttp((request, response) => response.end(`${request.headers.host} ${request.url}`))
  const proxy = await serveProxy()
  const answer = await session(proxy.port, undefined, 'me:pass%20word@').send(
    get(`http://rag.test:${port}/a?b=c`),
    soon,
  )
  expect(answer).toMatchObject({ status: 200, via: `http://127.0.0.1:${proxy.port}` })
  expect(answer.kind === 'answer' && new TextDecoder().decode(answer.body)).toBe(`rag.test:${port} /a?b=c`)
  const login = `Basic ${Buffer.from('me:pass word').toString('base64')}`
  expect(proxy.asked).toEqual([{ what: `GET http://rag.test:${port}/a?b=c`, login }])
})

requires('openssl').describe('through a tunnel', () => {
  let authority: Authority
  beforeAll(() => {
    authority = createAuthority()
  })
  afterAll(() => authority.remove())

  test('HTTPS reaches the server itself, once for all requests of a session, with the times of each step', async () => {
    const port = await serveHttps(authority.issue({ names: 'DNS:rag.test' }), (_request, response) =>
      response.end('ok'),
    )
    const proxy = await serveProxy()
    const opened = session(proxy.port, authority)
    const first = await opened.send(get(`https://rag.test:${port}/`), soon)
    const second = await opened.send(get(`https://rag.test:${port}/`), soon)
    if (first.kind !== 'answer' || second.kind !== 'answer') throw new Error(JSON.stringify([first, second]))
    expect([first.status, second.status, first.via]).toEqual([200, 200, `http://127.0.0.1:${proxy.port}`])
    expect(first.timing.connect).toBeGreaterThan(0)
    expect(first.timing.tls).toBeGreaterThan(0)
    expect([second.timing.connect, second.timing.tls]).toEqual([0, 0])
    expect(proxy.asked).toEqual([{ what: `CONNECT rag.test:${port}`, login: undefined }])
  })

  test('the certificate is looked at as without one, by name and by trust', async () => {
    const port = await serveHttps(authority.issue(), (_request, response) => response.end('ok'))
    const proxy = await serveProxy()
    const wrong = await session(proxy.port, authority).send(get(`https://rag.test:${port}/`), soon)
    expect(wrong).toMatchObject({ kind: 'failure', stage: 'tls', detail: 'the certificate is for another name' })
    const tls = createTls({ proxies: proxiesOf({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }) })
    expect(await tls.handshake({ host: 'rag.test', port, versions: 'modern', ...soon })).toMatchObject({
      protocol: 'TLSv1.3',
      via: `http://127.0.0.1:${proxy.port}`,
      distrust: { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
      wrongName: expect.stringContaining('rag.test'),
    })
  })
})

describe('a proxy', () => {
  test.each([
    [403, 'it does not let through'],
    [407, 'it wants a name and a password: https://name:password@host in HTTPS_PROXY'],
    [502, 'it can not reach it'],
    [418, undefined],
  ])('that answers %i is the one to blame', async (status, why) => {
    const { port } = await serveProxy(status)
    const detail = `the proxy http://127.0.0.1:${port} answers ${status} for rag.test:443${why === undefined ? '' : `: ${why}`}`
    const failure = { kind: 'failure', stage: 'connect', code: 'proxy', detail }
    expect(await session(port, undefined, 'me:secret@').send(get('https://rag.test/'), soon)).toMatchObject(failure)
    const tls = createTls({ proxies: proxiesOf({ HTTPS_PROXY: `http://me:secret@127.0.0.1:${port}` }) })
    expect(await tls.handshake({ host: 'rag.test', port: 443, versions: 'modern', ...soon })).toMatchObject(failure)
  })

  test.each(['http', 'https'])('that is not there is no server of %s that is not there', async (scheme) => {
    const port = await closedPort()
    expect(await session(port).send(get(`${scheme}://rag.test/`), soon)).toMatchObject({
      code: 'proxy',
      detail: `the proxy http://127.0.0.1:${port}: nothing listens there`,
    })
  })

  test('that never answers takes no longer than it may, and nothing of it is left', async () => {
    const port = await serveSockets(() => undefined)
    const opened = session(port)
    expect(await opened.send(get('https://rag.test/'), { timeout: 100 })).toMatchObject({
      stage: 'connect',
      code: 'timeout',
    })
    const tls = createTls({ proxies: proxiesOf({ HTTPS_PROXY: `http://127.0.0.1:${port}` }) })
    expect(await tls.handshake({ host: 'rag.test', port: 443, versions: 'modern', timeout: 100 })).toMatchObject({
      stage: 'connect',
      code: 'timeout',
    })
    const controller = new AbortController()
    const going = tls.handshake({
      host: 'rag.test',
      port: 443,
      versions: 'modern',
      timeout: 60_000,
      signal: controller.signal,
    })
    controller.abort(new Error('enough'))
    await expect(going).rejects.toThrow('enough')
  })
})
