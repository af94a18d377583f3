import { ServiceError } from '../wire/service.js'
import { type SecretContent, type SecretVersion, type StoredSecret, versionAt } from '../world/secrets.js'

const largestBytes = 65_536

const invalidRequest = (message: string): ServiceError => new ServiceError('InvalidRequestException', message)
const invalidParameter = (message: string): ServiceError => new ServiceError('InvalidParameterException', message)

/** What AWS says of a secret, or of a version, that is not there. */
export const notFound = (what = 'secret'): ServiceError =>
  new ServiceError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}.`)

/** What it says of anything but a description or a restoration of a secret that is to go. */
export const markedForDeletion = (): ServiceError =>
  invalidRequest("You can't perform this operation on the secret because it was marked for deletion.")

/** Refuses a name that no secret may have. */
export function checkName(name: string): void {
  if (/^[\w/+=.@!-]+$/.test(name) && name.length <= 512) return
  throw new ServiceError(
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  )
}

/** Refuses a request token that could be no version's id. */
export function checkToken(token: string | undefined): void {
  if (token !== undefined && (token.length < 32 || token.length > 64))
    throw invalidParameter('ClientRequestToken must be 32-64 characters long.')
}

interface Value {
  readonly SecretString?: string | undefined
  readonly SecretBinary?: Uint8Array | undefined
}

/** What a request wants a version to hold; undefined when it holds nothing. The value stays out of every message. */
export function contentOf({ SecretString: text, SecretBinary: bytes }: Value): SecretContent | undefined {
  if (text !== undefined && bytes !== undefined)
    throw invalidParameter("You can't specify both a binary secret value and a string secret value in the same secret.")
  if (text !== undefined) {
    checkSize('secretString', Buffer.byteLength(text))
    return { text }
  }
  if (bytes === undefined) return undefined
  checkSize('secretBinary', bytes.byteLength)
  return { bytes }
}

function checkSize(path: string, size: number): void {
  if (size >= 1 && size <= largestBytes) return
  const edge = size < 1 ? 'greater than or equal to 1' : `less than or equal to ${largestBytes}`
  throw new ServiceError(
    'ValidationException',
    `1 validation error detected: Value at '${path}' failed to satisfy constraint: Member must have length ${edge}`,
  )
}

/** What a write without a value is told. */
export const valueMissing = (): ServiceError => invalidRequest('You must provide either SecretString or SecretBinary.')

/** What a request token is told that another version has already. */
export const tokenTaken = (token: string, { arn }: StoredSecret): ServiceError =>
  new ServiceError(
    'ResourceExistsException',
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
  )

/** The version that a reader asks for: by its id, its label, both, or the current one. */
export function selectVersion(secret: StoredSecret, id: string | undefined, stage: string | undefined): SecretVersion {
  const label = stage ?? 'AWSCURRENT'
  const found = id === undefined ? versionAt(secret, label) : secret.versions.find((version) => version.id === id)
  if (found === undefined)
    throw notFound(`secret value for ${id === undefined ? `staging label: ${label}` : `VersionId: ${id}`}`)
  if (id !== undefined && stage !== undefined && !found.stages.has(stage))
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.')
  return found
}

/** For how many days a deleted secret can be had back; 0 for none. Refuses what AWS refuses. */
export function recoveryDays(days: number | undefined, force: boolean | undefined): number {
  if (force === true) {
    if (days !== undefined)
      throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    return 0
  }
  if (days !== undefined && (days < 7 || days > 30))
    throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).')
  return days ?? 30
}
