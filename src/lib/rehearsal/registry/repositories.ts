import type { Digest } from '../../domain/digest.js'
import type { BlobDescriptor, ManifestContent } from './manifest.js'
import { RegistryError } from './registry-error.js'
import type { TagMutability } from './tag-mutability.js'
import type { ArchiveEntry } from './archive.js'

/** A manifest of a repository; `pushedAt` is virtual milliseconds since 1970. */
export interface StoredManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly content: ManifestContent
  readonly pushedAt: number
}

/** A repository: what may be read under its name. Its blobs are links; the bytes are in the blob store once. */
export interface Repository {
  readonly name: string
  /** Virtual milliseconds since 1970. */
  readonly createdAt: number
  tagMutability: TagMutability
  readonly blobs: Set<Digest>
  readonly manifests: Map<Digest, StoredManifest>
  readonly tags: Map<string, Digest>
  /** Images that are in ECR's archive, or were. */
  readonly archive: Map<Digest, ArchiveEntry>
}

/** All repositories of a registry, in memory. */
export interface Repositories {
  find(name: string): Repository | undefined
  /** Sorted by name. */
  list(): readonly Repository[]
  /** A new empty one; the name must be free. */
  create(name: string, options: { readonly createdAt: number; readonly tagMutability?: TagMutability }): Repository
  delete(name: string): void
  /** True while some repository links that blob. */
  links(digest: Digest): boolean
}

/** No repositories. */
export function createRepositories(): Repositories {
  const known = new Map<string, Repository>()
  return {
    find: (name) => known.get(name),
    list: () => [...known.values()].sort((a, b) => compareText(a.name, b.name)),
    create: (name, { createdAt, tagMutability = { mode: 'MUTABLE', exclusions: [] } }) => {
      const repository = {
        name,
        createdAt,
        tagMutability,
        blobs: new Set<Digest>(),
        manifests: new Map<Digest, StoredManifest>(),
        tags: new Map<string, Digest>(),
        archive: new Map<Digest, ArchiveEntry>(),
      }
      known.set(name, repository)
      return repository
    },
    delete: (name) => void known.delete(name),
    links: (digest) => [...known.values()].some((repository) => repository.blobs.has(digest)),
  }
}

/** The manifest that a tag or a digest names. */
export function findManifest(repository: Repository, reference: string): StoredManifest | undefined {
  // A tag has no colon, so the two maps can not be confused.
  return repository.manifests.get(repository.tags.get(reference) ?? (reference as Digest))
}

/** The tags of a manifest, sorted. */
export function tagsOf(repository: Repository, digest: Digest): string[] {
  return [...repository.tags]
    .filter(([, target]) => target === digest)
    .map(([tag]) => tag)
    .sort(compareText)
}

/** Takes the manifest and its tags from the repository. */
export function removeManifest(repository: Repository, { digest }: StoredManifest): void {
  repository.manifests.delete(digest)
  repository.archive.delete(digest)
  for (const [tag, target] of repository.tags) if (target === digest) repository.tags.delete(tag)
}

/** The child of an index for linux/amd64, what the rehearsal's targets and old clients run; an image is itself. */
export function platformManifest(repository: Repository, manifest: StoredManifest): StoredManifest | undefined {
  if (manifest.content.kind === 'image') return manifest
  const child = manifest.content.manifests.find(isLinuxAmd64)
  return child && repository.manifests.get(child.digest)
}

function isLinuxAmd64({ platform }: BlobDescriptor): boolean {
  return platform?.os === 'linux' && platform.architecture === 'amd64'
}

/** The repository of that name. @throws RegistryError NAME_UNKNOWN, worded as ECR does. */
export function requireRepository(repositories: Repositories, name: string, accountId: string): Repository {
  const repository = repositories.find(name)
  if (repository) return repository
  throw new RegistryError('NAME_UNKNOWN', missingRepository(name, accountId), { detail: { name } })
}

/** ECR's sentence for a repository that does not exist. */
export function missingRepository(name: string, accountId: string): string {
  return `The repository with name '${name}' does not exist in the registry with id '${accountId}'`
}

/** By code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
