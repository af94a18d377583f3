import { RegistryError } from './registry-error.js'

/** What a path under `/v2/` names. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: string }

// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagPattern = /^\w[\w.-]{0,127}$/

/** True for a repository's name by the specification's grammar, at most 255 characters as most clients want it. */
export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && repositoryPattern.test(name)
}

/** True for a tag by the specification's grammar. */
export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

/** True when the path belongs to the registry. */
export function isRegistryPath(path: string): boolean {
  return path === '/v2' || path.startsWith('/v2/')
}

/**
 * Reads a path for which {@link isRegistryPath} holds. A repository may itself be called `a/blobs/b`, so the last
 * fitting word decides.
 * @throws RegistryError NAME_INVALID for a name outside the grammar, UNSUPPORTED (404) for any other path.
 */
export function parseRoute(path: string): Route {
  if (path === '/v2' || path === '/v2/') return { kind: 'base' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  const match =
    /^\/v2\/(.+)\/(?:(tags\/list)|(blobs\/uploads)\/?|(?:(blobs\/uploads|blobs|manifests|referrers)\/([^/]+)))$/.exec(
      decode(path),
    )
  const [, repository = '', tags, uploads, word, rest = ''] = match ?? []
  if (!match) throw new RegistryError('UNSUPPORTED', 'this registry has no such endpoint', { status: 404 })
  if (!isRepositoryName(repository)) throw new RegistryError('NAME_INVALID', `invalid repository name: ${repository}`)
  if (tags) return { kind: 'tags', repository }
  if (uploads) return { kind: 'uploads', repository }
  switch (word) {
    case 'blobs/uploads':
      return { kind: 'upload', repository, id: rest }
    case 'blobs':
      return { kind: 'blob', repository, digest: rest }
    case 'referrers':
      return { kind: 'referrers', repository, digest: rest }
    default:
      return { kind: 'manifest', repository, reference: rest }
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
