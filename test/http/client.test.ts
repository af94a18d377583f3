import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createHttp } from '../../src/lib/http/client.js'
import type { HttpSession } from '../../src/lib/ports/http.js'
import { closedPort, serveHttp, serveSockets } from '../verify/servers.js'

function session(connections = 1, most?: number): HttpSession {
  const opened = createHttp(most === undefined ? {} : { most }).session(connections)
  onTestFinished(() => opened.close())
  return opened
}

const get = (port: number, path = '/', host = '127.0.0.1') => ({
  method: 'GET',
  url: `http://${host}:${port}${path}`,
  headers: {},
})

describe('a request', () => {
  test('comes with its times, and the next one needs no connection of its own', async () => {
    const connections = new Set<number | undefined>()
    const port = await serveHttp((request, response) => {
      connections.add(request.socket.remotePort)
      response.setHeader('x-one', ['a', 'b']).end('hello')
    })
    const opened = session()
    const first = await opened.send(get(port), { timeout: 5000 })
    const second = await opened.send(get(port), { timeout: 5000 })
    expect(first).toMatchObject({ kind: 'answer', status: 200, address: '127.0.0.1', headers: { 'x-one': 'a, b' } })
    if (first.kind !== 'answer' || second.kind !== 'answer') throw new Error('no answer')
    expect(new TextDecoder().decode(first.body)).toBe('hello')
    expect(first.timing.connect).toBeGreaterThan(0)
    expect(first.timing.total).toBeGreaterThanOrEqual(first.timing.firstByte)
    expect(second.timing.connect).toBe(0)
    expect(connections.size).toBe(1)
  })

  test('never uses more connections than it may', async () => {
    let open = 0
    let most = 0
    const port = await serveHttp((_request, response) => {
      open += 1
      most = Math.max(most, open)
      setTimeout(() => {
        open -= 1
        response.end()
      }, 20)
    })
    const opened = session(3)
    await Promise.all(Array.from({ length: 12 }, () => opened.send(get(port), { timeout: 5000 })))
    expect(most).toBe(3)
  })

  test('sends its body with its length, and reads one that is packed', async () => {
    const port = await serveHttp((request, response) => {
      request.resume().on('end', () => {
        const text = `${request.method} ${request.headers['content-length']}`
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text))
      })
    })
    const request = { ...get(port), method: 'POST', body: '{"query":"größer"}' }
    const answer = await session().send(request, { timeout: 5000 })
    expect(answer.kind === 'answer' && new TextDecoder().decode(answer.body)).toBe('POST 20')
  })

  test('keeps no more of an answer than is wanted, packed or not', async () => {
    const port = await serveHttp((request, response) => {
      const body = Buffer.alloc(100_000, 'a')
      if (request.url === '/packed') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body))
      else response.end(body)
    })
    const opened = session(1, 1000)
    expect(await opened.send(get(port), { timeout: 5000 })).toMatchObject({ cut: true, body: { length: 1000 } })
    expect(await opened.send(get(port, '/packed'), { timeout: 5000 })).toMatchObject({ cut: true })
  })

  test('follows no redirect', async () => {
    const port = await serveHttp((_request, response) => response.writeHead(302, { location: '/there' }).end())
    expect(await session().send(get(port), { timeout: 5000 })).toMatchObject({ status: 302 })
  })
})

describe('a request that fails says how far it came', () => {
  test('nothing listens', async () => {
    expect(await session().send(get(await closedPort()), { timeout: 5000 })).toMatchObject({
      kind: 'failure',
      stage: 'connect',
      code: 'ECONNREFUSED',
      detail: 'nothing listens there',
    })
  })

  test('the name is not known', async () => {
    const failed = await session().send(get(80, '/', 'nowhere.invalid'), { timeout: 10_000 })
    expect(failed).toMatchObject({ kind: 'failure', stage: 'resolve' })
  })

  test('nothing is answered', async () => {
    const port = await serveHttp(() => undefined)
    expect(await session().send(get(port), { timeout: 100 })).toEqual({
      kind: 'failure',
      stage: 'answer',
      code: 'timeout',
      detail: 'after 0.1 s connected and asked, but nothing was answered',
      total: 100,
    })
  })

  test('the answer trickles', async () => {
    const port = await serveHttp((_request, response) => {
      response.writeHead(200).flushHeaders()
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    const failed = await session().send(get(port), { timeout: 300 })
    expect(failed).toMatchObject({ kind: 'failure', stage: 'body', code: 'timeout' })
    expect(failed.kind === 'failure' && failed.detail).toMatch(
      /^after 0.3 s the answer had begun and was not over: \d+ bytes came$/,
    )
  })

  test('the answer is cut short', async () => {
    const port = await serveHttp((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half')
      setTimeout(() => response.destroy(), 20)
    })
    expect(await session().send(get(port), { timeout: 5000 })).toMatchObject({
      stage: 'body',
      detail: 'the connection was cut within the answer',
    })
  })

  test('what answers does not speak HTTP', async () => {
    const port = await serveSockets((socket) => socket.end('220 mail.example.com ESMTP\r\n'))
    const failed = await session().send(get(port), { timeout: 5000 })
    expect(failed.kind === 'failure' && failed.detail).toContain('does not speak HTTP')
  })

  test('a header that HTTP does not allow', async () => {
    const request = { ...get(await closedPort()), headers: { 'x-one': 'a\r\nb' } }
    expect(await session().send(request, { timeout: 5000 })).toMatchObject({
      kind: 'failure',
      code: 'ERR_INVALID_CHAR',
    })
  })

  test('one that is no longer wanted rejects with the reason, at once', async () => {
    const port = await serveHttp(() => undefined)
    const controller = new AbortController()
    const going = session().send(get(port), { timeout: 60_000, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(going).rejects.toThrow('enough')
  })
})
