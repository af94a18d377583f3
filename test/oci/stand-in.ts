import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../src/lib/ports/clock.js'
import type { Digest } from '../../src/lib/domain/digest.js'
import type { BlobSource } from '../../src/lib/ports/registry.js'
import { createRegistryClient, type RegistryClientOptions } from '../../src/lib/oci/client.js'
import type { Credentials } from '../../src/lib/oci/auth.js'
import { digestOf } from '../../src/lib/oci/verified.js'

/** One request as the stand-in saw it, its body read. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** How the stand-in answers one request; `drop` cuts the connection instead. */
export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string | Buffer }
  | { readonly drop: true; readonly headers?: Record<string, string>; readonly before?: Buffer }

/** A server on loopback that answers as the test says and keeps what it was asked. */
export interface StandIn {
  readonly host: string
  readonly seen: readonly Seen[]
  /** How many connections were made to it. */
  connections(): number
  close(): Promise<void>
}

export async function standIn(answer: (request: Seen, count: number) => Answer): Promise<StandIn> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    void respond(request, response)
  })
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const url = new URL(request.url ?? '/', 'http://stand-in')
    const record: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(parts),
    }
    seen.push(record)
    const given = answer(
      record,
      seen.filter(({ method, path }) => method === record.method && path === record.path).length,
    )
    if ('drop' in given) {
      if (given.before === undefined) request.socket.destroy()
      else {
        response.writeHead(200, given.headers ?? {})
        response.write(given.before, () => request.socket.destroy())
      }
      return
    }
    response.writeHead(given.status, { 'content-length': Buffer.byteLength(given.body ?? ''), ...given.headers })
    response.end(given.body)
  }
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A clock on which every pause is over at once; it keeps how long each would have been. */
export function impatientClock(): Clock & { readonly pauses: readonly number[]; advance(milliseconds: number): void } {
  const pauses: number[] = []
  let now = Date.parse('2026-01-01T00:00:00Z')
  return {
    pauses,
    now: () => now,
    advance: (milliseconds) => {
      now += milliseconds
    },
    sleep: (milliseconds) => {
      pauses.push(milliseconds)
      now += milliseconds
      return Promise.resolve()
    },
  }
}

/** A client without credentials on a clock that does not wait, unless told otherwise. */
export function clientOf(host: string, options: Partial<RegistryClientOptions> = {}) {
  return createRegistryClient({
    endpoint: `http://${host}`,
    credentials: () => Promise.resolve(undefined),
    clock: impatientClock(),
    ...options,
  })
}

/** What a client is given to log in with. */
export const loginAs = (credentials: Credentials) => () => Promise.resolve(credentials)

/** Bytes as a blob to upload. */
export function blobOf(bytes: Uint8Array): BlobSource {
  return { digest: digestOf(bytes), size: bytes.length, open: () => [bytes] }
}

/** A descriptor of those bytes. */
export function descriptorOf(bytes: Uint8Array, mediaType = 'application/octet-stream') {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

/** A digest of nothing that exists. */
export const absent: Digest = `sha256:${'0'.repeat(64)}`
