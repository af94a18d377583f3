export interface HttpRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Milliseconds. What a connection that was open already had no need of is 0. */
export interface HttpTiming {
  readonly resolve: number
  readonly connect: number
  readonly tls: number
  /** From the beginning to the first byte of the answer. */
  readonly firstByte: number
  /** From the beginning to the last byte of the answer. */
  readonly total: number
}

/** What is reached how far when a request fails. */
export type HttpStage = 'resolve' | 'connect' | 'tls' | 'answer' | 'body'

/** No answer came, or not all of one. */
export interface HttpFailure {
  readonly kind: 'failure'
  readonly stage: HttpStage
  /** `timeout`, `proxy` for one that is not there or refuses, or the word of the system, e.g. `CERT_HAS_EXPIRED`. */
  readonly code: string
  /** What happened, for people. */
  readonly detail: string
  /** Milliseconds until then. */
  readonly total: number
}

export interface HttpAnswer {
  readonly kind: 'answer'
  readonly status: number
  /** By lower-case name; those that came more than once are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** Decompressed; at most as much as was asked for. */
  readonly body: Uint8Array
  /** True when there was more of it. */
  readonly cut: boolean
  readonly timing: HttpTiming
  /** The IP address that answered: of the proxy where there is one. */
  readonly address: string
  /** The proxy that the request went through, without its password; undefined where it went directly. */
  readonly via?: string
}

export interface HttpOptions {
  /** Milliseconds until the last byte. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

/** Connections that are kept between requests. */
export interface HttpSession {
  /** Sends one request and follows no redirect. It rejects with the signal's reason only; all else is an answer. */
  send(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer | HttpFailure>
  close(): void
}

export interface Http {
  /** Milliseconds of a clock that only goes forwards, with fractions. */
  now(): number
  /** Opens no connection before the first request, and never more than these. */
  session(connections: number): HttpSession
  /** The proxy by which an address is reached, without its password; undefined where it is reached directly. */
  via(url: string): string | undefined
}
