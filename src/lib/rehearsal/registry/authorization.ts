import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { RegistryError } from './registry-error.js'

/** Passwords for the registry's user `AWS`, as GetAuthorizationToken gives them. */
export interface Authorization {
  /** A new password; `expiresAt` is `now` and 12 hours, in milliseconds of the virtual clock. */
  issue(now: number): { readonly password: string; readonly expiresAt: number }
  /**
   * Passes when the `Authorization` header is Basic with the user AWS and a password of ours that holds.
   * @throws RegistryError UNAUTHORIZED with a challenge, or DENIED for a password that has expired.
   */
  check(header: string | undefined, now: number, endpoint: string): void
}

const lifetime = 12 * 60 * 60 * 1000

/**
 * Passwords carry their own expiry under a signature of this registry, so that nothing is kept for each of them.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
export function createAuthorization(): Authorization {
  const key = randomBytes(32)
  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

  const expiryOf = (password: string): number | undefined => {
    const [body = '', signature = ''] = Buffer.from(password, 'base64').toString('latin1').split('.')
    const given = Buffer.from(signature, 'hex')
    const wanted = sign(body)
    return given.length === wanted.length && timingSafeEqual(given, wanted) ? Number(body.split('-')[0]) : undefined
  }

  return {
    issue: (now) => {
      const expiresAt = now + lifetime
      const body = `${expiresAt}-${randomBytes(64).toString('hex')}`
      return { password: Buffer.from(`${body}.${sign(body).toString('hex')}`).toString('base64'), expiresAt }
    },
    check: (header, now, endpoint) => {
      const encoded = /^basic\s+(\S+)$/i.exec(header ?? '')?.[1] ?? ''
      const [user, password = ''] = splitOnce(Buffer.from(encoded, 'base64').toString('utf8'), ':')
      const expiresAt = user === 'AWS' ? expiryOf(password) : undefined
      if (expiresAt === undefined) {
        throw new RegistryError('UNAUTHORIZED', 'Not Authorized', {
          headers: { 'WWW-Authenticate': `Basic realm="${endpoint}/",service="ecr.amazonaws.com"` },
        })
      }
      // ECR answers an old token with 403 and this sentence, which people know from `docker push`.
      if (now >= expiresAt) {
        throw new RegistryError('DENIED', 'Your authorization token has expired. Reauthenticate and try again.')
      }
    },
  }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
