import { createHash } from 'node:crypto'
import { modelKey, type CacheModel, type CacheRecord } from '../domain/model-cache.js'
import type { Parameters } from '../ports/parameters.js'
import { cachePath, type Place } from './paths.js'

/** The name of a model's record: names of parameters hold no `@`, and no more than so many characters. */
function nameOf(place: Place, model: CacheModel): string {
  const hash = createHash('sha256').update(modelKey(model)).digest('hex').slice(0, 16)
  return `${cachePath(place)}/${model.id.replaceAll('/', '--').slice(0, 200)}--${hash}`
}

/** What was proved to be in that file system; what was proved in another one says nothing of it. */
export async function readCacheRecords(
  parameters: Parameters,
  place: Place,
  fileSystem: string,
): Promise<readonly CacheRecord[]> {
  const found = await parameters.list(cachePath(place))
  return found.flatMap(({ value }) => readRecord(value) ?? []).filter((one) => one.fileSystem === fileSystem)
}

/** Writes down that a model is there. */
export function writeCacheRecord(parameters: Parameters, place: Place, record: CacheRecord): Promise<void> {
  return parameters.put(nameOf(place, record.model), JSON.stringify(record))
}

function readRecord(value: string): CacheRecord | undefined {
  try {
    const read = JSON.parse(value) as Partial<CacheRecord>
    return read.v === 1 && typeof read.model?.id === 'string' ? (read as CacheRecord) : undefined
  } catch {
    return undefined
  }
}
