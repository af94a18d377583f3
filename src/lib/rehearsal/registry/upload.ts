import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { BlobWriter } from './blob-store.js'
import { parseContentRange } from './ranges.js'
import { RegistryError } from './registry-error.js'
import type { Repository } from './repositories.js'

/** An upload under way. */
export interface Upload {
  readonly id: string
  readonly repository: Repository
  readonly writer: BlobWriter
  /** True while a request writes to it. */
  busy: boolean
  /** When it was last written to, on the virtual clock. */
  usedAt: number
  /** Bytes of the first and of the last chunk; 0 before any has come. */
  firstChunk: number
  lastChunk: number
  /** True when a chunk other than the last one was under ECR's least size. */
  smallChunk: boolean
}

// "All layer parts except the last part should be at least 5MB", says ECR's CompleteLayerUpload.
const leastChunk = 5 * 1024 * 1024

/** An upload of which nothing has come; `now` is the virtual clock's. */
export function newUpload(repository: Repository, writer: BlobWriter, now: number): Upload {
  const chunks = { firstChunk: 0, lastChunk: 0, smallChunk: false }
  return { id: randomUUID(), repository, writer, busy: false, usedAt: now, ...chunks }
}

/**
 * Takes the request's body as the next chunk. A client that breaks off leaves what had come; after any other failure
 * the upload is `broken` for good.
 * @throws RegistryError BLOB_UPLOAD_INVALID (416, with `headers`) for a chunk out of order, SIZE_INVALID.
 */
export async function receiveChunk(
  request: IncomingMessage,
  upload: Upload,
  options: { readonly headers: Record<string, string>; readonly broken: () => void },
): Promise<void> {
  const { writer } = upload
  const before = writer.size
  const range = parseContentRange(request.headers['content-range'])
  if (range === 'malformed') throw new RegistryError('BLOB_UPLOAD_INVALID', 'Content-Range is not <start>-<end>')
  if (range && range.start !== before) {
    const { headers } = options
    throw new RegistryError('BLOB_UPLOAD_INVALID', `the next chunk starts at ${before}`, { status: 416, headers })
  }
  upload.busy = true
  try {
    // Without this option a failing disk would close the connection before the client has its answer.
    await writer.append(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>)
  } catch (error) {
    if (!request.destroyed || request.complete) options.broken()
    throw error
  } finally {
    upload.busy = false
    countChunk(upload, writer.size - before)
  }
  const size = writer.size - before
  if (range && range.end - range.start + 1 !== size) {
    options.broken()
    throw new RegistryError('SIZE_INVALID', `the chunk has ${size} bytes, not those of its Content-Range`)
  }
}

function countChunk(upload: Upload, size: number): void {
  if (size === 0) return
  if (upload.firstChunk === 0) upload.firstChunk = size
  else if (upload.lastChunk < leastChunk) upload.smallChunk = true
  upload.lastChunk = size
}
