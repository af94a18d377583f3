import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach } from 'vitest'
import { type RunningServer, startServer } from '../../../src/lib/rehearsal/wire/server.js'
import { type WireOptions, createWire } from '../../../src/lib/rehearsal/wire/wire.js'

const running: RunningServer[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

/** The virtual time of these tests: far from the real one, so that a mix-up shows. */
export const virtualNow = Date.UTC(2031, 4, 6, 7, 8, 9, 250)

/** A wire that listens until the test ends. */
export async function serve(options: Partial<WireOptions> & Pick<WireOptions, 'services'>): Promise<RunningServer> {
  const listener = createWire({ accountId: '123456789012', now: () => virtualNow, ...options })
  const server = await startServer({ listener })
  running.push(server)
  return server
}

/** What a real SDK client needs to reach that server; one attempt unless told otherwise. */
export function clientConfig(server: RunningServer, maxAttempts = 1) {
  return {
    endpoint: server.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIAREHEARSAL0000000', secretAccessKey: 'not-a-secret' },
    maxAttempts,
  }
}

/** An Authorization header of the right form for that service. */
export function authorization(signingName: string): string {
  const scope = `AKIAREHEARSAL0000000/20310506/us-west-2/${signingName}/aws4_request`
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${'a'.repeat(64)}`
}

/** Posts as a client of the query protocols does. */
export async function postQuery(
  server: RunningServer,
  signingName: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      authorization: authorization(signingName),
      'x-amz-date': '20310506T070809Z',
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
    body: new URLSearchParams(parameters).toString(),
  })
  return { status: response.status, body: await response.text(), headers: response.headers }
}

/** Posts as a client of AWS JSON 1.1 does. */
export async function postJson(
  server: RunningServer,
  signingName: string,
  target: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      authorization: authorization(signingName),
      'x-amz-date': '20310506T070809Z',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      ...headers,
    },
    body,
  })
  return { status: response.status, body: await response.text(), headers: response.headers }
}

/** A connection to the server that has sent the beginning of a request and no more. */
export async function halfRequest(server: RunningServer): Promise<{ closed: Promise<unknown> }> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nab')
  return { closed: new Promise((resolve) => socket.once('close', resolve)) }
}
