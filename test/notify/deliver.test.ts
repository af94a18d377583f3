import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RampartError } from '../../src/lib/errors/rampart-error.js'
import { createHttp } from '../../src/lib/http/client.js'
import { deliver } from '../../src/lib/notify/deliver.js'
import { ManualClock } from '../support/manual-clock.js'
import { temporaryDirectory } from '../support/project.js'
import { requires } from '../support/requires.js'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const path = '/services/T000/B000/s3cr3t-part'

/** A server on loopback that gives these answers in turn, the last one again and again. */
async function serve(...answers: readonly Answer[]) {
  const bodies: string[] = []
  const listener: RequestListener = (request, response) => {
    const answer = answers[Math.min(bodies.length, answers.length - 1)]
    bodies.push('')
    const at = bodies.length - 1
    const take = async (): Promise<void> => {
      const { method = '', url = '', headers } = request
      bodies[at] = `${method} ${url} ${headers['content-type'] ?? ''} ${await text(request)}`
      answer?.(response, request)
    }
    void take()
  }
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: `http://${host}${path}`, host, bodies, listener }
}

const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end('no_service')
const drop: Answer = (_, request) => request.socket.destroy()

/** Posts on a clock of its own; gives what it came to, how long that took, and each pause. */
async function post(url: string, signal = new AbortController().signal) {
  const clock = new ManualClock()
  const start = clock.now()
  const outcome = await deliver(
    url,
    { v: 1, hello: 'wörld' },
    { http: createHttp(), clock, random: () => 1, signal },
  ).then(
    () => 'delivered',
    (error: unknown) => error as RampartError,
  )
  return { outcome, time: clock.now() - start }
}

test('posts the document as JSON, once', async () => {
  const { url, bodies } = await serve(status(200))
  expect(await post(url)).toEqual({ outcome: 'delivered', time: 0 })
  expect(bodies).toEqual([`POST ${path} application/json; charset=utf-8 {"v":1,"hello":"wörld"}`])
})

describe('what may pass is tried again', () => {
  test('500s, a dropped connection, and what comes after them', async () => {
    const { url, bodies } = await serve(status(500), drop, status(503), status(204))
    // 400, 800 and 1600 ms, with the most of their jitter.
    expect(await post(url)).toEqual({ outcome: 'delivered', time: 2800 })
    expect(bodies).toHaveLength(4)
  })

  test('as long as Retry-After says', async () => {
    const { url } = await serve(status(429, { 'retry-after': '3' }), status(200))
    expect(await post(url)).toEqual({ outcome: 'delivered', time: 3000 })
  })

  test('but not for long, and what is said holds nothing of the address but its host', async () => {
    const { url, host, bodies } = await serve(status(500))
    const { outcome, time } = await post(url)
    expect(outcome).toMatchObject({ kind: 'unreachable', message: `${host}: it answered 500, after 5 attempts` })
    expect(time).toBeLessThanOrEqual(8000)
    expect(bodies).toHaveLength(5)
  })

  test('and not at all when it would take minutes', async () => {
    const { url, host, bodies } = await serve(status(429, { 'retry-after': '120' }))
    expect(await post(url)).toEqual({
      outcome: expect.objectContaining({ message: `${host}: it answered 429` }),
      time: 0,
    })
    expect(bodies).toHaveLength(1)
  })
})

test.each([400, 403, 404, 410])('%i is for good', async (code) => {
  const { url, host, bodies } = await serve(status(code))
  expect((await post(url)).outcome).toMatchObject({ message: `${host}: it answered ${code}` })
  expect(bodies).toHaveLength(1)
})

test.each([301, 302, 307, 308])('a redirect (%i) is not followed, wherever it leads', async (code) => {
  const elsewhere = await serve(status(200))
  const { url, host, bodies } = await serve(status(code, { location: elsewhere.url }))
  expect((await post(url)).outcome).toMatchObject({
    message: `${host}: it answered ${code}, and redirects are not followed`,
  })
  expect([bodies.length, elsewhere.bodies]).toEqual([1, []])
})

test('a server that never answers is left when the run is', async () => {
  const controller = new AbortController()
  const reason = new Error('Ctrl-C')
  const { url } = await serve(() => controller.abort(reason))
  expect((await post(url, controller.signal)).outcome).toBe(reason)
})

test('nobody there: tried again, then said', async () => {
  const { url, host } = await serve(status(200))
  const gone = new URL(url)
  gone.port = '1'
  expect((await post(gone.href)).outcome).toMatchObject({
    message: expect.stringMatching(/^127\.0\.0\.1:1: nothing listens there, after 5 attempts$/),
  })
  expect(host).not.toBe('127.0.0.1:1')
})

requires('openssl').describe('over HTTPS', () => {
  test('a certificate that nobody trusts gets nothing, and one that is trusted does', async () => {
    const folder = await temporaryDirectory('notify')
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(folder, name)) as [string, string]
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', [...words, ...name, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    const { listener, bodies } = await serve(status(200))
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, listener)
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `https://localhost:${(server.address() as AddressInfo).port}${path}`
    expect((await post(url)).outcome).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('certificate'),
    })
    expect(bodies).toEqual([])
    const http = createHttp({ authorities: [readFileSync(certificate, 'utf8')] })
    const signal = new AbortController().signal
    await deliver(url, {}, { http, clock: new ManualClock(), random: () => 0, signal })
    expect(bodies).toHaveLength(1)
  })
})
