import { imageStatus } from './archive.js'
import { isDigest } from '../../domain/digest.js'
import { accepts } from './accept.js'
import { readBody, refuseMethod, sendEmpty, type Exchange } from './exchange.js'
import { declaredMediaType } from './manifest.js'
import { digestOf, pushManifest } from './push-manifest.js'
import { RegistryError } from './registry-error.js'
import { findManifest, removeManifest, platformManifest, requireRepository } from './repositories.js'
import { isTag } from './route.js'
import { repositoryForPush } from './store.js'

// The specification asks registries to take 4 MiB at least, and says to refuse what is over the limit with 413.
const manifestLimit = 4 * 1024 * 1024

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests and the sections after it */
export async function answerManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { request } = exchange
  if (!isDigest(reference) && !isTag(reference)) {
    throw reference.includes(':')
      ? new RegistryError('DIGEST_INVALID', `not a sha256 digest: ${reference}`)
      : new RegistryError('TAG_INVALID', `not a tag: ${reference}`)
  }
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      get(exchange, name, reference)
      return
    case 'PUT':
      await put(exchange, name, reference)
      return
    case 'DELETE':
      remove(exchange, name, reference)
      return
    default:
      refuseMethod(request, 'GET', 'HEAD', 'PUT', 'DELETE')
  }
}

function get(exchange: Exchange, name: string, reference: string): void {
  const { request, response, store } = exchange
  const repository = requireRepository(store.repositories, name, store.accountId)
  const found = findManifest(repository, reference)
  // An archived image is answered as one that is not there:
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
  if (!found || imageStatus(repository, found.digest, store.now()) !== 'ACTIVE') throw unknown(reference)
  const accepted = accepts(request.headers.accept, found.mediaType)
  // As Docker's registry: clients that know no indexes get the linux/amd64 image behind a tag; a digest is exact.
  const manifest = accepted || isDigest(reference) ? found : platformManifest(repository, found)
  if (!manifest || !accepts(request.headers.accept, manifest.mediaType)) {
    throw new RegistryError('MANIFEST_UNKNOWN', `${reference} is ${found.mediaType}, which the Accept header excludes`)
  }
  response.writeHead(200, {
    'Content-Type': manifest.mediaType,
    'Content-Length': manifest.bytes.byteLength,
    'Docker-Content-Digest': manifest.digest,
    ETag: `"${manifest.digest}"`,
  })
  response.end(request.method === 'HEAD' ? undefined : manifest.bytes)
}

async function put(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { request, store } = exchange
  const repository = repositoryForPush(store, name)
  const bytes = await readBody(request, manifestLimit)
  const byDigest = isDigest(reference)
  if (byDigest && digestOf(bytes) !== reference) {
    throw new RegistryError('DIGEST_INVALID', 'the manifest does not have that digest', { detail: { reference } })
  }
  const stated = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  const mediaType = stated === '' ? (declaredMediaType(bytes) ?? '') : stated
  const push = { bytes, mediaType, now: store.now(), ...(!byDigest && { tag: reference }) }
  const manifest = pushManifest(repository, store.blobs, push)
  // Who pushes an archived image again restores it.
  repository.archive.delete(manifest.digest)
  const { subject } = manifest.content
  sendEmpty(exchange, 201, {
    Location: `/v2/${name}/manifests/${manifest.digest}`,
    'Docker-Content-Digest': manifest.digest,
    // Tells the client that the referrers list is kept by us.
    ...(subject && { 'OCI-Subject': subject }),
  })
}

/** A tag is taken away alone; a digest takes the manifest and every tag on it. */
function remove(exchange: Exchange, name: string, reference: string): void {
  const { store } = exchange
  const repository = requireRepository(store.repositories, name, store.accountId)
  const manifest = findManifest(repository, reference)
  if (!manifest) throw unknown(reference)
  if (isDigest(reference)) removeManifest(repository, manifest)
  else repository.tags.delete(reference)
  sendEmpty(exchange, 202)
}

function unknown(reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown to registry', { detail: { reference } })
}
