import type { ConnectionOptions, DetailedPeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls'
import type { HttpFailure, HttpStage } from '../ports/http.js'
import type { Certificate, Tls, TlsFacts, TlsRequest } from '../ports/tls.js'
import { codeWords, errorFailure, lateFailure } from './failures.js'
import { direct, proxyName, type ProxyChoice } from './proxy.js'
import { trustedWith } from './trust.js'
import { openTunnel } from './tunnel.js'

// OpenSSL 3 refuses what is older than TLS 1.2 above this level: https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/
const versions = {
  modern: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
  legacy: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
} as const satisfies Record<TlsRequest['versions'], SecureContextOptions>

export interface TlsSettings {
  /** Certificates (PEM) that are trusted beside those of the machine. */
  readonly authorities?: readonly string[]
  /** Which hosts are reached by a proxy; none unless told. */
  readonly proxies?: ProxyChoice
}

/** Handshakes by Node's own TLS, which are carried through whether the certificate is trusted or not. */
export function createTls({ authorities = [], proxies = direct }: TlsSettings = {}): Tls {
  const trust = {
    modern: trustedWith(authorities, versions.modern),
    legacy: trustedWith(authorities, versions.legacy),
  }
  return {
    handshake: async (request) => {
      request.signal?.throwIfAborted()
      const proxy = proxies(
        new URL(`https://${isIPv6(request.host) ? `[${request.host}]` : request.host}:${request.port}`),
      )
      const settings = trust[request.versions]()
      return proxy === undefined ? shake(request, settings) : shakeThrough(proxy, request, settings)
    },
  }
}

const isIPv6 = (host: string): boolean => process.getBuiltinModule('node:net').isIPv6(host)

/** As {@link shake}, within a tunnel; the time for both is one. */
async function shakeThrough(
  proxy: URL,
  request: TlsRequest,
  trust: ConnectionOptions,
): Promise<TlsFacts | HttpFailure> {
  const { host, port, timeout, signal } = request
  const start = performance.now()
  const late = AbortSignal.timeout(timeout)
  try {
    const socket = await openTunnel(proxy, host, port, signal === undefined ? late : AbortSignal.any([signal, late]))
    const left = Math.max(1, timeout - (performance.now() - start))
    const facts = await shake({ ...request, timeout: left }, { ...trust, socket })
    return facts.kind === 'tls' ? { ...facts, via: proxyName(proxy) } : facts
  } catch (error) {
    signal?.throwIfAborted()
    if (late.aborted) return lateFailure('connect', timeout, 0)
    return errorFailure(error, 'connect', performance.now() - start)
  }
}

function shake(request: TlsRequest, trust: ConnectionOptions): Promise<TlsFacts | HttpFailure> {
  const { host, port, timeout, signal } = request
  const { connect } = process.getBuiltinModule('node:tls')
  const isAddress = process.getBuiltinModule('node:net').isIP(host) !== 0
  const start = performance.now()
  let stage: HttpStage = trust.socket !== undefined ? 'tls' : isAddress ? 'connect' : 'resolve'
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      // RFC 6066, section 3: an address is no server name.
      ...(!isAddress && { servername: host }),
      ...trust,
      // To look at a certificate that is not trusted, the handshake has to be over. Nothing is sent or believed.
      rejectUnauthorized: false,
    })
    const end = (result: TlsFacts | HttpFailure): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => end(lateFailure(stage, timeout, 0)), timeout)
    const leave = (): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(signal?.reason instanceof Error ? signal.reason : new Error('stopped'))
    }
    signal?.addEventListener('abort', leave, { once: true })
    socket.once('lookup', (error: unknown) => {
      if (!(error instanceof Error)) stage = 'connect'
    })
    socket.once('connect', () => (stage = 'tls'))
    socket.once('secureConnect', () => end(factsOf(socket, host)))
    socket.on('error', (error) => end(errorFailure(error, stage, performance.now() - start)))
    socket.once('close', () => {
      end(errorFailure(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), stage, performance.now() - start))
    })
  })
}

function factsOf(socket: TLSSocket, host: string): TlsFacts {
  const { checkServerIdentity } = process.getBuiltinModule('node:tls')
  const certificate = socket.getPeerCertificate(true)
  const wrongName = checkServerIdentity(host, certificate)
  // An Error by its type, and the code alone by what Node does (lib/_tls_wrap.js).
  const problem: unknown = socket.authorizationError
  const code = problem instanceof Error && 'code' in problem ? String(problem.code) : String(problem)
  const trusted = socket.authorized || code === 'ERR_TLS_CERT_ALTNAME_INVALID'
  return {
    kind: 'tls',
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    chain: chainOf(certificate),
    ...(!trusted && { distrust: { code, words: codeWords(code) } }),
    ...(wrongName !== undefined && { wrongName: wrongName.message }),
  }
}

function chainOf(first: DetailedPeerCertificate): readonly Certificate[] {
  const chain: Certificate[] = []
  const seen = new Set<string>()
  // The last one is its own issuer.
  for (
    let one: DetailedPeerCertificate | undefined = first;
    one?.fingerprint256 !== undefined && !seen.has(one.fingerprint256);
    one = one.issuerCertificate
  ) {
    seen.add(one.fingerprint256)
    chain.push({
      subject: nameOf(one.subject),
      issuer: nameOf(one.issuer),
      names: (one.subjectaltname ?? '')
        .split(', ')
        .filter((name) => name !== '')
        .map((name) => name.replace(/^(?:DNS|IP Address):/, '')),
      validFrom: Date.parse(one.valid_from),
      validTo: Date.parse(one.valid_to),
    })
  }
  return chain
}

/** The common name; for authorities that have none, their organisation. */
const nameOf = ({ CN, O }: Readonly<Record<string, string | readonly string[] | undefined>>): string =>
  [CN ?? O ?? 'without a name'].flat().join(', ')
