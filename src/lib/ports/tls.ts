import type { HttpFailure } from './http.js'

/** One certificate of a chain. */
export interface Certificate {
  readonly subject: string
  readonly issuer: string
  /** DNS names and addresses that it is for. */
  readonly names: readonly string[]
  /** Milliseconds since 1970. */
  readonly validFrom: number
  readonly validTo: number
}

/** What a handshake came to, trusted or not. */
export interface TlsFacts {
  readonly kind: 'tls'
  /** `TLSv1.3`, `TLSv1.2`, … */
  readonly protocol: string
  readonly cipher: string
  /** The server's first, then those that issued it as far as they are known. */
  readonly chain: readonly Certificate[]
  /** Why the chain is not trusted: OpenSSL's word, e.g. `CERT_HAS_EXPIRED`, and what it means; undefined when it is. */
  readonly distrust?: { readonly code: string; readonly words: string }
  /** Why the certificate is not for the name; undefined when it is. */
  readonly wrongName?: string
  /** The proxy that was in between, without its password: one that looks into what it carries shows its own certificate. */
  readonly via?: string
}

export interface TlsRequest {
  readonly host: string
  readonly port: number
  /** `modern` offers TLS 1.2 and 1.3, `legacy` only what is older. */
  readonly versions: 'modern' | 'legacy'
  readonly timeout: number
  readonly signal?: AbortSignal
}

export interface Tls {
  /** Shakes hands and hangs up. It rejects with the signal's reason only. */
  handshake(request: TlsRequest): Promise<TlsFacts | HttpFailure>
}
