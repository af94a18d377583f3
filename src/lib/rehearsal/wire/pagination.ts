import { createHash } from 'node:crypto'
import { checkPageSize } from './page-bounds.js'
import { type Service, ServiceError } from './service.js'

/** One page of a listing. `nextToken` is undefined on the last one. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextToken: string | undefined
}

/** What a page is asked of. */
export interface PageRequest<T> {
  readonly operation: string
  /** All that the request selects, in the operation's order. */
  readonly items: readonly T[]
  /** The most items of a page: the request's own limit, or the operation's default. */
  readonly limit: number
  readonly token: string | undefined
  /** What tells an item from the others; a page then goes on after the last one seen, though others came or went. */
  readonly keyOf?: (item: T) => string
  /** The rest of the request: a token holds only for the same one. */
  readonly boundTo?: unknown
}

/**
 * A page of a listing, by an opaque token that only this operation, with the same request, accepts. Throws the
 * service's own refusal of any other token, and of a size that AWS does not allow for the operation.
 */
export function paginate<T>(service: Pick<Service, 'protocol' | 'signingName'>, request: PageRequest<T>): Page<T> {
  const { items, limit, keyOf } = request
  checkPageSize(service, request.operation, limit)
  const start = request.token === undefined ? 0 : position(service, request, request.token)
  const page = items.slice(start, start + limit)
  const end = start + page.length
  const last = page.at(-1)
  if (last === undefined || end >= items.length) return { items: page, nextToken: undefined }
  return { items: page, nextToken: seal(request, JSON.stringify([end, keyOf?.(last) ?? null])) }
}

function position<T>(
  service: Pick<Service, 'protocol' | 'signingName'>,
  request: PageRequest<T>,
  token: string,
): number {
  const content = unseal(request, token)
  if (content === undefined) throw invalidToken(service)
  const [end, key] = JSON.parse(content) as [number, string | null]
  const { items, keyOf } = request
  const at = keyOf === undefined || key === null ? -1 : items.findIndex((item) => keyOf(item) === key)
  return at < 0 ? Math.min(end, items.length) : at + 1
}

/** What a token holds for. */
type Bond = Pick<PageRequest<unknown>, 'operation' | 'boundTo'>

function seal(request: Bond, content: string): string {
  return Buffer.from(checksum(request, content) + content).toString('base64url')
}

function unseal(request: Bond, token: string): string | undefined {
  const text = Buffer.from(token, 'base64url').toString()
  const content = text.slice(checksumLength)
  return text.slice(0, checksumLength) === checksum(request, content) ? content : undefined
}

const checksumLength = 16

function checksum(request: Bond, content: string): string {
  const bound = JSON.stringify([request.operation, request.boundTo ?? null, content])
  return createHash('sha256').update(bound).digest('hex').slice(0, checksumLength)
}

/** The refusal of a token that the service did not give out, in the service's own words. */
function invalidToken({ protocol, signingName }: Pick<Service, 'protocol' | 'signingName'>): ServiceError {
  switch (signingName) {
    case 'elasticloadbalancing':
      return new ServiceError('ValidationError', 'The marker is not valid.')
    case 'ecr':
      return new ServiceError(
        'InvalidParameterException',
        "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'",
      )
    case 'pricing':
      return new ServiceError('InvalidNextTokenException', 'The pagination token is invalid.')
    case 'secretsmanager':
      return new ServiceError('InvalidNextTokenException', 'Invalid value for NextToken.')
    case 'ecs':
      return new ServiceError('InvalidParameterException', 'Invalid token.')
    case 'application-autoscaling':
      return new ServiceError('InvalidNextTokenException', 'Invalid next token.')
    case 'logs':
      return new ServiceError('InvalidParameterException', 'The specified nextToken is invalid.')
    default:
      return protocol === 'ec2Query'
        ? new ServiceError('InvalidParameterValue', 'Unable to parse pagination token')
        : new ServiceError('InvalidNextToken', 'The NextToken value is not valid.')
  }
}
