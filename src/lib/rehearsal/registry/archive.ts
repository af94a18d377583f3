import type { Digest } from '../../domain/digest.js'
import type { Repository } from './repositories.js'

/** When an image was put in the archive, and from when on it is out of it again; virtual milliseconds since 1970. */
export interface ArchiveEntry {
  readonly archivedAt: number
  readonly activeFrom?: number
}

/** AWS says up to 20 minutes: https://docs.aws.amazon.com/AmazonECR/latest/userguide/restore-image.html */
const restoring = 20 * 60_000

/** How ECR calls the state of an image of the repository. */
export function imageStatus(
  { archive }: Repository,
  digest: Digest,
  now: number,
): 'ACTIVE' | 'ACTIVATING' | 'ARCHIVED' {
  const entry = archive.get(digest)
  if (entry === undefined) return 'ACTIVE'
  if (entry.activeFrom === undefined) return 'ARCHIVED'
  return entry.activeFrom > now ? 'ACTIVATING' : 'ACTIVE'
}

/** Puts an image in the archive, or begins to take it out. One that is there already stays as it is. */
export function moveImage(repository: Repository, digest: Digest, to: 'ARCHIVE' | 'STANDARD', now: number): void {
  const status = imageStatus(repository, digest, now)
  const entry = repository.archive.get(digest)
  if (to === 'ARCHIVE' && status !== 'ARCHIVED') repository.archive.set(digest, { archivedAt: now })
  if (to === 'STANDARD' && status === 'ARCHIVED' && entry !== undefined) {
    repository.archive.set(digest, { ...entry, activeFrom: now + restoring })
  }
}
