import type { Amount, CopyChange, InspectedCopies, LayerContents, LayerPart } from '../../domain/inspection.js'
import { isWhiteout, type LayerIndex, type LayerRow } from './layer-index.js'
import { stackLayers, type Found, type Stack } from './stack.js'

/** A layer of an image with what is known of it. */
export interface KnownLayer {
  readonly part: LayerPart
  readonly storedBytes: number
  readonly instruction: string | null
  /** Undefined when it was not read. */
  readonly index: LayerIndex | undefined
}

interface Copy {
  readonly row: LayerRow
  readonly original: Found
  readonly changes: readonly CopyChange[]
}

// Below this, equal files at different paths are licences and empty modules, not copies that anybody made.
const smallestElsewhere = 4096
const examples = 5

const nothing: Amount = { files: 0, bytes: 0 }

function add(amount: Amount, bytes: number): Amount {
  return { files: amount.files + 1, bytes: amount.bytes + bytes }
}

/**
 * What every layer that was read adds, changes, deletes and copies against all below it. A copy is a file whose content
 * is there already: at the same path, as `chown` and `chmod` leave it, or at another one from 4 KiB on. What can be mended
 * in the app comes before what only a new base mends, and the largest first.
 */
export function compareLayers(layers: readonly KnownLayer[]): {
  readonly contents: readonly (LayerContents | null)[]
  readonly copies: readonly InspectedCopies[]
} {
  const stack = stackLayers(layers.map(({ index }) => index))
  const all = layers.map((layer, at) => (layer.index === undefined ? undefined : compare(layer.index, at, stack)))
  return {
    contents: all.map((one) => one?.contents ?? null),
    copies: layers
      .flatMap((layer, at) => groupCopies(layers, layer, at, all[at]?.copies ?? []))
      .toSorted((one, other) => inBase(one, layers) - inBase(other, layers) || other.bytes - one.bytes),
  }
}

const inBase = ({ layer }: InspectedCopies, layers: readonly KnownLayer[]): number =>
  layers[layer - 1]?.part === 'base' ? 1 : 0

function compare(index: LayerIndex, at: number, stack: Stack) {
  let [all, added, changed, copied] = [nothing, nothing, nothing, nothing]
  let deleted = 0
  const copies: Copy[] = []
  for (const row of index.rows) {
    if (isWhiteout(row.path)) deleted += 1
    if (row.type !== '0' || isWhiteout(row.path)) continue
    all = add(all, row.size)
    const before = stack.below(at, row.path)
    const same = before !== undefined && before.row.type === '0' && before.row.sha256 === row.sha256
    const elsewhere = same || row.size < smallestElsewhere ? undefined : stack.contentBelow(at, row.sha256)
    const original = same ? before : elsewhere
    if (original !== undefined) {
      copied = add(copied, row.size)
      copies.push({ row, original, changes: changesOf(row, original.row) })
    } else if (before === undefined) added = add(added, row.size)
    else changed = add(changed, row.size)
  }
  const contents: LayerContents = { ...all, added, changed, copied, deleted }
  return { contents, copies }
}

function changesOf(row: LayerRow, original: LayerRow): readonly CopyChange[] {
  if (row.path !== original.path) return ['path']
  return [
    ...(row.uid === original.uid && row.gid === original.gid ? [] : ['owner' as const]),
    ...(row.mode === original.mode ? [] : ['mode' as const]),
    ...(row.mtime === original.mtime ? [] : ['time' as const]),
  ]
}

/** One group for each part that the originals are in; in place and elsewhere are two different mistakes. */
function groupCopies(
  layers: readonly KnownLayer[],
  layer: KnownLayer,
  at: number,
  copies: readonly Copy[],
): readonly InspectedCopies[] {
  const groups = Map.groupBy(copies, ({ original, changes }) =>
    JSON.stringify([layers[original.layer]?.part, changes.includes('path')]),
  )
  const made = Array.from(groups.values(), (group): InspectedCopies => {
    const bytes = group.reduce((sum, { row }) => sum + row.size, 0)
    const largest = group.toSorted((one, other) => other.row.size - one.row.size).slice(0, examples)
    const share =
      layer.index === undefined || layer.index.uncompressedBytes === 0 ? 0 : bytes / layer.index.uncompressedBytes
    return {
      layer: at + 1,
      instruction: layer.instruction,
      of: layers[group[0]?.original.layer ?? 0]?.part ?? 'unknown',
      originals: [...new Set(group.map(({ original }) => original.layer + 1))].sort((one, other) => one - other),
      changes: (['owner', 'mode', 'time', 'path'] as const).filter((change) =>
        group.some(({ changes }) => changes.includes(change)),
      ),
      files: group.length,
      bytes,
      storedBytes: Math.round(share * layer.storedBytes),
      examples: largest.map(({ row, original }) => ({
        path: `/${row.path}`,
        bytes: row.size,
        original: `/${original.row.path}`,
      })),
    }
  })
  // Empty files cost nothing worth a line.
  return made.filter(({ bytes }) => bytes > 0)
}
