import type { IncomingMessage, ServerResponse } from 'node:http'
import { RegistryError } from './registry-error.js'
import type { RegistryStore } from './store.js'

/** One request on its way through the registry. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly store: RegistryStore
}

/** Answers without a body. */
export function sendEmpty({ response }: Exchange, status: number, headers: Record<string, string | number> = {}): void {
  // A 204 must not carry a Content-Length (RFC 9110, 8.6).
  response.writeHead(status, status === 204 ? headers : { 'Content-Length': 0, ...headers }).end()
}

/** Answers with JSON, or with its headers alone to a HEAD. */
export function sendJson(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers, 'Content-Length': bytes.byteLength })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

/** The whole request body, if it is not larger than `limit`. @throws RegistryError with status 413. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > limit) throw new RegistryError('SIZE_INVALID', `more than ${limit} bytes`, { status: 413 })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws RegistryError UNSUPPORTED that names what the address can do. */
export function refuseMethod(request: IncomingMessage, ...allowed: readonly string[]): never {
  throw new RegistryError('UNSUPPORTED', `${request.method} is not supported here`, {
    headers: { Allow: allowed.join(', ') },
  })
}
