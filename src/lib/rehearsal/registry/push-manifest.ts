import { createHash } from 'node:crypto'
import type { Digest } from '../../domain/digest.js'
import type { BlobStore } from './blob-store.js'
import { parseManifest, type BlobDescriptor, type ManifestContent } from './manifest.js'
import { RegistryError } from './registry-error.js'
import type { Repository, StoredManifest } from './repositories.js'
import { mayMoveTag } from './tag-mutability.js'

export interface ManifestPush {
  readonly bytes: Uint8Array
  readonly mediaType: string
  /** The tag to set, if any. */
  readonly tag?: string
  /** Virtual milliseconds since 1970. */
  readonly now: number
}

/**
 * Stores a manifest and moves its tag: all of it or nothing.
 * @throws RegistryError MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, SIZE_INVALID or TAG_INVALID.
 */
export function pushManifest(repository: Repository, blobs: BlobStore, push: ManifestPush): StoredManifest {
  const content = parseManifest(push.bytes, push.mediaType)
  checkReferences(repository, blobs, content)
  const digest = digestOf(push.bytes)
  if (push.tag !== undefined) checkTag(repository, push.tag, digest)
  const stored = repository.manifests.get(digest) ?? {
    digest,
    mediaType: push.mediaType,
    bytes: push.bytes,
    content,
    pushedAt: push.now,
  }
  repository.manifests.set(digest, stored)
  if (push.tag !== undefined) repository.tags.set(push.tag, digest)
  return stored
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The blobs and children that a repository would have to hold for this manifest, and does not. */
function missingReferences(repository: Repository, content: ManifestContent): readonly Digest[] {
  const blobs = requiredBlobs(content).filter(({ digest }) => !repository.blobs.has(digest))
  const children = content.manifests.filter(({ digest }) => !repository.manifests.has(digest))
  return [...blobs, ...children].map(({ digest }) => digest)
}

/** Setting a tag to what it already is is no change. @throws RegistryError TAG_INVALID, worded as ECR does. */
function checkTag(repository: Repository, tag: string, digest: Digest): void {
  const current = repository.tags.get(tag)
  if (current === undefined || current === digest || mayMoveTag(repository.tagMutability, tag)) return
  throw new RegistryError('TAG_INVALID', immutableTag(repository.name, tag), { detail: { tag, digest: current } })
}

/** ECR's sentence for a tag that may not move. */
function immutableTag(repository: string, tag: string): string {
  return (
    `The image tag '${tag}' already exists in the '${repository}' repository ` +
    'and cannot be overwritten because the tag is immutable.'
  )
}

function checkReferences(repository: Repository, blobs: BlobStore, content: ManifestContent): void {
  const missing = missingReferences(repository, content)
  if (missing.length > 0) {
    const message = `the repository ${repository.name} does not have ${missing.join(', ')}, which the manifest names`
    throw new RegistryError('MANIFEST_BLOB_UNKNOWN', message, { detail: { digests: missing } })
  }
  const sizes = [
    ...requiredBlobs(content).map((wanted) => ({ wanted, size: blobs.stat(wanted.digest)?.size })),
    ...content.manifests.map((wanted) => ({ wanted, size: repository.manifests.get(wanted.digest)?.bytes.byteLength })),
  ]
  const wrong = sizes.find(({ wanted, size }) => wanted.size !== size)
  // A container engine would refuse to pull such an image: better that nobody can push it.
  if (wrong) {
    const message = `the manifest gives ${wrong.wanted.size} bytes for ${wrong.wanted.digest}, which has ${wrong.size}`
    throw new RegistryError('SIZE_INVALID', message)
  }
}

/** Layers with `urls` live elsewhere and need not be here (image-spec, non-distributable layers). */
function requiredBlobs(content: ManifestContent): BlobDescriptor[] {
  return [...(content.config ? [content.config] : []), ...content.layers.filter(({ urls }) => urls.length === 0)]
}
