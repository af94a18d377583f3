import type { InspectedModel } from '../../domain/inspection.js'
import type { KnownLayer } from './contents.js'
import { isWhiteout } from './layer-index.js'

/** The label in which a base says which models it carries. */
const modelsLabel = 'rampart.models'

// https://huggingface.co/docs/huggingface_hub/guides/manage-cache: a folder per model, its blobs and its snapshots.
const inCache = /(?:^|\/)models--([^/]+)\/(?:snapshots\/([0-9a-f]{40})(?:\/|$)|blobs\/)/

interface Labelled {
  readonly id: string
  readonly revision: string | null
  readonly bytes: number | null
}

/** The models that the image's label names and those that lie in the layers that were read. */
export function modelsOf(
  labels: Readonly<Record<string, string>>,
  layers: readonly KnownLayer[],
): readonly InspectedModel[] {
  const found = new Map<string, { bytes: number; revision: string | null; readonly layers: Set<number> }>()
  for (const [at, { index }] of layers.entries()) {
    for (const { path, size } of index?.rows ?? []) {
      const [, folder, revision] = isWhiteout(path) ? [] : (inCache.exec(path) ?? [])
      if (folder === undefined) continue
      const id = folder.replace('--', '/')
      const model = found.get(id) ?? { bytes: 0, revision: null, layers: new Set() }
      model.bytes += size
      model.revision ??= revision ?? null
      model.layers.add(at + 1)
      found.set(id, model)
    }
  }
  const labelled = parseLabel(labels[modelsLabel])
  const fromLabel = labelled.map(({ id, revision, bytes }): InspectedModel => {
    const files = found.get(id)
    return {
      id,
      revision,
      bytes: bytes ?? files?.bytes ?? null,
      source: 'label',
      layers: Array.from(files?.layers ?? []),
    }
  })
  const others = Array.from(found).filter(([id]) => !labelled.some((one) => one.id === id))
  return [
    ...fromLabel,
    ...others.map(([id, model]): InspectedModel => ({
      id,
      revision: model.revision,
      bytes: model.bytes,
      source: 'files',
      layers: Array.from(model.layers),
    })),
  ]
}

function parseLabel(text: string | undefined): readonly Labelled[] {
  const value = parseJson(text)
  if (!Array.isArray(value)) return []
  return (value as readonly unknown[]).flatMap((one): readonly Labelled[] => {
    if (typeof one === 'string') {
      const [id = '', revision = null] = one.split('@')
      return [{ id, revision, bytes: null }]
    }
    if (typeof one !== 'object' || one === null || !('id' in one) || typeof one.id !== 'string') return []
    return [
      {
        id: one.id,
        revision: 'revision' in one && typeof one.revision === 'string' ? one.revision : null,
        bytes: 'bytes' in one && typeof one.bytes === 'number' ? one.bytes : null,
      },
    ]
  })
}

/** A label's value where it is JSON, else the text; null when there is none. */
export function parseJson(text: string | undefined): unknown {
  if (text === undefined) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
