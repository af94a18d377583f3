import { formatImageRef, parseImageRef } from '../domain/image-ref.js'
import { isDigest } from '../domain/digest.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Registry } from '../ports/registry.js'
import type { Selection } from './registry-source.js'

/** Where images come from: one repository or, with `*`, several of a registry. */
export interface SourcePlace {
  /** Empty for Docker Hub. */
  readonly host: string
  /** With `*` for anything. */
  readonly repository: string
  /** Tag or digest, when the place names one image. */
  readonly reference: string | undefined
}

/** Where images go to. */
export interface TargetPlace {
  /** Undefined for the environment's own registry. */
  readonly host: string | undefined
  /** Undefined: the same repositories as at the source. */
  readonly repository: string | undefined
  readonly tag: string | undefined
}

const usage = (message: string, ...next: readonly string[]): RampartError =>
  new RampartError('usage', message, { next })

/** Reads `[HOST/]REPOSITORY[:TAG|@DIGEST]`; the repository may hold `*`. */
export function readSourcePlace(text: string): SourcePlace {
  // What is no name only because of its stars is one without them.
  const ref = parseImageRef(text.replaceAll('*', starWord))
  if (ref === undefined) {
    throw usage(
      `${text} names no repository.`,
      'write it as ghcr.io/team/app, ghcr.io/team/app:v1 or registry:5000/team/*',
    )
  }
  const reference = ref.digest ?? ref.tag
  if (text.includes('*') && reference !== undefined) {
    throw usage(`${text} names several repositories, and one image of them.`, 'choose tags with --tag')
  }
  return { host: ref.registry, repository: ref.repository.replaceAll(starWord, '*'), reference }
}

// Valid inside a name, and in no name that anybody has.
const starWord = 'rampart0star0rampart'

/** Reads `HOST`, `HOST/REPOSITORY[:TAG]` or, for the environment's registry, `REPOSITORY[:TAG]`. */
export function readTargetPlace(text: string): TargetPlace {
  const trimmed = text.replace(/\/$/, '')
  if (!trimmed.includes('/') && (/[.:]/.test(trimmed) || trimmed === 'localhost')) {
    return { host: trimmed, repository: undefined, tag: undefined }
  }
  const ref = parseImageRef(trimmed)
  if (ref === undefined || ref.digest !== undefined) {
    throw usage(
      `${text} is no place for images.`,
      'write it as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app, or as app for the registry of the environment',
    )
  }
  return { host: ref.registry === '' ? undefined : ref.registry, repository: ref.repository, tag: ref.tag }
}

/** True for the names that a pattern with `*` and `?` stands for. */
function matcher(pattern: string): (name: string) => boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const expression = new RegExp(`^${source}$`)
  return (name) => expression.test(name)
}

/** What of which repository goes where. */
export interface Wanted {
  readonly source: SourcePlace
  readonly target: TargetPlace
  /** Patterns; none for all tags. */
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
}

/** The repositories of the source, with where each goes. Rejects when there are none, or the source does not list them. */
export async function selectionsOf(
  { source, target, tags, skipTags }: Wanted,
  registry: Registry,
  nameAt: (repository: string) => string,
): Promise<readonly Selection[]> {
  const keeps = tags.map(matcher)
  const skips = skipTags.map(matcher)
  const wants = (tag: string): boolean =>
    (keeps.length === 0 || keeps.some((keep) => keep(tag))) && !skips.some((skip) => skip(tag))
  const { repository, reference } = source
  if (target.tag !== undefined && reference === undefined) {
    throw usage('A tag at the target needs one image at the source.', 'name it there, too: SOURCE:TAG')
  }
  if (repository.includes('*')) {
    const listed = await registry.listRepositories()
    if (listed === undefined) {
      throw usage(`${registry.host} does not list its repositories.`, 'copy them one after the other, each by its name')
    }
    const matches = matcher(repository)
    const before = repository.slice(0, repository.indexOf('*'))
    const prefix = before.slice(0, before.lastIndexOf('/') + 1)
    const found = listed.filter(matches)
    if (found.length === 0) throw usage(`${registry.host} has no repository ${repository}.`)
    return found.map((from) => ({ from, to: below(target.repository, from.slice(prefix.length), from), wants }))
  }
  const from = nameAt(repository)
  const to = target.repository ?? repository
  if (reference === undefined) return [{ from, to, wants }]
  const as = target.tag ?? (isDigest(reference) ? undefined : reference)
  return [{ from, to, wants, only: { reference, as } }]
}

const below = (parent: string | undefined, name: string, whole: string): string =>
  parent === undefined ? whole : `${parent}/${name}`

/** `host/repository`, as people write it. */
export function placeName(host: string, repository: string): string {
  return formatImageRef({ registry: host, repository })
}
