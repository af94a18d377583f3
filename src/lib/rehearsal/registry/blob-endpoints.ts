import { pipeline } from 'node:stream/promises'
import { isDigest, type Digest } from '../../domain/digest.js'
import { refuseMethod, sendEmpty, type Exchange } from './exchange.js'
import { parseRange } from './ranges.js'
import { RegistryError } from './registry-error.js'
import { requireRepository } from './repositories.js'
import { unlinkBlob } from './store.js'

/** Reads a digest from an address. @throws RegistryError DIGEST_INVALID; only sha256 is known here. */
export function requireDigest(text: string | null): Digest {
  if (text !== null && isDigest(text)) return text
  throw new RegistryError('DIGEST_INVALID', `not a sha256 digest: ${text ?? '(none)'}`)
}

/** GET, HEAD and DELETE of a blob. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs */
export async function answerBlob(exchange: Exchange, name: string, text: string): Promise<void> {
  const { request, response, store } = exchange
  const digest = requireDigest(text)
  const repository = requireRepository(store.repositories, name, store.accountId)
  const blob = repository.blobs.has(digest) ? store.blobs.stat(digest) : undefined
  if (!blob) throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to registry', { detail: { digest } })
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'max-age=31536000',
    ...(blob.state === 'declared' && { 'X-Rampart-Simulated': 'declared-blob' }),
  }
  switch (request.method) {
    case 'HEAD':
      response.writeHead(200, { ...headers, 'Content-Length': blob.size }).end()
      return
    case 'GET':
      break
    case 'DELETE':
      unlinkBlob(store, repository, digest)
      sendEmpty(exchange, 202)
      return
    default:
      refuseMethod(request, 'GET', 'HEAD', 'DELETE')
  }
  if (blob.state === 'declared') throw withoutBytes(digest, blob.size)
  const range = parseRange(request.headers.range, blob.size)
  if (range === 'unsatisfiable') {
    throw new RegistryError('SIZE_INVALID', `the blob has ${blob.size} bytes`, {
      status: 416,
      headers: { 'Content-Range': `bytes */${blob.size}` },
    })
  }
  const length = range ? range.end - range.start + 1 : blob.size
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'Content-Length': length,
    ...(range && { 'Content-Range': `bytes ${range.start}-${range.end}/${blob.size}` }),
  })
  if (length === 0) response.end()
  else await pipeline(store.blobs.open(digest, range), response)
}

/**
 * The answer to who asks for the bytes of a blob that exists by its size alone: 410, code UNSUPPORTED and
 * `detail.simulated`, so that a client neither tries again nor takes the blob for missing.
 */
function withoutBytes(digest: Digest, size: number): RegistryError {
  return new RegistryError(
    'UNSUPPORTED',
    `${digest} is simulated: the rehearsal declares its ${size} bytes and does not have them, so it can be ` +
      'inspected, mounted and released, but not pulled',
    { status: 410, detail: { simulated: true, digest, size } },
  )
}
