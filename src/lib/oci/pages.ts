import { RampartError } from '../errors/rampart-error.js'
import type { Ask, Exchange } from './exchange.js'
import type { Purpose } from './failures.js'
import type { WireResponse } from './transport.js'

const longestPage = 4 * 1024 * 1024

/** A list that a registry gives page by page. */
export interface PagedAsk extends Pick<Ask, 'purpose' | 'scopes'> {
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses that mean that there is no such list. */
  readonly absent: readonly number[]
  /** Whether an answer of 200 is the list; by default each is. */
  readonly isList?: (response: WireResponse) => boolean
}

/** The JSON documents of all pages; undefined when there is no such list. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags */
export async function readPages(exchange: Exchange, ask: PagedAsk): Promise<readonly unknown[] | undefined> {
  const { url, absent, isList = () => true, ...rest } = ask
  const pages: unknown[] = []
  let next: URL | null = url
  while (next !== null) {
    const page: URL = next
    const expect = [200, ...absent]
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const response = await exchange({ ...rest, method: 'GET', url: page, read: longestPage, expect })
    if (response.status !== 200 || !isList(response)) return undefined
    pages.push(parse(response.bytes, ask.purpose))
    const links = [response.headers.link ?? ''].flat().join(', ')
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(links)?.[1]
    const following = link === undefined ? null : URL.parse(link, page.href)
    next = following?.origin === url.origin ? following : null
  }
  return pages
}

function parse(bytes: Uint8Array, { host, what }: Purpose): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw new RampartError('unreachable', `${host} answered something that is not JSON when asked to ${what}`, {
      cause: error,
    })
  }
}
