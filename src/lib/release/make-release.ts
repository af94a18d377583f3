import { createHash } from 'node:crypto'
import type { Release, ReleaseImage } from '../domain/release.js'

/**
 * A release of those images. The id is a hash of services and digests alone, so that the same images are the same
 * release on any machine, in any environment and at any time: that is what lets a second run find the first one's work.
 */
export function makeRelease(app: string, environment: string, images: readonly ReleaseImage[]): Release {
  const sorted = images.toSorted((a, b) => (a.service < b.service ? -1 : 1))
  const identity = sorted.map((image) => `${image.service}@${image.digest}`).join('\n')
  const hash = createHash('sha256').update(identity).digest('hex')
  return { id: `r-${hash.slice(0, 10)}`, app, environment, images: sorted }
}
