import { createHash } from 'node:crypto'
import type { ReleaseImage } from './release.js'

/**
 * The id of a release of those images: a hash of services and digests alone, so that the same images are the same
 * release on any machine, in any environment and at any time.
 */
export function releaseId(images: readonly Pick<ReleaseImage, 'service' | 'digest'>[]): string {
  const sorted = images.toSorted((a, b) => (a.service < b.service ? -1 : 1))
  const identity = sorted.map((image) => `${image.service}@${image.digest}`).join('\n')
  return `r-${createHash('sha256').update(identity).digest('hex').slice(0, 10)}`
}
