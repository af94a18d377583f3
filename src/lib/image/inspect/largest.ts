import type { Amount, InspectedFile } from '../../domain/inspection.js'
import { isWhiteout } from './layer-index.js'
import type { KnownLayer } from './contents.js'

const shown = 10
// A folder that is little more than one of its own says less than that one.
const almostAll = 0.9

interface Sized {
  readonly path: string
  readonly bytes: number
}

const bySize = (one: Sized, other: Sized): number => other.bytes - one.bytes || (one.path < other.path ? -1 : 1)

/** The largest files and folders of these layers; a file that two layers carry counts twice, as it does in the image. */
export function largestOf(layers: readonly (KnownLayer | undefined)[]): {
  readonly folders: readonly (Amount & { readonly path: string })[]
  readonly files: readonly InspectedFile[]
} {
  const files: InspectedFile[] = []
  const folders = new Map<string, { files: number; bytes: number; largestChild: number }>()
  for (const [at, layer] of layers.entries()) {
    for (const { path, type, size } of layer?.index?.rows ?? []) {
      if (type !== '0' || size === 0 || isWhiteout(path)) continue
      files.push({ path: `/${path}`, bytes: size, layer: at + 1 })
      for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
        const folder = path.slice(0, slash)
        const known = folders.get(folder) ?? { files: 0, bytes: 0, largestChild: 0 }
        known.files += 1
        known.bytes += size
        folders.set(folder, known)
      }
    }
  }
  for (const [path, { bytes }] of folders) {
    const parent = folders.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))))
    if (parent !== undefined) parent.largestChild = Math.max(parent.largestChild, bytes)
  }
  const telling = Array.from(folders).filter(([, { bytes, largestChild }]) => largestChild < almostAll * bytes)
  return {
    folders: telling
      .map(([path, folder]) => ({ path: `/${path}`, files: folder.files, bytes: folder.bytes }))
      .sort(bySize)
      .slice(0, shown),
    files: files.sort(bySize).slice(0, shown),
  }
}
