import type { Digest } from '../../domain/digest.js'
import type { SourceRevision } from '../../ports/git.js'
import { buildImage } from './build.js'
import { pushImage } from './push.js'
import type { AppImageRequest, PublishPorts } from './types.js'

export type { AppImageRequest, PublishPorts } from './types.js'

/** What was published. */
export interface PushedImage {
  readonly digest: Digest
  /** `host/repository@digest`. */
  readonly reference: string
  readonly tags: readonly string[]
  /** Bytes of the app layer as it is stored. */
  readonly layerBytes: number
  /** Bytes of layers that had to be uploaded; 0 when the registry had them all. */
  readonly uploadedLayerBytes: number
  /** True when the registry had this very image under these tags, so that nothing at all was sent. */
  readonly unchanged: boolean
}

/** An image that is made and not yet published. */
export interface BuiltImage {
  readonly service: string
  readonly digest: Digest
  readonly reference: string
  readonly tags: readonly string[]
  readonly layerBytes: number
  readonly base: { readonly name: string; readonly digest: Digest }
  readonly source: SourceRevision | undefined
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[]
  /** Uploads what the registry lacks, the manifest last. Safe to call again after a failure. */
  push(): Promise<PushedImage>
}

/** Makes an app image without a Docker daemon: one layer on a base that is never pulled. Nothing is uploaded. */
export async function buildAppImage(request: AppImageRequest, ports: PublishPorts): Promise<BuiltImage> {
  const build = await buildImage(request, ports)
  const reference = `${ports.registry.host}/${request.repository}@${build.digest}`
  const { digest, tags, layerBytes, base, source, notes } = build
  return {
    service: request.service,
    digest,
    reference,
    tags,
    layerBytes,
    base,
    source,
    notes,
    push: async () => {
      const sent = await pushImage(build, request, ports)
      const pushed = { digest, reference, tags, layerBytes, ...sent }
      const { service, repository } = request
      const { uploadedLayerBytes, unchanged } = sent
      ports.emit({ type: 'image.pushed', service, repository, digest, tags, layerBytes, uploadedLayerBytes, unchanged })
      return pushed
    },
  }
}

/** Builds and publishes in one go; see {@link buildAppImage}. */
export async function publishAppImage(
  request: AppImageRequest,
  ports: PublishPorts,
): Promise<BuiltImage & { readonly pushed: PushedImage }> {
  const built = await buildAppImage(request, ports)
  return { ...built, pushed: await built.push() }
}
