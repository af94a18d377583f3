import type { IncomingMessage } from 'node:http'
import { isDigest, type Digest } from '../../domain/digest.js'
import { requireDigest } from './blob-endpoints.js'
import { refuseMethod, sendEmpty, type Exchange } from './exchange.js'
import { receivedRange } from './ranges.js'
import { RegistryError } from './registry-error.js'
import { requireRepository, type Repository } from './repositories.js'
import { mayMount, repositoryForPush, type RegistryStore } from './store.js'
import { newUpload, receiveChunk, type Upload } from './upload.js'

// As long as Docker's registry keeps an upload that nobody continues.
const idleLimit = 7 * 24 * 60 * 60 * 1000

/**
 * Blob uploads: monolithic, in chunks, and by mount.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export function createUploadEndpoints(store: RegistryStore) {
  const uploads = new Map<string, Upload>()

  /** POST: begins an upload, or ends one at once with `?digest=` or `?mount=&from=`. */
  async function begin(exchange: Exchange, name: string): Promise<void> {
    const { request, query } = exchange
    if (request.method !== 'POST') refuseMethod(request, 'POST')
    const repository = repositoryForPush(store, name)
    const mounted = mountable(query)
    if (mounted) {
      repository.blobs.add(mounted)
      sendCreated(exchange, repository, mounted)
      return
    }
    dropIdle()
    const digest = query.has('digest') ? requireDigest(query.get('digest')) : undefined
    const upload = newUpload(repository, store.blobs.write(), store.now())
    uploads.set(upload.id, upload)
    if (digest) await endAtOnce(exchange, upload, digest)
    else sendProgress(exchange, upload, 202)
  }

  /** PATCH, PUT, GET and DELETE of an upload under way. */
  async function proceed(exchange: Exchange, name: string, id: string): Promise<void> {
    const { request, query } = exchange
    requireRepository(store.repositories, name, store.accountId)
    const upload = uploads.get(id)
    if (upload?.repository.name !== name) {
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', { detail: { upload: id } })
    }
    if (upload.busy) {
      throw new RegistryError('BLOB_UPLOAD_INVALID', 'another request is writing to this upload', { status: 409 })
    }
    switch (request.method) {
      case 'PATCH':
        await receive(request, upload)
        sendProgress(exchange, upload, store.rules.uploads === 'ecr' ? 201 : 202)
        return
      case 'PUT':
        await end(exchange, upload, requireDigest(query.get('digest')))
        return
      case 'GET':
        sendProgress(exchange, upload, 204)
        return
      case 'DELETE':
        drop(upload)
        sendEmpty(exchange, 204)
        return
      default:
        refuseMethod(request, 'GET', 'PATCH', 'PUT', 'DELETE')
    }
  }

  /** The blob that the query asks to mount, when it is there and may be. Anything else is an ordinary upload. */
  function mountable(query: URLSearchParams): Digest | undefined {
    const digest = query.get('mount') ?? ''
    const from = store.repositories.find(query.get('from') ?? '')
    return isDigest(digest) && mayMount(store) && from?.blobs.has(digest) ? digest : undefined
  }

  async function receive(request: IncomingMessage, upload: Upload): Promise<void> {
    try {
      await receiveChunk(request, upload, { headers: progressHeaders(upload), broken: () => drop(upload) })
    } finally {
      upload.usedAt = store.now()
    }
  }

  /** Nobody knows the address of an upload that one POST was to end, so nothing stays of a failed one. */
  async function endAtOnce(exchange: Exchange, upload: Upload, digest: Digest): Promise<void> {
    try {
      await end(exchange, upload, digest)
    } catch (error) {
      drop(upload)
      throw error
    }
  }

  async function end(exchange: Exchange, upload: Upload, digest: Digest): Promise<void> {
    const ecr = store.rules.uploads === 'ecr'
    await receive(exchange.request, upload)
    uploads.delete(upload.id)
    if (ecr && upload.smallChunk) {
      upload.writer.discard()
      throw new RegistryError('BLOB_UPLOAD_INVALID', 'All layer parts except the last part should be at least 5MB')
    }
    if (!upload.writer.commit(digest)) {
      throw ecr
        ? new RegistryError(
            'BLOB_UPLOAD_INVALID',
            'None of the provided layer digests match the calculated layer digest',
          )
        : new RegistryError('DIGEST_INVALID', 'the content does not have that digest', { detail: { digest } })
    }
    upload.repository.blobs.add(digest)
    sendCreated(exchange, upload.repository, digest)
  }

  function sendProgress(exchange: Exchange, upload: Upload, status: number): void {
    sendEmpty(exchange, status, progressHeaders(upload))
  }

  function progressHeaders({ id, repository, writer, firstChunk }: Upload): Record<string, string> {
    return {
      Location: `/v2/${repository.name}/blobs/uploads/${id}`,
      Range: receivedRange(store.rules.uploads === 'ecr' ? firstChunk : writer.size),
      'Docker-Upload-UUID': id,
    }
  }

  function drop(upload: Upload): void {
    uploads.delete(upload.id)
    upload.writer.discard()
  }

  function dropIdle(): void {
    for (const upload of uploads.values()) if (!upload.busy && store.now() - upload.usedAt > idleLimit) drop(upload)
  }

  return { begin, proceed }
}

function sendCreated(exchange: Exchange, repository: Repository, digest: Digest): void {
  sendEmpty(exchange, 201, {
    Location: `/v2/${repository.name}/blobs/${digest}`,
    'Docker-Content-Digest': digest,
  })
}
