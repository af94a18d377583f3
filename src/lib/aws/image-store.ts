import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  ECRClient,
  paginateDescribeImages,
  type ImageDetail,
} from '@aws-sdk/client-ecr'
import { isDigest, type Digest } from '../domain/digest.js'
import { mediaTypes } from '../domain/media-types.js'
import type { StoredImage } from '../domain/stored-image.js'
import { RampartError } from '../errors/rampart-error.js'
import type { ImageStore, KeptBack } from '../ports/image-store.js'
import { call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html: of one request; of deletions, too. */
const mostImages = 100

/** The ImageStore port on ECR. */
export function createImageStore(options: ClientOptions): ImageStore {
  const client = counted(new ECRClient(clientSettings(options)), options)

  async function details(repository: string): Promise<readonly ImageDetail[] | undefined> {
    const found: ImageDetail[] = []
    try {
      for await (const { imageDetails = [] } of paginateDescribeImages(
        { client, pageSize: 1000 },
        { repositoryName: repository },
      )) {
        found.push(...imageDetails)
      }
    } catch (error) {
      if (errorCode(error) === 'RepositoryNotFound') return undefined
      return call('ecr:DescribeImages', () => Promise.reject(error))
    }
    return found
  }

  async function manifests(repository: string, digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    for (const some of inParts(digests)) {
      const { images = [] } = await call('ecr:BatchGetImage', () =>
        client.send(
          new BatchGetImageCommand({
            repositoryName: repository,
            imageIds: some.map((imageDigest) => ({ imageDigest })),
            acceptedMediaTypes: Object.values(mediaTypes),
          }),
        ),
      )
      for (const { imageId, imageManifest } of images) found.set(imageId?.imageDigest ?? '', imageManifest ?? '')
    }
    return found
  }

  return {
    async list(repository) {
      const all = await details(repository)
      if (all === undefined) return undefined
      const digests = all.flatMap(({ imageDigest }) => imageDigest ?? [])
      const texts = await manifests(repository, digests)
      return all.map((detail) => storedImage(repository, detail, texts.get(detail.imageDigest ?? '')))
    },

    async remove(repository, digests) {
      const kept: KeptBack[] = []
      for (const some of inParts(digests)) {
        const { failures = [] } = await call('ecr:BatchDeleteImage', () =>
          client.send(
            new BatchDeleteImageCommand({
              repositoryName: repository,
              imageIds: some.map((imageDigest) => ({ imageDigest })),
            }),
          ),
        )
        for (const { imageId, failureReason, failureCode } of failures) {
          const digest = imageId?.imageDigest
          // Somebody else was quicker.
          if (digest === undefined || !isDigest(digest) || failureCode === 'ImageNotFound') continue
          kept.push({ digest, why: failureReason ?? failureCode ?? 'ECR did not say why' })
        }
      }
      return kept
    },
  }
}

function* inParts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += mostImages) yield all.slice(at, at + mostImages)
}

interface Manifest {
  readonly config?: Blob
  readonly layers?: readonly Blob[]
  readonly manifests?: readonly Blob[]
  readonly subject?: Blob
  readonly annotations?: Readonly<Record<string, string>>
}

interface Blob {
  readonly digest: Digest
  readonly size: number
}

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md */
const baseAnnotation = 'org.opencontainers.image.base.digest'

function storedImage(repository: string, detail: ImageDetail, text: string | undefined): StoredImage {
  const { imageDigest: digest = '', imageTags: tags = [], imagePushedAt } = detail
  // What is not known of an image decides what else may go: better nothing than a guess.
  if (text === undefined || !isDigest(digest)) {
    throw new RampartError('unreachable', `ECR gives no manifest of ${repository}@${digest}.`, {
      next: ['run the command again'],
      passing: true,
    })
  }
  const { config, layers = [], manifests = [], subject, annotations } = JSON.parse(text) as Manifest
  const base = annotations?.[baseAnnotation]
  return {
    digest,
    tags,
    pushedAt: imagePushedAt?.getTime() ?? Infinity,
    blobs: [...(config === undefined ? [] : [config]), ...layers].map((blob) => ({
      digest: blob.digest,
      bytes: blob.size,
    })),
    children: manifests.map((child) => child.digest),
    ...(subject !== undefined && { subject: subject.digest }),
    ...(base !== undefined && isDigest(base) && { base }),
  }
}
