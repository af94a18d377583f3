import { isDigest, type Digest } from '../../domain/digest.js'
import type { BaseRecord } from '../../domain/release-record.js'
import type { Registry } from '../../ports/registry.js'
import { readStored } from './find.js'
import { labelsOf, modelsOf } from './labels.js'

/** The base that an app image says it was built on, with the models that it inherited; undefined when it says nothing. */
export async function originOf(registry: Registry, repository: string, image: Digest): Promise<BaseRecord | undefined> {
  const found = await registry.getManifest(repository, image)
  const stored = found && (await readStored(registry, repository, found))
  if (stored === undefined) return undefined
  const labels = labelsOf(stored.config)
  // https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys
  const reference = labels['org.opencontainers.image.base.name']
  const digest = labels['org.opencontainers.image.base.digest']
  if (reference === undefined) return undefined
  return {
    reference,
    ...(digest !== undefined && isDigest(digest) && { digest }),
    models: modelsOf(labels).map(({ id, revision }) => `${id}@${revision}`),
  }
}
