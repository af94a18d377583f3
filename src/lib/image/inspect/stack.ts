import { isWhiteout, type LayerIndex, type LayerRow } from './layer-index.js'

/** A file of some layer, found by its path or by its content. */
export interface Found {
  readonly row: LayerRow
  /** The layer's place in the image, from 0. */
  readonly layer: number
}

/** Layers on each other, as far as they were read: what is to be seen at a path from a layer above them. */
export interface Stack {
  /** What a path shows to the layer at that place; a hard link as the file that it is another name of. */
  below(layer: number, path: string): Found | undefined
  /** A file with that content in a layer below, the lowest one, whether or not something hides it. */
  contentBelow(layer: number, sha256: string): Found | undefined
}

interface Level {
  readonly rows: ReadonlyMap<string, LayerRow>
  /** Paths that this layer takes away from those below; with a slash at its end, everything in that directory. */
  readonly hides: ReadonlySet<string>
}

/** The stack of the layers that were read; the others, undefined, show nothing and hide nothing. */
export function stackLayers(layers: readonly (LayerIndex | undefined)[]): Stack {
  const levels = layers.map((index) => (index === undefined ? undefined : levelOf(index)))
  const contents = new Map<string, Found>()
  for (const [layer, index] of layers.entries()) {
    for (const row of index?.rows ?? []) {
      if (row.type === '0' && row.size > 0 && !contents.has(row.sha256)) contents.set(row.sha256, { row, layer })
    }
  }
  const below = (layer: number, path: string): Found | undefined => {
    for (let at = layer - 1; at >= 0; at -= 1) {
      const level = levels[at]
      if (level === undefined) continue
      const row = level.rows.get(path)
      if (row?.type === '1') {
        // Some builders link to a file of an older layer.
        const file = level.rows.get(row.target) ?? below(at, row.target)?.row ?? row
        return { row: { ...file, path }, layer: at }
      }
      if (row !== undefined) return { row, layer: at }
      if (isHidden(level, path)) return undefined
    }
    return undefined
  }
  return {
    below,
    contentBelow: (layer, sha256) => {
      const found = contents.get(sha256)
      return found !== undefined && found.layer < layer ? found : undefined
    },
  }
}

// https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
function levelOf({ rows }: LayerIndex): Level {
  const map = new Map<string, LayerRow>()
  const hides = new Set<string>()
  for (const row of rows) {
    if (!isWhiteout(row.path)) {
      map.set(row.path, row.type === '1' ? { ...row, target: row.target.replace(/^(?:\.?\/)+/, '') } : row)
      // Below anything that is no directory nothing of an older layer shows.
      if (row.type !== '5') hides.add(`${row.path}/`)
      continue
    }
    const hidden = hiddenBy(row.path)
    if (hidden !== undefined) hides.add(hidden)
  }
  return { rows: map, hides }
}

/** What a whiteout takes away: a path, or everything in a directory (with a slash at its end, empty for the root). */
function hiddenBy(path: string): string | undefined {
  const slash = path.lastIndexOf('/') + 1
  const name = path.slice(slash)
  if (name === '.wh..wh..opq') return path.slice(0, slash) || '/'
  // Others that begin so are the engine's own bookkeeping.
  return name.startsWith('.wh..wh.') || !name.startsWith('.wh.') ? undefined : path.slice(0, slash) + name.slice(4)
}

function isHidden({ hides }: Level, path: string): boolean {
  if (hides.size === 0) return false
  if (hides.has(path) || hides.has('/')) return true
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    if (hides.has(path.slice(0, slash + 1)) || hides.has(path.slice(0, slash))) return true
  }
  return false
}
