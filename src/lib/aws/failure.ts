import { RampartError } from '../errors/rampart-error.js'
import type { Refusal } from '../ports/auto-scaling.js'

interface AwsException extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string; readonly attempts?: number }
}

/** By code without its suffix. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and its likes. */
const credentialCodes: ReadonlySet<string> = new Set([
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignature',
  'MissingAuthenticationToken',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'TokenRefreshRequired',
  'UnrecognizedClient',
])

const deniedCodes: ReadonlySet<string> = new Set(['AccessDenied', 'NotAuthorized', 'UnauthorizedOperation'])

const throttlingCodes: ReadonlySet<string> = new Set([
  'Throttling',
  'Throttled',
  'EC2Throttled',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
  'TooManyRequests',
])

function isException(error: unknown): error is AwsException {
  return error instanceof Error && '$metadata' in error
}

const withoutSuffix = (name: string): string => name.replace(/(?:Fault|Exception)$/, '')

/** The wire code of an AWS error: the SDK's class name without the suffix that only some services have. */
export function errorCode(error: unknown): string | undefined {
  return isException(error) ? withoutSuffix(error.name) : undefined
}

/** AWS's refusal of a request as such; undefined when the error is not one that a caller can act on. */
function refusal(error: unknown): Refusal | undefined {
  const code = errorCode(error)
  const status = isException(error) ? error.$metadata?.httpStatusCode : undefined
  if (code === undefined || status === undefined || status < 400 || status >= 500) return undefined
  if ([credentialCodes, deniedCodes, throttlingCodes].some((codes) => codes.has(code))) return undefined
  return { code, message: error instanceof Error ? error.message : '' }
}

/** What an error says, or its system's code when it says nothing, as a connection refused at several addresses does. */
function words(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return error.message === '' ? code : error.message
}

function trail({ httpStatusCode, requestId, attempts }: NonNullable<AwsException['$metadata']>): string {
  const parts = [
    `HTTP ${httpStatusCode}`,
    attempts !== undefined && attempts > 1 ? `${attempts} attempts` : undefined,
    requestId === undefined ? undefined : `request ${requestId}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

/** The failure of a call to AWS as people should read it: what was asked, what came back, and what to do. */
function awsFailure(operation: string, error: unknown): RampartError {
  if (error instanceof RampartError) return error
  if (!(error instanceof Error)) return new RampartError('unreachable', `${operation} failed: ${String(error)}`)
  const code = withoutSuffix(error.name)
  if (credentialCodes.has(code)) {
    // Only the first line: what follows may be the canonical request, which holds the session token.
    const said = words(error).split('\n')[0] ?? ''
    // The words of the SDK's chain when no place has any.
    if (said.startsWith('Could not load credentials')) {
      return new RampartError('unreachable', `${operation}: there are no AWS credentials here`, {
        next: [
          'name a profile of ~/.aws/config with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
          'without an AWS account: rampart rehearse',
        ],
      })
    }
    return new RampartError('unreachable', `${operation}: AWS does not accept the credentials: ${said}`, {
      next: ['renew them, e.g. with aws sso login', 'aws sts get-caller-identity shows who they are'],
    })
  }
  if (deniedCodes.has(code)) {
    return new RampartError('unreachable', `${operation} is not permitted: ${words(error)}`, {
      next: [`allow ${operation} in the policy of the identity that aws sts get-caller-identity shows`],
      denied: true,
      cause: error,
    })
  }
  const status = isException(error) ? error.$metadata?.httpStatusCode : undefined
  if (isException(error) && error.$metadata !== undefined && status !== undefined) {
    // A success that the SDK could not read did not come from AWS.
    const what = status < 400 ? 'answered with what is no answer of AWS' : `failed: ${error.name}: ${words(error)}`
    return new RampartError('unreachable', `${operation} ${what} (${trail(error.$metadata)})`, {
      passing: status >= 500 || throttlingCodes.has(code),
      ...(status < 400 && { next: ['check AWS_ENDPOINT_URL: something else listens there'] }),
      cause: error,
    })
  }
  return new RampartError('unreachable', `${operation}: AWS could not be reached: ${words(error)}`, {
    next: ['check the network, the region and AWS_ENDPOINT_URL'],
    passing: true,
    cause: error,
  })
}

/** Runs one call to AWS and makes its failure readable. */
export async function call<T>(operation: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    throw awsFailure(operation, error)
  }
}

/** Runs one call whose refusal the caller acts on: the answer, or what AWS refused. */
export async function attempt<T>(
  operation: string,
  send: () => Promise<T>,
): Promise<T | { readonly refused: Refusal }> {
  try {
    return await send()
  } catch (error) {
    const refused = refusal(error)
    if (refused !== undefined) return { refused }
    throw awsFailure(operation, error)
  }
}
