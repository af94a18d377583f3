import type * as ecr from '@aws-sdk/client-ecr'
import { isDigest, type Digest } from '../../../domain/digest.js'
import { ServiceError, type RequestContext } from '../../wire/service.js'
import { imageStatus, moveImage } from '../archive.js'
import { findManifest, removeManifest, tagsOf, type Repository, type StoredManifest } from '../repositories.js'
import { isTag } from '../route.js'
import type { RegistryStore } from '../store.js'
import { invalidParameter, pageOf } from './page.js'
import { repositoryOf } from './repository-operations.js'

/** DescribeImages, BatchDeleteImage, BatchGetImage and UpdateImageStorageClass. */
export function imageOperations(store: RegistryStore) {
  return {
    DescribeImages: (
      input: ecr.DescribeImagesRequest & { repositoryName: string },
      context: RequestContext,
    ): ecr.DescribeImagesResponse => {
      const repository = repositoryOf(store, input, context)
      const { imageIds, nextToken, maxResults, filter } = input
      const details = (manifests: readonly StoredManifest[]): ecr.ImageDetail[] =>
        manifests.map((manifest) => describe(repository, manifest, context))
      if (imageIds) {
        if (nextToken !== undefined || maxResults !== undefined) {
          throw invalidParameter('imageIds', 'can not be used with nextToken or maxResults')
        }
        const found = imageIds.map((id) => existing(repository, id, context.accountId))
        return { imageDetails: details([...new Set(found)]) }
      }
      const all = [...repository.manifests.values()]
        .filter((manifest) => passes(repository, manifest, context.now, filter))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1))
      const page = pageOf(`images of ${repository.name}`, all, ({ digest }) => digest, { nextToken, maxResults })
      return {
        imageDetails: details(page.items),
        ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
      }
    },

    /** By a tag, the tag is taken away, and the image with its last one; by its digest, the image with all of them. */
    BatchDeleteImage: (
      input: ecr.BatchDeleteImageRequest & { repositoryName: string; imageIds: ecr.ImageIdentifier[] },
      context: RequestContext,
    ): ecr.BatchDeleteImageResponse => {
      const repository = repositoryOf(store, input, context)
      if (input.imageIds.length < 1 || input.imageIds.length > 100) {
        throw invalidParameter('imageIds', 'Member must have length between 1 and 100')
      }
      const imageIds: ecr.ImageIdentifier[] = []
      const failures: ecr.ImageFailure[] = []
      for (const imageId of input.imageIds) {
        const found = lookUp(repository, imageId)
        const failureCode = 'failure' in found ? found.failure : refusalOf(repository, found.manifest)
        if (failureCode !== undefined || 'failure' in found) {
          const code = failureCode ?? 'ImageNotFound'
          failures.push({ imageId, failureCode: code, failureReason: reasons[code] })
          continue
        }
        imageIds.push(...deleted(repository, found.manifest, imageId))
      }
      return { imageIds, failures }
    },

    /** The manifest as it was pushed, whatever the accepted media types: nothing is translated here. */
    BatchGetImage: (
      input: ecr.BatchGetImageRequest & { repositoryName: string; imageIds: ecr.ImageIdentifier[] },
      context: RequestContext,
    ): ecr.BatchGetImageResponse => {
      const repository = repositoryOf(store, input, context)
      if (input.imageIds.length < 1 || input.imageIds.length > 100) {
        throw invalidParameter('imageIds', 'Member must have length between 1 and 100')
      }
      const images: ecr.Image[] = []
      const failures: ecr.ImageFailure[] = []
      for (const imageId of input.imageIds) {
        const found = lookUp(repository, imageId)
        if ('failure' in found) {
          failures.push({ imageId, failureCode: found.failure, failureReason: reasons[found.failure] })
          continue
        }
        const { digest, bytes, mediaType } = found.manifest
        images.push({
          registryId: context.accountId,
          repositoryName: repository.name,
          imageId: { imageDigest: digest, ...(imageId.imageTag !== undefined && { imageTag: imageId.imageTag }) },
          imageManifest: Buffer.from(bytes).toString('utf8'),
          imageManifestMediaType: mediaType,
        })
      }
      return { images, failures }
    },

    /** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html */
    UpdateImageStorageClass: (
      input: ecr.UpdateImageStorageClassRequest & { repositoryName: string; imageId: ecr.ImageIdentifier },
      context: RequestContext,
    ): ecr.UpdateImageStorageClassResponse => {
      const repository = repositoryOf(store, input, context)
      const { digest } = existing(repository, input.imageId, context.accountId)
      moveImage(repository, digest, input.targetStorageClass === 'ARCHIVE' ? 'ARCHIVE' : 'STANDARD', context.now)
      return {
        registryId: context.accountId,
        repositoryName: repository.name,
        imageId: { ...input.imageId, imageDigest: digest },
        imageStatus: imageStatus(repository, digest, context.now),
      }
    },
  }
}

