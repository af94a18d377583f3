import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import type { LayerEntry } from '../layer/layer.js'
import { openListed } from '../context/read-file.js'

const zstd = promisify(zstdCompress)

const samples = 16
const sampleSize = 64 * 1024
// Below a tenth the targets lose more by unpacking than by fetching.
const worthwhile = 0.9

/** Whether zstd makes the files notably smaller, by samples at places that follow from the sizes alone. */
export async function shrinks(entries: readonly LayerEntry[]): Promise<boolean> {
  const files = entries.flatMap((entry) => (entry.kind === 'file' ? [entry.identity] : []))
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let taken = 0
  let packed = 0
  let before = 0
  let next = 0
  for (const identity of files) {
    const wanted: number[] = []
    for (; next < samples && (total * next) / samples < before + identity.size; next++) {
      wanted.push(Math.floor((total * next) / samples) - before)
    }
    before += identity.size
    if (wanted.length === 0) continue
    const file = openListed(identity)
    try {
      for (const offset of wanted) {
        const bytes = Buffer.alloc(Math.min(sampleSize, identity.size - Math.max(0, offset)))
        file.fill(bytes, Math.max(0, offset))
        taken += bytes.length
        packed += (await zstd(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })).length
      }
    } finally {
      file.close()
    }
  }
  return taken > 0 && packed <= worthwhile * taken
}
