import type { Digest } from '../domain/digest.js'
import type { ServiceTags, TagReport } from '../domain/tag-report.js'
import { readStored } from '../image/base/find.js'
import { labelsOf } from '../image/base/labels.js'
import type { Registry } from '../ports/registry.js'
import { placeName } from './registry-places.js'

/** What the image says it was made of, for the placeholders of tags. */
export interface MadeOf {
  readonly version?: string
  readonly commit?: string
}

export interface TagPolicy {
  readonly service: string
  /** Without the registry's host. */
  readonly repository: string
  /** As rampart.yml has them. */
  readonly templates: readonly string[]
  /** The tag of a template; undefined when a placeholder has no value. */
  readonly expand: (template: string, madeOf: MadeOf) => string | undefined
  /** The digest that serves, where that is known. */
  readonly serving: Digest | undefined
  /** The version that the release of an image got, where that was noted. */
  readonly versionOf?: (digest: Digest) => Promise<string | undefined>
}

/** Looks whether a service has every tag of its policy, and whether all point to what serves, or else to the same image. */
export async function verifyTags(policy: TagPolicy, registry: Registry): Promise<ServiceTags> {
  const { service, repository, templates, expand, serving, versionOf } = policy
  const digestOf = async (reference: string): Promise<Digest | undefined> =>
    (await registry.headManifest(repository, reference))?.digest
  const fixed = templates.flatMap((template) => expand(template, {}) ?? [])
  const found = await Promise.all(fixed.map(digestOf))
  const first = found.find((digest) => digest !== undefined)
  const digest = serving ?? first
  const stored = digest !== undefined && (digest === first || (await digestOf(digest)) !== undefined)
  const noted = stored ? await versionOf?.(digest) : undefined
  const made = stored
    ? { ...(await madeOf(registry, repository, digest)), ...(noted !== undefined && { version: noted }) }
    : {}
  const tags = await Promise.all(
    templates.map(async (template): Promise<TagReport> => {
      const tag = expand(template, made)
      if (tag === undefined) return { template, tag: null, digest: null, state: 'unknown' }
      const at = await digestOf(tag)
      const state = at === undefined ? 'missing' : at === digest ? 'same' : 'other'
      return { template, tag, digest: at ?? null, state }
    }),
  )
  return {
    service,
    repository: placeName(registry.host, repository),
    digest: digest ?? null,
    by: serving !== undefined ? 'serving' : first === undefined ? null : 'tag',
    stored,
    tags,
    good: stored && tags.every(({ state }) => state === 'same' || state === 'unknown'),
  }
}

/** What the labels of an image say; nothing for an index, which has none. */
async function madeOf(registry: Registry, repository: string, digest: Digest): Promise<MadeOf> {
  const manifest = await registry.getManifest(repository, digest)
  const image = manifest && (await readStored(registry, repository, manifest))
  if (image === undefined) return {}
  const labels = labelsOf(image.config)
  // https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys
  const version = labels['org.opencontainers.image.version']
  const commit = labels['org.opencontainers.image.revision']
  // A commit is no name that tags are made of: that is noted elsewhere.
  const isName = version !== undefined && commit?.startsWith(version.replace(/-dirty$/, '')) !== true
  return { ...(isName && { version }), ...(commit !== undefined && { commit }) }
}
