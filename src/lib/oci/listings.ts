import { isDigest } from '../domain/digest.js'
import { mediaTypes } from '../domain/media-types.js'
import type { Descriptor, Referrers, Registry } from '../ports/registry.js'
import type { Exchange } from './exchange.js'
import { RegistryRefusal } from './failures.js'
import { readPages } from './pages.js'

/** What a registry lists; see the Registry port for the promises. */
export type Listings = Pick<Registry, 'listTags' | 'listRepositories' | 'listReferrers'>

// GitHub's registry leads to a web page; others know the path for a blob, or not at all.
const noReferrers = [301, 302, 303, 307, 308, 400, 404, 405, 406, 501]

/** Lists over an exchange. */
export function createListings(endpoint: URL, exchange: Exchange, getManifest: Registry['getManifest']): Listings {
  const { host } = endpoint
  // A registry that does not know the endpoint for one digest knows it for none of that repository.
  const unsupported = new Set<string>()

  async function asked(repository: string, digest: string): Promise<readonly Descriptor[] | undefined> {
    if (unsupported.has(repository)) return undefined
    const pages = await readPages(exchange, {
      url: new URL(`/v2/${repository}/referrers/${digest}`, endpoint),
      purpose: { host, what: `list what refers to ${digest} in ${repository}` },
      scopes: [`repository:${repository}:pull`],
      headers: { accept: mediaTypes.ociIndex },
      absent: noReferrers,
      isList: ({ headers }) => headers['content-type']?.split(';')[0]?.trim() === mediaTypes.ociIndex,
    })
    if (pages === undefined) unsupported.add(repository)
    return pages?.flatMap(manifestsOf)
  }

  return {
    listTags: async (repository) => {
      const pages = await readPages(exchange, {
        // Amazon ECR refuses pages of more than a thousand.
        url: new URL(`/v2/${repository}/tags/list?n=1000`, endpoint),
        purpose: { host, what: `list the tags of ${repository}` },
        scopes: [`repository:${repository}:pull`],
        absent: [404],
      })
      return (pages ?? []).flatMap((page) => names(page, 'tags'))
    },
    // https://distribution.github.io/distribution/spec/api/#catalog
    listRepositories: async () => {
      const pages = await readPages(exchange, {
        url: new URL('/v2/_catalog?n=1000', endpoint),
        purpose: { host, what: 'list its repositories' },
        scopes: ['registry:catalog:*'],
        absent: [400, 404, 405, 501],
      }).catch((error: unknown) => {
        // Who may read a repository may still not read their list.
        if (error instanceof RegistryRefusal && [401, 403].includes(error.status)) return undefined
        throw error
      })
      return pages?.flatMap((page) => names(page, 'repositories'))
    },
    // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
    listReferrers: async (repository, digest): Promise<Referrers> => {
      const manifests = await asked(repository, digest)
      if (manifests !== undefined) return { by: 'api', manifests }
      const index = await getManifest(repository, digest.replace(':', '-'))
      return { by: 'tag', manifests: index === undefined ? [] : manifestsOf(parsed(index.bytes)) }
    },
  }
}

/** The tag that stands for an index is anybody's: what is in it need not be one. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

function names(page: unknown, key: 'tags' | 'repositories'): readonly string[] {
  const list = (page as Readonly<Record<string, unknown>> | null)?.[key]
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : []
}

function manifestsOf(index: unknown): readonly Descriptor[] {
  const { manifests } = (index ?? {}) as { readonly manifests?: unknown }
  if (!Array.isArray(manifests)) return []
  return (manifests as readonly Partial<Descriptor>[]).flatMap(({ mediaType, digest, size, ...more }) =>
    typeof mediaType === 'string' && typeof digest === 'string' && isDigest(digest) && typeof size === 'number'
      ? [{ ...more, mediaType, digest, size }]
      : [],
  )
}
