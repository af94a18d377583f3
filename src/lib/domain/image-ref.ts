import { isDigest, type Digest } from './digest.js'

/**
 * A reference to an image: where it lives and, if it says so, which one it is.
 * `registry` is a host with its port, or empty when the reference names none; nothing is assumed for it.
 */
export interface ImageRef {
  readonly registry: string
  readonly repository: string
  readonly tag?: string
  readonly digest?: Digest
}

// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagPattern = /^\w[\w.-]{0,127}$/

/** Reads `[host[:port]/]repository[:tag][@digest]`; undefined when it is not one. */
export function parseImageRef(text: string): ImageRef | undefined {
  const [name = '', digest, ...rest] = text.split('@')
  if (rest.length > 0 || (digest !== undefined && !isDigest(digest))) return undefined
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  // As Docker does: the first part is a host when it has a dot, a port, or is localhost.
  const registry = /[.:]/.test(first) || first === 'localhost' ? first : ''
  const path = registry === '' ? name : name.slice(slash + 1)
  const colon = path.lastIndexOf(':')
  const repository = colon < 0 ? path : path.slice(0, colon)
  const tag = colon < 0 ? undefined : path.slice(colon + 1)
  if (!repositoryPattern.test(repository) || (tag !== undefined && !tagPattern.test(tag))) return undefined
  return {
    registry,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  }
}

/** The inverse of {@link parseImageRef}. */
export function formatImageRef(ref: ImageRef): string {
  const name = ref.registry === '' ? ref.repository : `${ref.registry}/${ref.repository}`
  return `${name}${ref.tag === undefined ? '' : `:${ref.tag}`}${ref.digest === undefined ? '' : `@${ref.digest}`}`
}
