import type { IncomingHttpHeaders } from 'node:http'

/** What the signature of a request says of its sender. The rehearsal knows no secrets, so it checks form, not truth. */
export interface Signature {
  readonly accessKeyId: string
  readonly region: string
  readonly signingName: string
}

/** The reading of a request's signature. */
export type SignatureReading =
  | { readonly kind: 'signed'; readonly signature: Signature }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly message: string }

/**
 * Reads Signature Version 4 from the Authorization header, or from the query string of a presigned request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function readSignature(headers: IncomingHttpHeaders, query: URLSearchParams): SignatureReading {
  const { authorization } = headers
  if (authorization === undefined) {
    const algorithm = query.get('X-Amz-Algorithm')
    if (algorithm === null) return { kind: 'missing' }
    if (algorithm !== 'AWS4-HMAC-SHA256')
      return { kind: 'malformed', message: `Unsupported AWS 'algorithm': '${algorithm}'.` }
    const part = (name: string): string | undefined => query.get(`X-Amz-${name}`) ?? undefined
    return assemble(part('Credential'), part('Signature'), part('SignedHeaders'), part('Date'), 'Query string')
  }
  const [algorithm, rest] = split(authorization, ' ')
  // The header itself is not repeated: it may be a token of another scheme.
  if (algorithm !== 'AWS4-HMAC-SHA256')
    return {
      kind: 'malformed',
      message: "Unsupported scheme in the Authorization header; 'AWS4-HMAC-SHA256' is expected.",
    }
  const parts = new Map(rest.split(',').map((pair) => split(pair.trim(), '=')))
  const date = headers['x-amz-date'] ?? headers.date
  return assemble(
    parts.get('Credential'),
    parts.get('Signature'),
    parts.get('SignedHeaders'),
    typeof date === 'string' ? date : undefined,
    'Authorization header',
  )
}

function assemble(
  credential: string | undefined,
  signature: string | undefined,
  signedHeaders: string | undefined,
  date: string | undefined,
  place: string,
): SignatureReading {
  const lacking = [
    ...(credential ? [] : [`${place} requires 'Credential' parameter.`]),
    ...(signature ? [] : [`${place} requires 'Signature' parameter.`]),
    ...(signedHeaders ? [] : [`${place} requires 'SignedHeaders' parameter.`]),
    ...(date ? [] : [`${place} requires existence of either a 'X-Amz-Date' or a 'Date' header.`]),
  ]
  if (lacking.length > 0) return { kind: 'malformed', message: lacking.join(' ') }
  const [accessKeyId, day, region, signingName, terminator, ...more] = (credential ?? '').split('/')
  if (!accessKeyId || !day || !region || !signingName || terminator === undefined || more.length > 0)
    return {
      kind: 'malformed',
      message: 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.',
    }
  if (terminator !== 'aws4_request')
    return { kind: 'malformed', message: "Credential should be scoped with a valid terminator: 'aws4_request'." }
  if (!/^\d{8}$/.test(day))
    return { kind: 'malformed', message: 'Date in Credential scope must be of the form YYYYMMDD.' }
  if (!/^[0-9a-f]{64}$/.test(signature ?? ''))
    return { kind: 'malformed', message: 'Signature must be 64 hexadecimal digits in lower case.' }
  return { kind: 'signed', signature: { accessKeyId, region, signingName } }
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
