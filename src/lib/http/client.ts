import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { Http, HttpAnswer, HttpFailure, HttpOptions, HttpRequest } from '../ports/http.js'
import { beginCourse, followSocket, type Course } from './course.js'
import { decode } from './decode.js'
import { errorFailure, lateFailure } from './failures.js'
import { trustedWith } from './trust.js'

export interface HttpSettings {
  /** Certificates (PEM) that are trusted beside those of the machine. */
  readonly authorities?: readonly string[]
  /** Bytes of an answer that are kept; 4 MiB unless told. */
  readonly most?: number
}

const usualMost = 4 * 2 ** 20

// Servers close connections that are idle, some after a few seconds and without a word: a request that is sent at that
// very moment would fail for no fault of anybody.
const idle = 1500

/** HTTP/1.1 on Node's own client, with the times of each step. */
export function createHttp({ authorities = [], most = usualMost }: HttpSettings = {}): Http {
  return {
    now: () => performance.now(),
    session(connections) {
      const { Agent: PlainAgent } = process.getBuiltinModule('node:http')
      const { Agent: SecureAgent } = process.getBuiltinModule('node:https')
      const settings = { keepAlive: true, maxSockets: connections, timeout: idle }
      const plain = new PlainAgent(settings)
      const secure = new SecureAgent({ ...settings, ...trustedWith(authorities) })
      return {
        send: async (request, options) => {
          options.signal?.throwIfAborted()
          const url = new URL(request.url)
          return exchange(url, request, options, url.protocol === 'https:' ? secure : plain, most)
        },
        close: () => {
          plain.destroy()
          secure.destroy()
        },
      }
    },
  }
}

/** One request to its last byte. */
function exchange(
  url: URL,
  request: HttpRequest,
  { timeout, signal }: HttpOptions,
  agent: Agent,
  most: number,
): Promise<HttpAnswer | HttpFailure> {
  const isSecure = url.protocol === 'https:'
  const client = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http')
  const course = beginCourse(url.hostname)
  return new Promise((resolve, reject) => {
    let outgoing: ClientRequest | undefined
    const end = (result: HttpAnswer | HttpFailure): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
      // What was read to its end keeps its connection for the next request.
      if (result.kind === 'failure') outgoing?.destroy()
      resolve(result)
    }
    const fail = (error: unknown): void => end(errorFailure(error, course.stage, performance.now() - course.start))
    const timer = setTimeout(() => end(lateFailure(course.stage, timeout, course.received)), timeout)
    const leave = (): void => {
      clearTimeout(timer)
      outgoing?.destroy()
      reject(signal?.reason instanceof Error ? signal.reason : new Error('stopped'))
    }
    signal?.addEventListener('abort', leave, { once: true })
    try {
      outgoing = client.request(url, { method: request.method, agent, headers: headersFor(request) })
    } catch (error) {
      // What the configuration let through and HTTP does not, e.g. a line end in a header.
      fail(error)
      return
    }
    outgoing.on('socket', (socket) => followSocket(course, socket, isSecure))
    outgoing.on('response', (incoming) => void take(incoming, course, most).then(end, fail))
    outgoing.on('error', fail)
    outgoing.end(request.body)
  })
}

function headersFor({ body, method, headers }: HttpRequest): Readonly<Record<string, string>> {
  const bytes = body === undefined ? 0 : Buffer.byteLength(body)
  const hasLength = body !== undefined || !['GET', 'HEAD'].includes(method)
  return { 'user-agent': 'rampart', accept: '*/*', ...(hasLength && { 'content-length': String(bytes) }), ...headers }
}

/** Reads an answer to its end, and keeps as much of it as is wanted. */
function take(incoming: IncomingMessage, course: Course, most: number): Promise<HttpAnswer> {
  course.stage = 'body'
  course.at.firstByte = performance.now() - course.start
  const address = incoming.socket.remoteAddress ?? ''
  const parts: Buffer[] = []
  return new Promise((resolve, reject) => {
    incoming.on('data', (part: Buffer) => {
      if (course.received < most) parts.push(part.subarray(0, most - course.received))
      course.received += part.length
    })
    incoming.on('error', reject)
    incoming.on('end', () => {
      course.at.total = performance.now() - course.start
      const cut = course.received > most
      resolve({
        kind: 'answer',
        status: incoming.statusCode ?? 0,
        headers: headersOf(incoming),
        ...decode(Buffer.concat(parts), incoming.headers['content-encoding'], cut, most),
        timing: { ...course.at },
        address,
      })
    })
  })
}

function headersOf({ headersDistinct }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]))
}
