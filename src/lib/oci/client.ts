import { defaultRetryPolicy, type RetryPolicy } from '../domain/retry.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Clock } from '../ports/clock.js'
import type { Registry } from '../ports/registry.js'
import { createAuthorizer, type Credentials } from './auth.js'
import { createDownloads } from './downloads.js'
import { createExchange } from './exchange.js'
import { createListings } from './listings.js'
import { createManifests } from './manifests.js'
import { createTransport, discard, type TransportOptions } from './transport.js'
import { createUploads } from './uploads.js'

export interface RegistryClientOptions extends TransportOptions {
  /** `https://host[:port]` or `http://host[:port]`; see `registryEndpoint`. */
  readonly endpoint: string
  /** Asked when the first request is made, and again when a registry refuses what it gave. */
  readonly credentials: () => Promise<Credentials | undefined>
  readonly clock: Clock
  /** From 0 up to 1; spreads retries. */
  readonly random?: () => number
  readonly retry?: RetryPolicy
  /** How many large blobs are sent at once; more than two gain nothing on one connection's worth of disk. */
  readonly parallelUploads?: number
  /** Host as it stands in image references, where it differs from the endpoint's. */
  readonly host?: string
  /** Ends every request and every pause between them. */
  readonly signal?: AbortSignal
}

/** A client of one registry, over HTTP as the OCI distribution specification has it. Nothing is sent until it is used. */
export function createRegistryClient(options: RegistryClientOptions): Registry {
  const endpoint = new URL(options.endpoint)
  const transport = createTransport(options)
  const { clock, random = Math.random, retry: policy = defaultRetryPolicy, signal } = options
  const authorizer = createAuthorizer({
    transport,
    clock,
    credentials: options.credentials,
    secure: endpoint.protocol === 'https:',
  })
  const exchange = createExchange({ origin: endpoint.origin, transport, authorizer, clock, random, policy, signal })
  const shared = { endpoint, exchange, clock, random, policy, signal }
  const openBlob = createDownloads(shared)
  const manifests = createManifests(endpoint, exchange)
  const hasBlob: Registry['hasBlob'] = async (repository, digest) => {
    const response = await exchange({
      method: 'HEAD',
      url: new URL(`/v2/${repository}/blobs/${digest}`, endpoint),
      purpose: { host: endpoint.host, what: `look for the blob ${digest} in ${repository}` },
      scopes: [`repository:${repository}:pull`],
      follow: true,
      expect: [200, 404],
    })
    discard(response)
    return response.status === 200
  }
  const uploads = createUploads({ ...shared, hasBlob, parallel: options.parallelUploads ?? 2 })

  return {
    host: options.host ?? endpoint.host,
    connect: (count) => {
      transport.connect(endpoint, count)
      // The first request asks for them, too, and then need not wait; a failure is its to report.
      authorizer.header([]).catch(() => undefined)
    },
    ping: async () => {
      const purpose = { host: endpoint.host, what: 'let us in' }
      discard(await exchange({ method: 'GET', url: new URL('/v2/', endpoint), purpose, scopes: [], expect: [200] }))
    },
    ...manifests,
    ...createListings(endpoint, exchange, manifests.getManifest),
    mountBlob: (...asked) => uploads.mountBlob(...asked),
    prepareUploads: (...asked) => uploads.prepareUploads(...asked),
    tryUpload: (...asked) => uploads.tryUpload(...asked),
    putBlob: (...asked) => uploads.putBlob(...asked),
    hasBlob,
    openBlob,
    getBlob: async (repository, descriptor) => {
      const stream = await openBlob(repository, descriptor)
      if (stream === undefined) throw missingBlob(endpoint.host, repository, descriptor.digest)
      const parts: Uint8Array[] = []
      for await (const part of stream) parts.push(part)
      return Buffer.concat(parts, descriptor.size)
    },
    close: async () => {
      await uploads.cancelUnused()
      transport.close()
    },
  }
}

function missingBlob(host: string, repository: string, digest: string): RampartError {
  return new RampartError('unreachable', `${host} has no bytes of ${digest}, which an image in ${repository} names`, {
    next: ['push the image again; the registry has lost a part of it'],
  })
}
