import type { Digest } from '../domain/digest.js'
import type { ImageView, PushedView, View } from './view.js'

/** One image of the run's release, with what its push was, if this run pushed it. */
export interface ReleasedImage {
  readonly service: string
  readonly repository: string
  readonly digest: Digest
  readonly pushed: PushedView | undefined
}

/** The images of the release that was recorded or planned, else those that were pushed so far. */
export function releasedImages(view: View): readonly ReleasedImage[] {
  const release = view.release?.release ?? view.plan?.release
  if (release !== undefined) {
    return release.images.map((image) => ({
      service: image.service,
      repository: image.repository,
      digest: image.digest,
      pushed: view.images.get(image.service)?.pushed,
    }))
  }
  return [...view.images.values()].flatMap(({ service, pushed }) =>
    pushed === undefined ? [] : [{ service, repository: pushed.repository, digest: pushed.digest, pushed }],
  )
}

/** Bytes sent of those that are on their way; undefined when no layer is. */
export function bytesUnderway(image: ImageView): { readonly sent: number; readonly total: number } | undefined {
  if (image.layers.size === 0) return undefined
  const layers = [...image.layers.values()]
  return {
    sent: layers.reduce((sum, layer) => sum + layer.sent, 0),
    total: layers.reduce((sum, layer) => sum + layer.total, 0),
  }
}
