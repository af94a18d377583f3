import { RampartError } from '../errors/rampart-error.js'
import type { Refusal } from '../ports/auto-scaling.js'

interface AwsException extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string; readonly attempts?: number }
}

const credentialNames = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'AuthFailure',
  'MissingAuthenticationToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
])

const deniedNames = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation'])

function isException(error: unknown): error is AwsException {
  return error instanceof Error && '$metadata' in error
}

/** The wire code of an AWS error: the SDK's class name without the suffix that only some services have. */
export function errorCode(error: unknown): string | undefined {
  return isException(error) ? error.name.replace(/(?:Fault|Exception)$/, '') : undefined
}

/** AWS's refusal of a request as such; undefined when the error is not one that a caller can act on. */
export function refusal(error: unknown): Refusal | undefined {
  const code = errorCode(error)
  const status = isException(error) ? error.$metadata?.httpStatusCode : undefined
  if (code === undefined || status === undefined || status < 400 || status >= 500) return undefined
  if (credentialNames.has(code) || credentialNames.has(`${code}Exception`) || deniedNames.has(code)) return undefined
  return { code, message: error instanceof Error ? error.message : '' }
}

/** The failure of a call to AWS as people should read it: what was asked, what came back, and what to do. */
export function awsFailure(operation: string, error: unknown): RampartError {
  if (error instanceof RampartError) return error
  if (!(error instanceof Error)) return new RampartError('unreachable', `${operation} failed: ${String(error)}`)
  const { name, message } = error
  if (credentialNames.has(name)) {
    return new RampartError('unreachable', `${operation}: AWS does not accept the credentials: ${message}`, {
      next: ['aws sts get-caller-identity', 'aws sso login'],
      cause: error,
    })
  }
  if (deniedNames.has(name)) {
    return new RampartError('unreachable', `${operation} is not permitted: ${message}`, {
      next: [`allow ${operation} in the policy of the identity that aws sts get-caller-identity shows`],
      cause: error,
    })
  }
  if (isException(error) && error.$metadata?.httpStatusCode !== undefined) {
    const { httpStatusCode, requestId, attempts } = error.$metadata
    const trail = [
      `HTTP ${httpStatusCode}`,
      attempts !== undefined && attempts > 1 ? `${attempts} attempts` : undefined,
      requestId === undefined ? undefined : `request ${requestId}`,
    ].filter((part) => part !== undefined)
    return new RampartError('unreachable', `${operation} failed: ${name}: ${message} (${trail.join(', ')})`, {
      cause: error,
    })
  }
  return new RampartError('unreachable', `${operation}: AWS could not be reached: ${message || name}`, {
    next: ['check the network, the region and AWS_ENDPOINT_URL'],
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
