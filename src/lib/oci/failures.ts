import { RampartError } from '../errors/rampart-error.js'
import { isEcr } from './endpoint.js'
import { TokenFailure } from './auth.js'

/** What a request was for, in words that end a sentence: `read the manifest app:latest`. */
export interface Purpose {
  readonly host: string
  readonly what: string
  /** True for the requests that upload a blob. */
  readonly upload?: boolean
}

/** One error as a registry words it. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export interface RegistryProblem {
  readonly code: string
  readonly message: string
}

/** The first problem of an error answer; undefined when the body is not the specification's. */
export function readProblem(body: string): RegistryProblem | undefined {
  try {
    const answer = JSON.parse(body) as { errors?: readonly { code?: unknown; message?: unknown }[] }
    const first = answer.errors?.[0]
    if (first === undefined) return undefined
    const text = (value: unknown): string => (typeof value === 'string' ? printable(value) : '')
    return { code: text(first.code), message: text(first.message) }
  } catch {
    return undefined
  }
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 300)

/** A refusal by the registry: what was asked, of whom, the status and the registry's own words, and the likely cause. */
export class RegistryRefusal extends RampartError {
  readonly status: number
  /** The registry's error code, e.g. `DENIED`; empty when it gave none. */
  readonly code: string

  constructor(purpose: Purpose, status: number, problem: RegistryProblem | undefined) {
    const words = [problem?.code, problem?.message].filter((part) => part !== undefined && part !== '').join(': ')
    super('unreachable', `${purpose.host} refused to ${purpose.what}: ${status}${words === '' ? '' : ` ${words}`}`, {
      next: refusalHints(purpose, status, problem),
    })
    this.status = status
    this.code = problem?.code ?? ''
  }
}

const uploadRights =
  'allow ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and ' +
  'ecr:PutImage on the repository, and ecr:GetAuthorizationToken on *'

function refusalHints({ host, upload }: Purpose, status: number, problem: RegistryProblem | undefined): string[] {
  switch (true) {
    case status === 401:
      return isEcr(host)
        ? ['the token may have expired or belong to another account: check it with `aws sts get-caller-identity`']
        : [`docker login ${host}`]
    case status === 403:
      return isEcr(host)
        ? [upload === true ? uploadRights : 'allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository']
        : [`check that the account that is logged in at ${host} may do this`]
    case problem?.code === 'NAME_UNKNOWN':
      return isEcr(host)
        ? ['create the repository: aws ecr create-repository --repository-name NAME']
        : [`create the repository at ${host}, or correct its name`]
    case problem?.code === 'TAG_INVALID':
      // Amazon ECR's answer where tags are immutable.
      return ['where tags are immutable each image needs one of its own: raise the version, or leave the tag out']
    case status === 413:
      return [`a proxy in front of ${host} limits the size of uploads; raise its limit`]
    case status === 400 && problem === undefined:
      return [`${host} may expect https: check the registry's address`]
    case status === 429:
      return [`${host} limits the rate of requests; wait and try again`, `docker login ${host}`]
    default:
      return []
  }
}

const wrongProtocol = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'])
const certificate = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** The code of a failed connection, e.g. `ECONNRESET`; empty when there is none. */
export function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0])
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** A request that got no answer: of whom it was asked, why it failed, and the likely cause. */
export function connectionFailure(purpose: Purpose, error: unknown): RampartError {
  if (error instanceof RampartError) return error
  if (error instanceof TokenFailure) {
    const status = error.status === undefined ? '' : ` (${error.status})`
    return new RampartError('unreachable', `could not ${purpose.what} at ${purpose.host}: ${error.message}${status}`, {
      next: [`docker login ${purpose.host}`],
    })
  }
  const code = errorCode(error)
  const reason = code === '' && error instanceof Error ? error.message : code
  return new RampartError('unreachable', `could not ${purpose.what} at ${purpose.host}: ${reason}`, {
    next: connectionHints(purpose, code),
    cause: error,
  })
}

function connectionHints({ host, upload }: Purpose, code: string): string[] {
  if (wrongProtocol.has(code)) return [`${host} does not speak https: check the registry's address`]
  if (code.startsWith('HPE_')) return [`${host} does not speak http: check the registry's address`]
  if (certificate.has(code)) return ['name the authority that signed its certificate in NODE_EXTRA_CA_CERTS']
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return [`check the name ${host} and this machine's DNS`]
  if (code === 'ECONNREFUSED') return [`check that a registry is listening at ${host}`]
  // ECR cuts the connection of an upload that the caller may not make.
  if (upload === true && isEcr(host)) return [uploadRights]
  return [`check the connection to ${host} and try again`]
}

/** What came is not what the digest promises; it is never used. */
export function digestMismatch(purpose: Purpose, expected: string, found: string): RampartError {
  return new RampartError('unreachable', `${purpose.host} sent ${found} when asked to ${purpose.what} (${expected})`, {
    next: ['try again; if it stays so, the registry or a proxy in between is damaged'],
  })
}
