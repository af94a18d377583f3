import { ServiceError } from '../../wire/service.js'

/** ECR's refusal of one parameter. */
export function invalidParameter(name: string, reason: string): ServiceError {
  return new ServiceError(
    'InvalidParameterException',
    `Invalid parameter at '${name}' failed to satisfy constraint: '${reason}'`,
  )
}

export interface PageRequest {
  readonly nextToken?: string | undefined
  readonly maxResults?: number | undefined
}

/**
 * A page of sorted items, 100 unless the request says otherwise. The token holds the key of the last item under the name of
 * the listing, so it survives changes in between and is refused elsewhere.
 * @throws ServiceError InvalidParameterException for a token of another listing or a page size outside 1 to 1000.
 */
export function pageOf<Item>(
  listing: string,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { nextToken, maxResults = 100 }: PageRequest,
): { readonly items: readonly Item[]; readonly nextToken?: string } {
  if (maxResults < 1 || maxResults > 1000) throw invalidParameter('maxResults', 'Member must be between 1 and 1000')
  const after = nextToken === undefined ? undefined : readToken(listing, nextToken)
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after)
  const page = rest.slice(0, maxResults)
  const last = page.at(-1)
  if (last === undefined || page.length === rest.length) return { items: page }
  return { items: page, nextToken: Buffer.from(JSON.stringify([listing, keyOf(last)])).toString('base64') }
}

function readToken(listing: string, token: string): string {
  try {
    const [owner, key] = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as unknown[]
    if (owner === listing && typeof key === 'string') return key
  } catch {
    // Not a token of ours: refused below.
  }
  throw invalidParameter('nextToken', 'Invalid token')
}
