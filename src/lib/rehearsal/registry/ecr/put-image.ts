import type * as ecr from '@aws-sdk/client-ecr'
import type { Digest } from '../../../domain/digest.js'
import { ServiceError, type RequestContext } from '../../wire/service.js'
import { declaredMediaType } from '../manifest.js'
import { digestOf, pushManifest } from '../push-manifest.js'
import { RegistryError } from '../registry-error.js'
import type { Repository } from '../repositories.js'
import { isTag } from '../route.js'
import type { RegistryStore } from '../store.js'
import { invalidParameter } from './page.js'
import { repositoryOf } from './repository-operations.js'

type Input = ecr.PutImageRequest & { repositoryName: string; imageManifest: string }

/** PutImage: a manifest whose layers are here gets another tag, or a new manifest is made of them. */
export function putImage(store: RegistryStore, input: Input, context: RequestContext): ecr.PutImageResponse {
  const repository = repositoryOf(store, input, context)
  const { imageManifest, imageTag: tag, imageDigest } = input
  const bytes = Buffer.from(imageManifest, 'utf8')
  const digest = digestOf(bytes)
  if (tag !== undefined && !isTag(tag)) throw invalidParameter('imageTag', 'is not a valid tag')
  if (imageDigest !== undefined && imageDigest !== digest) {
    throw new ServiceError(
      'ImageDigestDoesNotMatchException',
      `The manifest has the digest '${digest}', not '${imageDigest}'`,
    )
  }
  refuseRepetition(repository, digest, tag, context.accountId)
  const mediaType = input.imageManifestMediaType ?? declaredMediaType(bytes) ?? ''
  try {
    pushManifest(repository, store.blobs, { bytes, mediaType, now: context.now, ...(tag !== undefined && { tag }) })
  } catch (error) {
    throw error instanceof RegistryError ? serviceError(error, mediaType) : error
  }
  return {
    image: {
      registryId: context.accountId,
      repositoryName: repository.name,
      imageId: { imageDigest: digest, ...(tag !== undefined && { imageTag: tag }) },
      imageManifest,
      imageManifestMediaType: mediaType,
    },
  }
}

function refuseRepetition(repository: Repository, digest: Digest, tag: string | undefined, accountId: string): void {
  const same = tag === undefined ? repository.manifests.has(digest) : repository.tags.get(tag) === digest
  if (!same) return
  const what = `Image with digest '${digest}'${tag === undefined ? '' : ` and tag '${tag}'`}`
  const where = `in the repository with name '${repository.name}' in registry with id '${accountId}'`
  throw new ServiceError('ImageAlreadyExistsException', `${what} already exists ${where}`)
}

/** The registry's refusal in ECR's own exceptions. */
function serviceError({ code, message }: RegistryError, mediaType: string): ServiceError {
  switch (code) {
    case 'TAG_INVALID':
      return new ServiceError('ImageTagAlreadyExistsException', message)
    case 'MANIFEST_BLOB_UNKNOWN':
      return /index|list/.test(mediaType)
        ? new ServiceError('ReferencedImagesNotFoundException', message)
        : new ServiceError('LayersNotFoundException', message)
    default:
      return invalidParameter('imageManifest', message)
  }
}
