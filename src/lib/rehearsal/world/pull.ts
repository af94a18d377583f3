import { shortDigest } from '../../domain/digest.js'
import { formatImageRef, type ImageRef } from '../../domain/image-ref.js'
import type { CatalogImage } from '../image-catalog.js'
import type { WorldState } from './state.js'

/** The image that a reference names in this cloud's registry; undefined when there is none. */
export function findImage(world: WorldState, reference: ImageRef): CatalogImage | undefined {
  return world.images.find(reference.repository, reference.digest ?? reference.tag ?? 'latest')
}

/**
 * When a pull that begins at `from` is over. Layers come down one after another at the full rate, and are unpacked in
 * order while the next ones come down; those in `present` are there, and the pulled ones are added to it. `say` gets
 * what Docker prints, with its times.
 */
export function pullImage(
  world: WorldState,
  pull: { readonly image: CatalogImage; readonly reference: ImageRef; readonly present: Set<string> },
  from: number,
  say: (at: number, text: string) => void,
): number {
  const { image, reference, present } = pull
  const { downloadBytesPerSecond, unpackBytesPerSecond } = world.switches
  say(from + 300, `${reference.digest ?? reference.tag}: Pulling from ${reference.repository}`)
  let downloaded = from + 300
  let unpacked = downloaded
  for (const { digest, size } of image.layers) {
    if (present.has(digest)) {
      say(unpacked, `${shortDigest(digest)}: Already exists`)
      continue
    }
    present.add(digest)
    downloaded += (size / downloadBytesPerSecond) * 1000
    unpacked = Math.max(unpacked, downloaded) + (size / unpackBytesPerSecond) * 1000
    say(unpacked, `${shortDigest(digest)}: Pull complete`)
  }
  const end = unpacked + 200
  say(end, `Digest: ${image.digest}`)
  say(end, `Status: Downloaded newer image for ${formatImageRef(reference)}`)
  return end
}
