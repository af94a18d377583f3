import type { Agent, AgentOptions, RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { codeWords } from './failures.js'
import { proxyHeaders, proxyName } from './proxy.js'

/** A proxy that is not there, or does not let through. */
class ProxyError extends Error {
  readonly code = 'proxy'
}

// RFC 9110, sections 15.5.4 and 15.5.8
const refusals: Readonly<Record<number, string>> = {
  403: 'it does not let through',
  407: 'it wants a name and a password: https://name:password@host in HTTPS_PROXY',
  502: 'it can not reach it',
  503: 'it can not reach it',
  504: 'it can not reach it in time',
}

/** The error that a failure on the way to a proxy means: never one of the server behind it. */
export function proxyError(proxy: URL, error: unknown): Error {
  if (error instanceof ProxyError) return error
  const code = error instanceof Error && 'code' in error ? codeWords(String(error.code)) : String(error)
  return new ProxyError(`the proxy ${proxyName(proxy)}: ${code}`, { cause: error })
}

/**
 * A connection through a proxy: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6. Rejects with an error whose code
 * is `proxy` and whose message says what the proxy answered; with the signal's reason when that comes first.
 */
export function openTunnel(proxy: URL, host: string, port: number, signal?: AbortSignal): Promise<Socket> {
  const { request } = process.getBuiltinModule(proxy.protocol === 'https:' ? 'node:https' : 'node:http')
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Promise((resolve, reject) => {
    const asking = request({
      hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port,
      method: 'CONNECT',
      path: place,
      headers: { host: place, 'user-agent': 'rampart', ...proxyHeaders(proxy) },
      agent: false,
      ...(signal !== undefined && { signal }),
    })
    asking.once('connect', (answer, socket, rest) => {
      const status = answer.statusCode ?? 0
      if (status >= 200 && status <= 299) {
        if (rest.length > 0) socket.unshift(rest)
        resolve(socket)
        return
      }
      socket.destroy()
      const why = refusals[status]
      const said = `answers ${status} for ${place}${why === undefined ? '' : `: ${why}`}`
      reject(new ProxyError(`the proxy ${proxyName(proxy)} ${said}`))
    })
    asking.once('error', (error) => reject(signal?.aborted ? signal.reason : proxyError(proxy, error)))
    asking.end()
  })
}

type Done = (error: Error | null, socket?: Socket) => void

/** An agent whose connections go through a proxy, and that secures them itself; those on their way end with the signal. */
export function createTunnelAgent(proxy: URL, settings: AgentOptions, signal: AbortSignal): Agent {
  const { Agent: SecureAgent } = process.getBuiltinModule('node:https')
  const { connect } = process.getBuiltinModule('node:tls')
  const agent = new SecureAgent(settings)
  const open = async (options: RequestOptions, done: Done): Promise<void> => {
    let socket: Socket
    try {
      socket = await openTunnel(proxy, options.host ?? '', Number(options.port), signal)
    } catch (error) {
      done(proxyError(proxy, error))
      return
    }
    // The agent has found the server's name by then, so that the certificate is looked at as it is without a proxy.
    done(null, connect({ ...(options as ConnectionOptions), socket }))
  }
  agent.createConnection = (options, callback) => {
    void open(options, callback as Done)
    return undefined
  }
  return agent
}
