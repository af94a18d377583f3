/**
 * The statuses that belong to the error codes of the distribution specification (and two of Docker's registry).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const

export type RegistryErrorCode = keyof typeof statuses

/** A refusal as the distribution specification writes it: code, message and detail in an `errors` array. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: RegistryErrorCode
  readonly status: number
  readonly detail: Readonly<Record<string, unknown>> | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: RegistryErrorCode,
    message: string,
    options: { status?: number; detail?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.code = code
    this.status = options.status ?? statuses[code]
    this.detail = options.detail
    this.headers = options.headers ?? {}
  }

  /** The body of the answer. */
  toJSON(): unknown {
    return { errors: [{ code: this.code, message: this.message, ...(this.detail && { detail: this.detail }) }] }
  }
}
