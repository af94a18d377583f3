import { retryPause, type RetryPolicy } from '../domain/retry.js'
import type { Clock } from '../ports/clock.js'
import type { Descriptor } from '../ports/registry.js'
import type { Exchange } from './exchange.js'
import { connectionFailure, digestMismatch, type Purpose } from './failures.js'
import { isPassingError } from './retry.js'
import { discard, type WireResponse } from './transport.js'
import { verified } from './verified.js'

export interface DownloadOptions {
  readonly endpoint: URL
  readonly exchange: Exchange
  readonly clock: Clock
  readonly random: () => number
  readonly policy: RetryPolicy
  readonly signal?: AbortSignal | undefined
}

/** Opens a blob for reading; the stream goes on where it was when a connection breaks, and fails on wrong bytes. */
export type OpenBlob = (repository: string, blob: Descriptor) => Promise<AsyncIterable<Uint8Array> | undefined>

/** Downloads over an exchange; see the Registry port for the promises. */
export function createDownloads(options: DownloadOptions): OpenBlob {
  const { endpoint, exchange, policy } = options

  const request = (repository: string, blob: Descriptor, purpose: Purpose, offset: number): Promise<WireResponse> =>
    exchange({
      method: 'GET',
      url: new URL(`/v2/${repository}/blobs/${blob.digest}`, endpoint),
      purpose,
      scopes: [`repository:${repository}:pull`],
      follow: true,
      headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
      expect: [200, 206, 404, 410],
    })

  async function* resuming(
    first: WireResponse,
    again: (offset: number) => Promise<WireResponse>,
    purpose: Purpose,
  ): AsyncIterable<Uint8Array> {
    let response = first
    let offset = 0
    let failures = 0
    for (;;) {
      // A registry that ignores the range sends the blob from its start.
      let skip = response.status === 206 ? 0 : offset
      try {
        for await (const piece of response.body as AsyncIterable<Buffer>) {
          const rest = skip === 0 ? piece : piece.subarray(skip)
          skip = Math.max(0, skip - piece.length)
          offset += rest.length
          if (rest.length > 0) yield rest
        }
        return
      } catch (error) {
        options.signal?.throwIfAborted()
        failures += 1
        const pause = isPassingError(error) ? retryPause(policy, failures, options.random) : undefined
        if (pause === undefined) throw connectionFailure(purpose, error)
        await options.clock.sleep(pause, options.signal)
        response = await again(offset)
      }
    }
  }

  return async (repository, blob) => {
    const purpose = { host: endpoint.host, what: `read the blob ${blob.digest} of ${repository}` }
    const response = await request(repository, blob, purpose, 0)
    if (response.status === 404 || response.status === 410) {
      discard(response)
      return undefined
    }
    const stream = resuming(response, (offset) => request(repository, blob, purpose, offset), purpose)
    return verified(stream, blob, (found) => digestMismatch(purpose, blob.digest, found))
  }
}
