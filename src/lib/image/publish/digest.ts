import { createHash } from 'node:crypto'
import type { Digest } from '../../domain/digest.js'

/** The sha256 digest of bytes in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
