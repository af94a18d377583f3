import type { Digest } from '../domain/digest.js'
import { atMost } from '../domain/limiter.js'
import { mediaTypes } from '../domain/media-types.js'
import type { BlobCount } from '../domain/migration.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Descriptor, Registry } from '../ports/registry.js'
import { missingBlobs, type CopyPlan, type MissingBlob, type PlannedImage } from './registry-plan.js'
import type { SourceManifest } from './registry-source.js'

export interface TransferPorts {
  readonly source: Registry
  readonly target: Registry
  readonly signal: AbortSignal
  readonly onProgress: (blob: MissingBlob, sent: number) => void
  /** Told of each image as soon as it is done; the error is why it is not. */
  readonly onImage: (image: PlannedImage, error?: unknown) => void
}

export interface Transferred {
  readonly copied: BlobCount
  readonly mounted: BlobCount
}

// Enough that the next image's small parts are under way while the layers of this one are sent, and few enough that a
// run that is killed leaves whole images behind.
const parallelImages = 8
const parallelManifests = 16

/**
 * Copies what the plan says is missing. Each blob crosses the network once; where another repository of the target has
 * it, it is mounted. An image's manifests follow its blobs, so that one that is there is whole. One image's failure is
 * told and does not keep the others.
 */
export async function transfer(plan: CopyPlan, ports: TransferPorts): Promise<Transferred> {
  const { source, target, signal } = ports
  const missing = new Map(plan.missing.map((one) => [keyOf(one), one]))
  const sameRegistry = source.host === target.host
  /** Where in the target a blob is first put, and when it is there. */
  const first = new Map<Digest, { readonly to: string; readonly stored: Promise<void> }>()
  const stored = new Map<string, Promise<void>>()
  const manifestsStored = new Map<string, Promise<void>>()
  const politely = atMost(parallelManifests)
  const copied = counter()
  const mounted = counter()

  async function mount({ to, from, blob }: MissingBlob): Promise<boolean> {
    if (sameRegistry && from !== to && (await target.mountBlob(to, blob.digest, from))) return true
    const other = first.get(blob.digest)
    if (other === undefined || other.to === to) return false
    const isThere = await other.stored.then(
      () => true,
      () => false,
    )
    return isThere && target.mountBlob(to, blob.digest, other.to)
  }

  async function put(one: MissingBlob): Promise<void> {
    const { from, to, blob } = one
    await target.putBlob(
      to,
      { digest: blob.digest, size: blob.size, open: () => read(source, from, blob) },
      (sent) => ports.onProgress(one, sent),
      signal,
    )
    ports.onProgress(one, blob.size)
    copied.add(blob.size)
  }

  async function store(one: MissingBlob): Promise<void> {
    signal.throwIfAborted()
    if (await mount(one)) mounted.add(one.blob.size)
    else await put(one)
  }

  /** Has the blob in its repository; however many images ask, it is done once. */
  function ensure(one: MissingBlob): Promise<void> {
    const key = keyOf(one)
    if (!missing.has(key)) return Promise.resolve()
    const known = stored.get(key)
    if (known !== undefined) return known
    const storing = store(one)
    stored.set(key, storing)
    if (!first.has(one.blob.digest)) first.set(one.blob.digest, { to: one.to, stored: storing })
    return storing
  }

  function putManifest(to: string, { descriptor, bytes }: SourceManifest, reference: string): Promise<void> {
    const key = `${to}@${reference}`
    const known = manifestsStored.get(key)
    if (known !== undefined) return known
    const storing = politely(() => target.putManifest(to, reference, descriptor.mediaType, bytes))
    manifestsStored.set(key, storing)
    return storing
  }

  /** Each after what it names. */
  async function putInOrder(to: string, manifests: readonly SourceManifest[]): Promise<void> {
    for (const manifest of manifests) await putManifest(to, manifest, manifest.descriptor.digest)
  }

  async function copy(image: PlannedImage): Promise<void> {
    const { to, missingTags, manifests, isMissing, missingReferrers } = image
    await all(missingBlobs(image).map(ensure))
    await putInOrder(to, image.missingManifests)
    const own = manifests.slice(-1)
    for (const manifest of own) {
      if (isMissing && missingTags.length === 0) await putManifest(to, manifest, manifest.descriptor.digest)
      for (const tag of missingTags) await putManifest(to, manifest, tag)
    }
    for (const referrer of missingReferrers) await putInOrder(to, referrer.manifests)
    const subjects = new Set(missingReferrers.map(({ subject }) => subject))
    for (const subject of subjects) {
      const described = missingReferrers.filter((one) => one.subject === subject).map((one) => one.described)
      await listReferrers(target, to, subject, described)
    }
  }

  const together = atMost(parallelImages)
  await Promise.all(
    plan.images.map((image) =>
      together(async () => {
        try {
          signal.throwIfAborted()
          await copy(image)
        } catch (error) {
          signal.throwIfAborted()
          ports.onImage(image, error)
          return
        }
        ports.onImage(image)
      }),
    ),
  )
  return { copied: copied.count(), mounted: mounted.count() }
}

const keyOf = ({ to, blob }: MissingBlob): string => `${to}@${blob.digest}`

/** Waits for all of them also when one fails, so that nothing goes on behind the back of who is told; then rejects. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(work)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** The blob as the source sends it; a read to the end has checked its digest. */
async function* read(source: Registry, from: string, blob: Descriptor): AsyncIterable<Uint8Array> {
  const stream = await source.openBlob(from, blob)
  if (stream === undefined) {
    throw new RampartError(
      'unreachable',
      `${source.host} has no bytes of ${blob.digest}, which an image in ${from} names`,
      {
        next: ['push the image there again, or leave its tag out with --skip-tag'],
      },
    )
  }
  yield* stream
}

/**
 * A registry that does not list referrers by itself needs an index of them under a tag made of the subject's digest.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
async function listReferrers(
  target: Registry,
  to: string,
  subject: Digest,
  described: readonly Descriptor[],
): Promise<void> {
  const { by, manifests } = await target.listReferrers(to, subject)
  if (by === 'api') return
  const merged = [...new Map([...manifests, ...described].map((one) => [one.digest, one])).values()]
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: merged }
  await target.putManifest(to, subject.replace(':', '-'), mediaTypes.ociIndex, Buffer.from(JSON.stringify(index)))
}

function counter(): { add(bytes: number): void; count(): BlobCount } {
  let count = 0
  let sum = 0
  return {
    add: (bytes) => {
      count += 1
      sum += bytes
    },
    count: () => ({ count, bytes: sum }),
  }
}