const reasons = {
  ImageNotFound: 'Requested image not found',
  ImageTagDoesNotMatchDigest: 'Requested image tag does not match digest',
  ImageReferencedByManifestList: 'Requested image referenced by manifest list',
  InvalidImageDigest: 'Invalid request parameters: image digest should satisfy the regex sha256:[0-9a-f]{64}',
  InvalidImageTag: 'Invalid request parameters: image tag is not a valid tag',
  MissingDigestAndTag: 'Invalid request parameters: both tag and digest cannot be null',
} as const

type Failure = keyof typeof reasons

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html: what an index lists has to stay. */
function refusalOf(repository: Repository, { digest }: StoredManifest): Failure | undefined {
  const isListed = [...repository.manifests.values()].some(({ content }) =>
    content.manifests.some((child) => child.digest === digest),
  )
  return isListed ? 'ImageReferencedByManifestList' : undefined
}

/** What is gone then, as ECR names it: one id for each tag, or the digest alone. */
function deleted(
  repository: Repository,
  manifest: StoredManifest,
  { imageDigest, imageTag }: ecr.ImageIdentifier,
): readonly ecr.ImageIdentifier[] {
  const tags = tagsOf(repository, manifest.digest)
  if (imageDigest === undefined && imageTag !== undefined && tags.length > 1) {
    repository.tags.delete(imageTag)
    return [{ imageDigest: manifest.digest, imageTag }]
  }
  removeManifest(repository, manifest)
  const digest = { imageDigest: manifest.digest }
  return tags.length === 0 ? [digest] : tags.map((tag) => ({ ...digest, imageTag: tag }))
}

function lookUp(
  repository: Repository,
  { imageDigest, imageTag }: ecr.ImageIdentifier,
): { readonly manifest: StoredManifest } | { readonly failure: Failure } {
  if (imageDigest === undefined && imageTag === undefined) return { failure: 'MissingDigestAndTag' }
  if (imageDigest !== undefined && !isDigest(imageDigest)) return { failure: 'InvalidImageDigest' }
  if (imageTag !== undefined && !isTag(imageTag)) return { failure: 'InvalidImageTag' }
  const manifest = findManifest(repository, imageDigest ?? imageTag ?? '')
  if (!manifest) return { failure: 'ImageNotFound' }
  const agree = imageTag === undefined || repository.tags.get(imageTag) === manifest.digest
  return agree ? { manifest } : { failure: 'ImageTagDoesNotMatchDigest' }
}

function existing(repository: Repository, id: ecr.ImageIdentifier, accountId: string): StoredManifest {
  const found = lookUp(repository, id)
  if ('manifest' in found) return found.manifest
  if (found.failure === 'ImageNotFound' || found.failure === 'ImageTagDoesNotMatchDigest') {
    const { imageDigest = 'null', imageTag = 'null' } = id
    throw new ServiceError(
      'ImageNotFoundException',
      `The image with imageId {imageDigest:'${imageDigest}', imageTag:'${imageTag}'} does not exist within the ` +
        `repository with name '${repository.name}' in the registry with id '${accountId}'`,
    )
  }
  throw invalidParameter('imageIds', reasons[found.failure])
}

function passes(
  repository: Repository,
  { digest }: StoredManifest,
  now: number,
  filter?: ecr.DescribeImagesFilter,
): boolean {
  const { tagStatus = 'ANY', imageStatus: wanted = 'ACTIVE' } = filter ?? {}
  if (wanted !== 'ANY' && wanted !== imageStatus(repository, digest, now)) return false
  if (tagStatus === 'ANY') return true
  return (tagStatus === 'TAGGED') === tagsOf(repository, digest).length > 0
}

function describe(
  repository: Repository,
  manifest: StoredManifest,
  { accountId, now }: RequestContext,
): ecr.ImageDetail {
  const { digest, mediaType, content, pushedAt } = manifest
  const tags = tagsOf(repository, digest)
  const kept = repository.archive.get(digest)
  return {
    registryId: accountId,
    repositoryName: repository.name,
    imageDigest: digest,
    ...(tags.length > 0 && { imageTags: tags }),
    imageSizeInBytes: sizeOf(repository, manifest),
    imagePushedAt: new Date(pushedAt),
    imageManifestMediaType: mediaType,
    ...(content.artifactType !== undefined && { artifactMediaType: content.artifactType }),
    ...(content.subject && { subjectManifestDigest: content.subject }),
    imageStatus: imageStatus(repository, digest, now),
    ...(kept !== undefined && { lastArchivedAt: new Date(kept.archivedAt) }),
    ...(kept?.activeFrom !== undefined && kept.activeFrom <= now && { lastActivatedAt: new Date(kept.activeFrom) }),
  }
}

/** What the image takes in the registry, layers as they are stored; of an index, the largest child, as ECR documents it. */
function sizeOf(repository: Repository, { content }: StoredManifest): number {
  const own = [content.config, ...content.layers].reduce((sum, blob) => sum + (blob?.size ?? 0), 0)
  const childSize = (digest: Digest): number => {
    const child = repository.manifests.get(digest)
    return child ? sizeOf(repository, child) : 0
  }
  return Math.max(own, ...content.manifests.map(({ digest }) => childSize(digest)))
}
