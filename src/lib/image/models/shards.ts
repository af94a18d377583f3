import { readFile } from 'node:fs/promises'
import { RampartError } from '../../errors/rampart-error.js'
import type { ModelFile } from '../../ports/model-hub.js'
import type { StoredFile } from './layout.js'
import type { WantedModel } from './types.js'

/** True for the list of the files into which weights are cut, e.g. `model.safetensors.index.json`. */
export function isShardIndex({ path }: ModelFile): boolean {
  return /\.(?:safetensors|bin)\.index\.json$/.test(path)
}

/** Rejects when an index names a file that is not among the chosen ones: the model would load half. */
export async function checkShards(
  model: WantedModel,
  indexes: readonly StoredFile[],
  chosen: readonly ModelFile[],
): Promise<void> {
  const paths = new Set(chosen.map(({ path }) => path))
  for (const index of indexes) {
    const directory = index.path.slice(0, index.path.lastIndexOf('/') + 1)
    const missing = shardsOf(await readFile(index.identity.file, 'utf8')).find((name) => !paths.has(directory + name))
    if (missing === undefined) continue
    throw new RampartError(
      'usage',
      `${index.path} of ${model.id} needs ${directory + missing}, which is not among its files`,
      { next: ['let `files` match every part of the weights, or leave the index out of it'] },
    )
  }
}

/** The files that such a list names; none when it cannot be read. */
export function shardsOf(text: string): readonly string[] {
  try {
    const { weight_map: map } = JSON.parse(text) as { readonly weight_map?: unknown }
    return typeof map === 'object' && map !== null
      ? [...new Set(Object.values(map).filter((name) => typeof name === 'string'))]
      : []
  } catch {
    return []
  }
}
