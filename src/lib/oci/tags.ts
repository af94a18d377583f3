import { RampartError } from '../errors/rampart-error.js'
import type { Exchange } from './exchange.js'

const longestPage = 4 * 1024 * 1024

/** All tags of a repository, page by page; none when there is no such repository. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export async function listTags(endpoint: URL, exchange: Exchange, repository: string): Promise<readonly string[]> {
  const tags: string[] = []
  // Amazon ECR refuses pages of more than a thousand.
  let next: URL | null = new URL(`/v2/${repository}/tags/list?n=1000`, endpoint)
  while (next !== null) {
    const url: URL = next
    const response = await exchange({
      method: 'GET',
      url,
      purpose: { host: endpoint.host, what: `list the tags of ${repository}` },
      scopes: [`repository:${repository}:pull`],
      read: longestPage,
      expect: [200, 404],
    })
    if (response.status === 404) return tags
    tags.push(...readTags(Buffer.from(response.bytes).toString(), endpoint.host))
    const links = [response.headers.link ?? ''].flat().join(', ')
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(links)?.[1]
    const following = link === undefined ? null : URL.parse(link, url.href)
    next = following?.origin === endpoint.origin ? following : null
  }
  return tags
}

function readTags(body: string, host: string): readonly string[] {
  try {
    const { tags } = JSON.parse(body) as { readonly tags?: unknown }
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  } catch (error) {
    throw new RampartError('unreachable', `${host} answered a list of tags that is not JSON`, { cause: error })
  }
}
