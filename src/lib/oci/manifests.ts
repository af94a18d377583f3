import { isDigest, type Digest } from '../domain/digest.js'
import type { Manifest, Registry } from '../ports/registry.js'
import type { Ask, Exchange } from './exchange.js'
import { digestMismatch, type Purpose } from './failures.js'
import { manifestTypes, mediaTypes } from '../domain/media-types.js'
import { discard, type WireResponse } from './transport.js'
import { digestOf } from './verified.js'

/** The manifest half of a registry client; see the Registry port for the promises. */
export type Manifests = Pick<Registry, 'headManifest' | 'getManifest' | 'putManifest'>

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests asks for at least this much.
const longestManifest = 4 * 1024 * 1024

const mediaTypeOf = ({ headers }: WireResponse): string =>
  headers['content-type']?.split(';')[0]?.trim() ?? mediaTypes.ociManifest

/** `app:latest` or `app@sha256:…`. */
const named = (repository: string, reference: string): string =>
  `${repository}${isDigest(reference) ? '@' : ':'}${reference}`

/** Manifests over an exchange. */
export function createManifests(endpoint: URL, exchange: Exchange): Manifests {
  const { host } = endpoint
  const address = (repository: string, reference: string): URL =>
    new URL(`/v2/${repository}/manifests/${reference}`, endpoint)

  const reading = (method: 'GET' | 'HEAD', repository: string, reference: string): Ask => ({
    method,
    url: address(repository, reference),
    purpose: { host, what: `read the manifest ${named(repository, reference)}` },
    scopes: [`repository:${repository}:pull`],
    headers: { accept: manifestTypes.join(', ') },
    follow: true,
    expect: [200, 404],
  })

  async function getManifest(repository: string, reference: string): Promise<Manifest | undefined> {
    const ask = { ...reading('GET', repository, reference), read: longestManifest }
    const response = await exchange(ask)
    if (response.status === 404) return undefined
    const { bytes } = response
    const digest = digestOf(bytes)
    for (const promised of [response.headers['docker-content-digest'], reference]) {
      check(ask.purpose, typeof promised === 'string' && isDigest(promised) ? promised : undefined, digest)
    }
    return { bytes, descriptor: { mediaType: mediaTypeOf(response), digest, size: bytes.length } }
  }

  return {
    getManifest,
    headManifest: async (repository, reference) => {
      const response = await exchange(reading('HEAD', repository, reference))
      discard(response)
      if (response.status === 404) return undefined
      const digest = response.headers['docker-content-digest']
      const size = Number(response.headers['content-length'])
      // The header is optional; without it only the manifest itself tells.
      if (typeof digest !== 'string' || !isDigest(digest) || !(size > 0)) {
        return (await getManifest(repository, reference))?.descriptor
      }
      return { mediaType: mediaTypeOf(response), digest, size }
    },
    putManifest: async (repository, reference, mediaType, bytes) => {
      const purpose = { host, what: `store the manifest ${named(repository, reference)}` }
      const response = await exchange({
        method: 'PUT',
        url: address(repository, reference),
        purpose,
        scopes: [`repository:${repository}:pull,push`],
        headers: { 'content-type': mediaType },
        body: { size: bytes.length, open: () => [bytes] },
        expect: [201, 200],
      })
      discard(response)
      const stored = response.headers['docker-content-digest']
      check(purpose, typeof stored === 'string' && isDigest(stored) ? stored : undefined, digestOf(bytes))
    },
  }
}

function check(purpose: Purpose, promised: Digest | undefined, found: Digest): void {
  if (promised !== undefined && promised !== found) throw digestMismatch(purpose, promised, `a manifest with ${found}`)
}
