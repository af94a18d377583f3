import type { Digest } from '../domain/digest.js'
import { atMost } from '../domain/limiter.js'
import type { MigrationAction } from '../domain/migration.js'
import type { Descriptor, Registry } from '../ports/registry.js'
import type { SourceImage, SourceManifest, SourceReferrer } from './registry-source.js'

/** A blob that a repository of the target lacks. */
export interface MissingBlob {
  readonly from: string
  readonly to: string
  readonly blob: Descriptor
}

/** What the target lacks of one image. */
export interface PlannedImage extends SourceImage {
  readonly action: MigrationAction
  /** In the order in which they are stored; the image's own is not among them. */
  readonly missingManifests: readonly SourceManifest[]
  readonly isMissing: boolean
  readonly missingTags: readonly string[]
  /** Of those, the ones that point to another image now. */
  readonly movedTags: readonly string[]
  readonly missingReferrers: readonly SourceReferrer[]
}

export interface CopyPlan {
  readonly images: readonly PlannedImage[]
  readonly missing: readonly MissingBlob[]
  /** How many blobs the images have in all, each once in each repository, and their bytes. */
  readonly total: { readonly count: number; readonly bytes: number }
}

const parallelRequests = 16

/** Compares images with what the target has. Nothing is changed there. */
export async function planCopy(target: Registry, images: readonly SourceImage[]): Promise<CopyPlan> {
  const politely = atMost(parallelRequests)
  const heads = new Map<string, Promise<Digest | undefined>>()
  const head = (to: string, reference: string): Promise<Digest | undefined> => {
    const key = `${to}@${reference}`
    const asking = heads.get(key) ?? politely(async () => (await target.headManifest(to, reference))?.digest)
    heads.set(key, asking)
    return asking
  }

  async function lacking(to: string, manifests: readonly SourceManifest[]): Promise<readonly SourceManifest[]> {
    const found = await Promise.all(manifests.map(({ descriptor }) => head(to, descriptor.digest)))
    return manifests.filter((_, index) => found[index] === undefined)
  }

  async function lackingReferrers({ to, referrers }: SourceImage): Promise<readonly SourceReferrer[]> {
    const subjects = [...new Set(referrers.map(({ subject }) => subject))]
    const listed = await Promise.all(subjects.map((subject) => politely(() => target.listReferrers(to, subject))))
    const known = new Map(
      subjects.map((subject, index) => [subject, new Set(listed[index]?.manifests.map(({ digest }) => digest))]),
    )
    return referrers.filter(({ subject, described }) => known.get(subject)?.has(described.digest) !== true)
  }

  async function compare(image: SourceImage): Promise<PlannedImage> {
    const { to, tags, digest, manifests } = image
    const tagged = await Promise.all(tags.map((tag) => head(to, tag)))
    const missingTags = tags.filter((_, index) => tagged[index] !== digest)
    const movedTags = tags.filter((_, index) => tagged[index] !== undefined && tagged[index] !== digest)
    const isMissing = !tagged.includes(digest) && (await head(to, digest)) === undefined
    // A registry takes an index only after the images that it names: where the index is, so are they.
    const missingManifests = isMissing ? await lacking(to, manifests.slice(0, -1)) : []
    const missingReferrers = await lackingReferrers(image)
    const action = isMissing
      ? 'copy'
      : missingTags.length > 0
        ? 'tag'
        : missingReferrers.length > 0
          ? 'referrers'
          : 'none'
    return { ...image, action, missingManifests, isMissing, missingTags, movedTags, missingReferrers }
  }

  const planned = await Promise.all(images.map(compare))
  const wanted = new Map(planned.flatMap((image) => missingBlobs(image).map((blob) => [keyOf(blob), blob] as const)))
  const there = await Promise.all(
    [...wanted.values()].map(({ to, blob }) => politely(() => target.hasBlob(to, blob.digest))),
  )
  const all = new Map(
    images.flatMap((image) =>
      allManifests(image).flatMap(({ blobs }) =>
        blobs.map((blob) => [`${image.to}@${blob.digest}`, blob.size] as const),
      ),
    ),
  )
  return {
    images: planned,
    missing: [...wanted.values()].filter((_, index) => there[index] === false),
    total: { count: all.size, bytes: [...all.values()].reduce((sum, size) => sum + size, 0) },
  }
}

const keyOf = ({ to, blob }: MissingBlob): string => `${to}@${blob.digest}`

/** The manifests of an image and of all that refers to it. */
export function allManifests({ manifests, referrers }: SourceImage): readonly SourceManifest[] {
  return [...manifests, ...referrers.flatMap((one) => one.manifests)]
}

/** The blobs that must be in the target before those of its manifests that it lacks. */
export function missingBlobs(image: PlannedImage): readonly MissingBlob[] {
  const own = image.isMissing ? [...image.missingManifests, ...image.manifests.slice(-1)] : []
  const manifests = [...own, ...image.missingReferrers.flatMap((one) => one.manifests)]
  return manifests.flatMap(({ blobs }) => blobs.map((blob) => ({ from: image.from, to: image.to, blob })))
}
