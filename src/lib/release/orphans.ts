import type { Digest } from '../domain/digest.js'
import type { StoredImage } from '../domain/stored-image.js'

/** The images of one repository. */
export interface Shelf {
  readonly repository: string
  readonly images: readonly StoredImage[]
}

/** Images of a repository that nothing needs any more. */
export interface OrphanShelf {
  readonly repository: string
  /** In the order in which they can be deleted: an index before what it lists. */
  readonly images: readonly StoredImage[]
  /** The bytes of each layer that no other image has. */
  readonly free: ReadonlyMap<Digest, number>
}

/** Younger images may be of a deploy that is under way and has not been recorded yet. Milliseconds. */
export const leastAge = 24 * 3_600_000

/**
 * What may go: it has no tag, no release needs it, it is not young, and neither is anything that lists it, stands on
 * it or is its subject. `needed` are the digests of all releases that could be gone back to.
 */
export function findOrphans(
  shelves: readonly Shelf[],
  needed: ReadonlySet<Digest>,
  now: number,
): readonly OrphanShelf[] {
  const all = shelves.flatMap(({ images }) => images)
  const kept = new Set<Digest>(needed)
  const isKept = (image: StoredImage): boolean =>
    image.tags.length > 0 ||
    now - image.pushedAt < leastAge ||
    kept.has(image.digest) ||
    // A signature or a list of contents is as good as what it is about.
    (image.subject !== undefined && kept.has(image.subject))
  for (;;) {
    const before = kept.size
    for (const image of all.filter(isKept)) {
      const { digest, base, children, subject } = image
      for (const one of [digest, base, subject, ...children]) if (one !== undefined) kept.add(one)
    }
    if (kept.size === before) break
  }
  return shelves.map(({ repository, images }) => {
    const orphans = images.filter((image) => !isKept(image))
    const used = new Set(images.filter(isKept).flatMap(({ blobs }) => blobs.map(({ digest }) => digest)))
    const free = new Map(
      orphans.flatMap(({ blobs }) =>
        blobs.filter(({ digest }) => !used.has(digest)).map(({ digest, bytes }) => [digest, bytes] as const),
      ),
    )
    return {
      repository,
      images: orphans.toSorted((a, b) => b.children.length - a.children.length),
      free,
    }
  })
}

/** The bytes that deleting those images gives back, when the other orphans of the repository stay. */
export function bytesFreed({ images, free }: OrphanShelf, deleted: ReadonlySet<Digest>): number {
  const stays = new Set(
    images.filter(({ digest }) => !deleted.has(digest)).flatMap(({ blobs }) => blobs.map(({ digest }) => digest)),
  )
  return [...free].reduce((sum, [digest, bytes]) => sum + (stays.has(digest) ? 0 : bytes), 0)
}

/** The bytes of all orphans of a repository. */
export const bytesOf = ({ free }: OrphanShelf): number => [...free.values()].reduce((sum, bytes) => sum + bytes, 0)
