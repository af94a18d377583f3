import type { Socket } from 'node:net'
import type {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  IncomingHttpHeaders,
  IncomingMessage,
  RequestOptions,
} from 'node:http'

/** A request body that can be sent again: the same bytes each time `open` is called. */
export interface WireBody {
  readonly size: number
  open(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** One HTTP request, without any retry. */
export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: WireBody
  /** Gets the bytes of the body handed to the connection so far. */
  readonly onSent?: (sent: number) => void
  readonly signal?: AbortSignal
}

/** An answer whose body has not been read; read it, or call `discard` to free the connection. */
export interface WireResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** Sends requests over one pool of kept connections per scheme. */
export interface Transport {
  send(request: WireRequest): Promise<WireResponse>
  /** Opens connections ahead of the requests, so that these need not wait for handshakes. */
  connect(url: URL, count: number): void
  close(): void
}

export interface TransportOptions {
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly silence?: number
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, where Node itself can follow them (24.5 and newer). */
  readonly proxyEnvironment?: Readonly<Record<string, string | undefined>>
}

// A registry checks a large blob after its last byte before it answers; minutes are normal on object storage.
const defaultSilence = 300_000
// Measured: smaller writes cost throughput, larger ones memory.
const writeSize = 1024 * 1024
const smallBody = 64 * 1024

interface Pool {
  readonly agent: Agent
  readonly create: Agent['createConnection']
}

const defaultPorts = { 'http:': 80, 'https:': 443 } as const

/** Reads the rest of a small answer, so that its connection can serve the next request. */
export async function readAll(response: WireResponse, most: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response.body as AsyncIterable<Buffer>) {
    size += part.length
    if (size > most) throw new RangeError(`the answer is larger than ${most} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

/** Leaves the body unread. */
export function discard(response: WireResponse): void {
  response.body.on('error', () => undefined)
  if (response.headers['content-length'] !== undefined && Number(response.headers['content-length']) < 65_536) {
    response.body.resume()
  } else response.body.destroy()
}

/** Joins small pieces into writes of one mebibyte. */
async function* inLargeWrites(source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    held.push(piece)
    size += piece.length
    if (size >= writeSize) {
      yield held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held, size)
      held = []
      size = 0
    }
  }
  if (size > 0) yield held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held, size)
}

/** A transport on `node:http` and `node:https`; each is loaded when the first request needs it. */
export function createTransport(options: TransportOptions = {}): Transport {
  const silence = options.silence ?? defaultSilence
  const pools = new Map<string, Pool>()
  // Connected, or on the way to it, and not yet used; by address.
  const spares = new Map<string, Socket[]>()

  // `import 'node:http'` costs 25 ms and more than this at start-up.
  const modules = {
    'http:': () => process.getBuiltinModule('node:http'),
    'https:': () => process.getBuiltinModule('node:https'),
  }

  function poolFor(protocol: 'http:' | 'https:'): Pool {
    const known = pools.get(protocol)
    if (known !== undefined) return known
    const settings = {
      keepAlive: true,
      maxSockets: 16,
      ...(options.proxyEnvironment !== undefined && { proxyEnv: options.proxyEnvironment }),
    }
    const agent = new (modules[protocol]().Agent)(settings)
    const create = agent.createConnection.bind(agent)
    agent.createConnection = (asked, callback) => {
      const spare = spares.get(addressOf(asked))?.shift()
      return spare === undefined || spare.destroyed ? create(asked, callback) : spare.ref()
    }
    const pool = { agent, create }
    pools.set(protocol, pool)
    return pool
  }

  function connect(url: URL, count: number): void {
    // Through a proxy a connection is more than a socket.
    if (options.proxyEnvironment !== undefined) return
    const { isIP, Socket } = process.getBuiltinModule('node:net')
    const protocol = url.protocol === 'https:' ? 'https:' : 'http:'
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = url.port === '' ? defaultPorts[protocol] : Number(url.port)
    const target = { host, port, noDelay: true, servername: isIP(host) === 0 ? host : '' }
    const ready = spares.get(addressOf(target)) ?? []
    spares.set(addressOf(target), ready)
    for (let index = 0; index < count; index += 1) {
      const socket = poolFor(protocol).create(target)
      if (!(socket instanceof Socket)) return
      // A request that uses it hears of a failure, too; one that is not used must not end or hold the process.
      socket.on('error', () => undefined).unref()
      ready.push(socket)
    }
  }

  /** Undefined when a kept connection had gone stale. */
  function once(request: WireRequest): Promise<WireResponse | undefined> {
    const protocol = request.url.protocol === 'https:' ? 'https:' : 'http:'
    const { body } = request
    return new Promise((resolve, reject) => {
      const settings: RequestOptions = {
        method: request.method,
        agent: poolFor(protocol).agent,
        timeout: silence,
        headers: {
          ...request.headers,
          'user-agent': 'rampart',
          ...(body !== undefined && { 'content-length': String(body.size) }),
          ...(body === undefined && request.method !== 'GET' && request.method !== 'HEAD' && { 'content-length': '0' }),
        },
        ...(request.signal !== undefined && { signal: request.signal }),
      }
      const outgoing = modules[protocol]().request(request.url, settings)
      let answered = false
      outgoing.on('response', (incoming) => {
        answered = true
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming })
      })
      outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the other side closed while it was idle says nothing about the registry: ask again.
        const stale = !answered && outgoing.reusedSocket && error.code === 'ECONNRESET' && (body?.size ?? 0) < smallBody
        if (stale) resolve(undefined)
        else reject(error)
      })
      if (body === undefined) outgoing.end()
      else void write(outgoing, body, request.onSent, () => answered)
    })
  }

  return {
    connect,
    send: async (request) => {
      for (;;) {
        const response = await once(request)
        if (response !== undefined) return response
      }
    },
    close: () => {
      for (const { agent } of pools.values()) agent.destroy()
      pools.clear()
      for (const socket of [...spares.values()].flat()) socket.destroy()
      spares.clear()
    },
  }
}

const addressOf = ({ host, port }: ClientRequestArgs): string => `${host}:${port}`

async function write(
  outgoing: ClientRequest,
  body: WireBody,
  onSent: ((sent: number) => void) | undefined,
  answered: () => boolean,
): Promise<void> {
  try {
    let sent = 0
    for await (const piece of inLargeWrites(body.open())) {
      // An answer before the last byte is a refusal, or comes from a connection that is gone.
      if (outgoing.destroyed || answered()) break
      if (!outgoing.write(piece)) await settled(outgoing)
      sent += piece.length
      onSent?.(sent)
    }
    if (sent < body.size && !outgoing.destroyed && !answered()) {
      throw new RangeError(`the source gave ${sent} of ${body.size} bytes`)
    }
    if (answered() && sent < body.size) outgoing.destroy()
    else outgoing.end()
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

/** Waits until the connection takes more, or is gone. */
function settled(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'error', 'response'] as const
    const done = (): void => {
      for (const event of events) outgoing.off(event, done)
      resolve()
    }
    for (const event of events) outgoing.on(event, done)
    if (outgoing.destroyed) done()
  })
}
