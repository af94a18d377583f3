import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Http, HttpAnswer, HttpFailure, HttpOptions, HttpRequest } from '../ports/http.js'
import { beginCourse, followSocket, followTunnel, type Course } from './course.js'
import { decode } from './decode.js'
import { errorFailure, lateFailure } from './failures.js'
import { direct, proxyHeaders, proxyName, type ProxyChoice } from './proxy.js'
import { trustedWith } from './trust.js'
import { createTunnelAgent, proxyError } from './tunnel.js'

export interface HttpSettings {
  /** Certificates (PEM) that are trusted beside those of the machine. */
  readonly authorities?: readonly string[]
  /** Bytes of an answer that are kept; 4 MiB unless told. */
  readonly most?: number
  /** Which addresses are reached by a proxy; none unless told. */
  readonly proxies?: ProxyChoice
}

const usualMost = 4 * 2 ** 20

// Servers close connections that are idle, some after a few seconds and without a word: a request that is sent at that
// very moment would fail for no fault of anybody.
const idle = 1500

/** HTTP/1.1 on Node's own client, with the times of each step. */
export function createHttp({ authorities = [], most = usualMost, proxies = direct }: HttpSettings = {}): Http {
  const trust = trustedWith(authorities)
  return {
    now: () => performance.now(),
    via: (address) => {
      const proxy = proxies(new URL(address))
      return proxy && proxyName(proxy)
    },
    session(connections) {
      const { Agent: PlainAgent } = process.getBuiltinModule('node:http')
      const { Agent: SecureAgent } = process.getBuiltinModule('node:https')
      const settings = { keepAlive: true, maxSockets: connections, timeout: idle }
      const secureSettings = { ...settings, ...trust() }
      const closed = new AbortController()
      const agents: Agent[] = []
      const open = (agent: Agent): Agent => {
        agents.push(agent)
        return agent
      }
      const plain = open(new PlainAgent(settings))
      const secure = open(new SecureAgent(secureSettings))
      let tunnels: Agent | undefined
      const agentOf = (url: URL, proxy: URL | undefined): Agent => {
        if (proxy === undefined || url.protocol === 'http:')
          return (proxy ?? url).protocol === 'https:' ? secure : plain
        return (tunnels ??= open(createTunnelAgent(proxy, secureSettings, closed.signal)))
      }
      return {
        send: async (request, options) => {
          options.signal?.throwIfAborted()
          const url = new URL(request.url)
          const proxy = proxies(url)
          return exchange({ url, proxy, request, agent: agentOf(url, proxy) }, options, most)
        },
        close: () => {
          closed.abort()
          for (const agent of agents) agent.destroy()
        },
      }
    },
  }
}

interface Sending {
  readonly url: URL
  readonly proxy: URL | undefined
  readonly request: HttpRequest
  readonly agent: Agent
}

/** RFC 9112, section 3.2.2: a proxy is sent the whole address, unless it is tunnelled through. */
function addressed({ url, proxy }: Sending, headers: Readonly<Record<string, string>>): RequestOptions {
  if (proxy === undefined || url.protocol === 'https:') return { headers }
  const { protocol, hostname, port } = proxy
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: withoutLogin(url),
    headers: { host: url.host, ...headers, ...proxyHeaders(proxy) },
  }
}

const withoutLogin = ({ protocol, host, pathname, search }: URL): string => `${protocol}//${host}${pathname}${search}`

/** One request to its last byte. */
function exchange(sending: Sending, { timeout, signal }: HttpOptions, most: number): Promise<HttpAnswer | HttpFailure> {
  const { url, proxy, request, agent } = sending
  const isSecure = url.protocol === 'https:'
  const isTunnelled = isSecure && proxy !== undefined
  const spoken = isTunnelled ? url : (proxy ?? url)
  const client = process.getBuiltinModule(spoken.protocol === 'https:' ? 'node:https' : 'node:http')
  const course = beginCourse((proxy ?? url).hostname)
  if (isTunnelled) course.stage = 'connect'
  // Plain HTTP shows no tunnel that could fail: what can not be connected to is the proxy.
  const meant = (error: unknown): unknown =>
    proxy !== undefined && !isSecure && ['resolve', 'connect'].includes(course.stage) ? proxyError(proxy, error) : error
  return new Promise((resolve, reject) => {
    let outgoing: ClientRequest | undefined
    const end = (result: HttpAnswer | HttpFailure): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
      // What was read to its end keeps its connection for the next request.
      if (result.kind === 'failure') outgoing?.destroy()
      resolve(result)
    }
    const fail = (error: unknown): void =>
      end(errorFailure(meant(error), course.stage, performance.now() - course.start))
    const timer = setTimeout(() => end(lateFailure(course.stage, timeout, course.received)), timeout)
    const leave = (): void => {
      clearTimeout(timer)
      outgoing?.destroy()
      reject(signal?.reason instanceof Error ? signal.reason : new Error('stopped'))
    }
    signal?.addEventListener('abort', leave, { once: true })
    try {
      const where = addressed(sending, headersFor(request))
      outgoing = client.request(url, { method: request.method, agent, ...where })
    } catch (error) {
      // What the configuration let through and HTTP does not, e.g. a line end in a header.
      fail(error)
      return
    }
    const sent = outgoing
    sent.on('socket', (socket) => {
      if (isTunnelled && !sent.reusedSocket) followTunnel(course, socket)
      else followSocket(course, socket, spoken.protocol === 'https:')
    })
    const via = proxy === undefined ? {} : { via: proxyName(proxy) }
    outgoing.on('response', (incoming) => {
      take(incoming, course, most).then((answer) => end({ ...answer, ...via }), fail)
    })
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
