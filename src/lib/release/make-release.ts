import { releaseId } from '../domain/release-id.js'
import type { Release, ReleaseImage } from '../domain/release.js'

/** A release of those images; its id lets a second run find the first one's work. */
export function makeRelease(app: string, environment: string, images: readonly ReleaseImage[]): Release {
  const sorted = images.toSorted((a, b) => (a.service < b.service ? -1 : 1))
  return { id: releaseId(sorted), app, environment, images: sorted }
}
