import { formatBytes } from '../domain/format-bytes.js'
import type { ReleaseImage } from '../domain/release.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { inPhase, type RunContext } from './run.js'

/** One service's image on its way from the context into the registry. */
export interface ServiceImage {
  readonly service: string
  /** Makes the image in memory; nothing is changed anywhere. */
  build(): Promise<ReleaseImage>
  /** Uploads what the registry lacks. Gives the bytes of layers that were sent. */
  push(): Promise<{ readonly uploadedLayerBytes: number }>
}

/** Uploads what the registry lacks of all images at once. */
export async function pushImages(images: readonly ServiceImage[], run: RunContext): Promise<void> {
  await inPhase(run, 'push', async () => {
    const pushed = await unlessStopped(run.signal, Promise.all(images.map((image) => image.push())))
    const bytes = pushed.reduce((sum, one) => sum + one.uploadedLayerBytes, 0)
    return { value: undefined, detail: bytes === 0 ? 'no layer uploaded' : `${formatBytes(bytes)} of layers uploaded` }
  })
}
