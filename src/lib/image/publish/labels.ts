import { formatImageRef, parseImageRef } from '../../domain/image-ref.js'
import type { SourceRevision } from '../../ports/git.js'

/**
 * When the image says it was made, in ISO 8601: SOURCE_DATE_EPOCH where it is set, else the commit's time, else 1970;
 * never the time of the build, so that equal inputs give equal images. https://reproducible-builds.org/specs/source-date-epoch/
 */
export function createdAt(source: SourceRevision | undefined, sourceDateEpoch: number | undefined): string {
  const committed = Math.floor(Date.parse(source?.committedAt ?? '') / 1000)
  const seconds = sourceDateEpoch ?? (Number.isNaN(committed) ? 0 : committed)
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** The revision as tags may name it: changes that are in no commit must not go under the version of one. */
export function asTagged(source: SourceRevision): SourceRevision {
  const { version, dirty } = source
  return dirty && version !== undefined ? { ...source, version: `${version}-dirty` } : source
}

/** Characters of a commit that people tell it by. */
const shortCommit = 12

/** Labels that follow from the source alone. https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function sourceLabels(
  app: string,
  service: string,
  created: string,
  source: SourceRevision | undefined,
): Readonly<Record<string, string>> {
  return {
    'org.opencontainers.image.title': service,
    'org.opencontainers.image.created': created,
    ...(source !== undefined && {
      'org.opencontainers.image.revision': `${source.commit}${source.dirty ? '-dirty' : ''}`,
      // Of the commit, not of a tag that it may get: a release is no other one because it gets a name.
      'org.opencontainers.image.version': `${source.commit.slice(0, shortCommit)}${source.dirty ? '-dirty' : ''}`,
    }),
    ...(source?.remote !== undefined && { 'org.opencontainers.image.source': source.remote }),
    'rampart.app': app,
    'rampart.service': service,
  }
}

/** Labels that say which base an image stands on. Those that the base itself has, such as its models, are inherited. */
export function baseLabels(base: { readonly name: string; readonly digest: string }): Readonly<Record<string, string>> {
  const ref = parseImageRef(base.name)
  const { digest: _, ...named } = ref ?? { registry: '', repository: base.name }
  return {
    'org.opencontainers.image.base.name': formatImageRef(named),
    'org.opencontainers.image.base.digest': base.digest,
  }
}
