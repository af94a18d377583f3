import { requireDigest } from './blob-endpoints.js'
import { refuseMethod, sendJson, type Exchange } from './exchange.js'
import { mediaTypes } from './manifest.js'
import { RegistryError } from './registry-error.js'
import { compareText, requireRepository } from './repositories.js'

// ECR and Docker's registry both give at most so many.
const pageLimit = 1000

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags */
export function answerTags(exchange: Exchange, name: string): void {
  const { store } = exchange
  readOnly(exchange)
  const repository = requireRepository(store.repositories, name, store.accountId)
  const { page, headers } = paginate(exchange, [...repository.tags.keys()].sort(compareText), `/v2/${name}/tags/list`)
  sendJson(exchange, 200, { name, tags: page }, headers)
}

/** Docker's `_catalog`: all repositories by name. */
export function answerCatalog(exchange: Exchange): void {
  readOnly(exchange)
  const names = exchange.store.repositories.list().map(({ name }) => name)
  const { page, headers } = paginate(exchange, names, '/v2/_catalog')
  sendJson(exchange, 200, { repositories: page }, headers)
}

/**
 * The manifests whose subject is that digest, whether or not it exists, as an index.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function answerReferrers(exchange: Exchange, name: string, text: string): void {
  const { store, query } = exchange
  readOnly(exchange)
  const digest = requireDigest(text)
  const repository = requireRepository(store.repositories, name, store.accountId)
  const wanted = query.get('artifactType')
  const manifests = [...repository.manifests.values()]
    .filter(({ content }) => content.subject === digest && (wanted === null || content.artifactType === wanted))
    .map(({ content: { artifactType, annotations }, mediaType, digest: referrer, bytes }) => ({
      mediaType,
      digest: referrer,
      size: bytes.byteLength,
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations && { annotations }),
    }))
  sendJson(
    exchange,
    200,
    { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
    { 'Content-Type': mediaTypes.ociIndex, ...(wanted !== null && { 'OCI-Filters-Applied': 'artifactType' }) },
  )
}

function readOnly({ request }: Exchange): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') refuseMethod(request, 'GET', 'HEAD')
}

/** The names after `last`, at most `n` of them, and the link to the rest. */
function paginate({ query }: Exchange, names: readonly string[], path: string) {
  const n = query.get('n')
  if (n !== null && !/^\d+$/.test(n)) {
    throw new RegistryError('PAGINATION_NUMBER_INVALID', `n is not a number of results: ${n}`)
  }
  const limit = Math.min(n === null ? pageLimit : Number(n), pageLimit)
  const after = query.get('last')
  const rest = after === null ? names : names.filter((name) => compareText(name, after) > 0)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  const more = last !== undefined && rest.length > page.length
  const next = new URLSearchParams({ n: String(limit), last: last ?? '' }).toString()
  return { page, headers: more ? { Link: `<${path}?${next}>; rel="next"` } : undefined }
}
