import { isPassingCode } from '../domain/retry.js'
import { errorCode } from './failures.js'

/** True for a failed connection that may hold the next time; one that is refused or unknown will not. */
export function isPassingError(error: unknown): boolean {
  return isPassingCode(errorCode(error))
}
