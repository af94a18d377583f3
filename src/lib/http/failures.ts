import type { HttpFailure, HttpStage } from '../ports/http.js'

const seconds = (milliseconds: number): string => `${Number((milliseconds / 1000).toFixed(1))} s`

/** What a time that ran out found, by how far it had come. */
const late: Readonly<Record<HttpStage, string>> = {
  resolve: 'DNS had not answered',
  connect: 'no connection was made',
  tls: 'the TLS handshake was not over',
  answer: 'connected and asked, but nothing was answered',
  body: 'the answer had begun and was not over',
}

// https://nodejs.org/api/tls.html#x509-certificate-error-codes and https://nodejs.org/api/errors.html#common-system-errors
const words: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'no DNS server answered',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'nothing there answers',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself alone',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is issued by an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is issued by an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server does not send the certificates in between',
  CERT_REVOKED: 'the certificate was revoked',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the server speaks no TLS that is new enough',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the server speaks no TLS that is new enough',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers there does not speak TLS',
}

/** What a code of Node or OpenSSL means, in words; the code itself where there are none. */
export function codeWords(code: string): string {
  const known = words[code]
  if (known !== undefined) return known
  if (code.startsWith('HPE_')) return `what answers there does not speak HTTP (${code})`
  return code
}

/** A failure that ran out of time. */
export function lateFailure(stage: HttpStage, timeout: number, received: number): HttpFailure {
  const so = stage === 'body' ? `: ${received} bytes came` : ''
  return {
    kind: 'failure',
    stage,
    code: 'timeout',
    detail: `after ${seconds(timeout)} ${late[stage]}${so}`,
    total: timeout,
  }
}

/** The failure that an error of a socket means. */
export function errorFailure(error: unknown, stage: HttpStage, total: number): HttpFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  // A server that takes the request and hangs up has said as much as one that cuts its answer short.
  const cut = code === 'ECONNRESET' && stage === 'body' ? 'the connection was cut within the answer' : codeWords(code)
  const detail = ['unknown', 'proxy'].includes(code) && error instanceof Error ? error.message : cut
  return { kind: 'failure', stage, code, detail, total }
}
