import type { Digest } from '../domain/digest.js'
import { limiter } from '../domain/limiter.js'
import { isPassing, retryPause, type RetryPolicy } from '../domain/retry.js'
import type { Clock } from '../ports/clock.js'
import type { BlobSource, Registry } from '../ports/registry.js'
import type { Ask, Exchange } from './exchange.js'
import { RegistryRefusal, type Purpose } from './failures.js'
import { isPassingError } from './retry.js'
import { discard } from './transport.js'

/** The upload half of a registry client; see the Registry port for the promises. */
export interface Uploads extends Pick<Registry, 'prepareUploads' | 'tryUpload' | 'mountBlob' | 'putBlob'> {
  /** Cancels the uploads that were opened and not used. */
  cancelUnused(): Promise<void>
}

export interface UploadOptions {
  readonly endpoint: URL
  readonly exchange: Exchange
  readonly hasBlob: (repository: string, digest: Digest) => Promise<boolean>
  readonly clock: Clock
  readonly random: () => number
  readonly policy: RetryPolicy
  /** How many large bodies are sent at once. */
  readonly parallel: number
}

// Small bodies never wait for a place behind large ones.
const largeBody = 1024 * 1024

/** Uploads as POST and one monolithic PUT: Amazon ECR answers chunked PATCH requests oddly (aws/containers-roadmap#2831). */
export function createUploads(options: UploadOptions): Uploads {
  const { endpoint, exchange } = options
  const { host } = endpoint
  // Opened uploads by repository. A registry hands out a new address for each; any of them serves any blob.
  const opened = new Map<string, Promise<URL | undefined>[]>()
  const enter = limiter(options.parallel)

  const pool = (repository: string): Promise<URL | undefined>[] => {
    const known = opened.get(repository) ?? []
    opened.set(repository, known)
    return known
  }
  const address = (path: string): URL => new URL(path, endpoint)

  async function open(repository: string): Promise<URL> {
    const purpose = { host, what: `take an upload into ${repository}`, upload: true }
    const url = address(`/v2/${repository}/blobs/uploads/`)
    const response = await exchange({ method: 'POST', url, purpose, scopes: pushScopes(repository), expect: [202] })
    discard(response)
    return sessionAddress(response.headers.location, url, purpose)
  }

  async function session(repository: string): Promise<URL> {
    const prepared = pool(repository).shift()
    return (await prepared) ?? open(repository)
  }

  /** One try: an upload session and the whole body. */
  async function attempt(
    repository: string,
    blob: BlobSource,
    onProgress: ((sent: number) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const url = await session(repository)
    url.searchParams.set('digest', blob.digest)
    const ask: Ask = {
      method: 'PUT',
      url,
      purpose: { host, what: `take the upload of ${blob.digest} into ${repository}`, upload: true },
      scopes: pushScopes(repository),
      headers: { 'content-type': 'application/octet-stream' },
      body: blob,
      expect: [201, 204],
      retry: false,
      ...(onProgress !== undefined && { onSent: onProgress }),
      ...(signal !== undefined && { signal }),
    }
    const leave = blob.size >= largeBody ? await enter() : undefined
    try {
      discard(await exchange(ask))
    } finally {
      leave?.()
    }
  }

  async function putBlob(
    repository: string,
    blob: BlobSource,
    onProgress?: (sent: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        await attempt(repository, blob, onProgress, signal)
        return
      } catch (error) {
        signal?.throwIfAborted()
        const pause = mayPass(error) ? retryPause(options.policy, failures, options.random) : undefined
        if (pause === undefined) throw error
        await options.clock.sleep(pause, signal)
        // The answer may have been lost and not the upload.
        if (await options.hasBlob(repository, blob.digest)) return
      }
    }
  }

  async function cancel(repository: string, prepared: Promise<URL | undefined>): Promise<void> {
    const url = await prepared
    if (url === undefined) return
    const purpose = { host, what: `cancel an upload into ${repository}` }
    const scopes = pushScopes(repository)
    const ask: Ask = { method: 'DELETE', url, purpose, scopes, expect: [204, 202, 404, 405], retry: false }
    // A registry forgets abandoned uploads by itself; this only makes it sooner.
    await exchange(ask).then(discard, () => undefined)
  }

  return {
    putBlob,
    prepareUploads: (repository, count) => {
      for (let index = 0; index < count; index += 1) {
        pool(repository).push(open(repository).catch(() => undefined))
      }
    },
    tryUpload: async (repository) => cancel(repository, Promise.resolve(await open(repository))),
    mountBlob: async (repository, digest, from) => {
      const purpose = { host, what: `mount ${digest} of ${from} into ${repository}`, upload: true }
      const url = address(`/v2/${repository}/blobs/uploads/`)
      url.search = new URLSearchParams({ mount: digest, from }).toString()
      const scopes = [...pushScopes(repository), `repository:${from}:pull`]
      // Refusing is normal, and so is not knowing the other repository or not being allowed to read it.
      const response = await exchange({
        method: 'POST',
        url,
        purpose,
        scopes,
        expect: [201, 202, 400, 403, 404, 405],
      })
      discard(response)
      if (response.status === 202 && response.headers.location !== undefined) {
        pool(repository).push(Promise.resolve(sessionAddress(response.headers.location, url, purpose)))
      }
      return response.status === 201
    },
    cancelUnused: async () => {
      const unused = [...opened].flatMap(([repository, held]) => held.splice(0).map((one) => cancel(repository, one)))
      await Promise.all(unused)
    },
  }
}

/** The address of an upload, absolute or relative; some registries behind a proxy name the scheme that they see. */
function sessionAddress(location: string | undefined, asked: URL, purpose: Purpose): URL {
  const url = location === undefined ? null : URL.parse(location, asked.href)
  if (url === null) throw new RegistryRefusal(purpose, 202, { code: '', message: 'no address to upload to' })
  if (url.hostname === asked.hostname && asked.protocol === 'https:') url.protocol = 'https:'
  return url
}

const pushScopes = (repository: string): readonly string[] => [`repository:${repository}:pull,push`]

/** A failure of an upload that another one may not meet: the connection broke, the registry is busy or forgot us. */
function mayPass(error: unknown): boolean {
  if (error instanceof RegistryRefusal) return isPassing(error.status) || error.code === 'BLOB_UPLOAD_UNKNOWN'
  return error instanceof Error && isPassingError(error.cause)
}
