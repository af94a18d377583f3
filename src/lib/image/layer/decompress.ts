import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ByteReader } from './byte-reader.js'

/** A layer's bytes without their compression, told by the media type; every frame of zstd and member of gzip. */
export function decompress(blob: AsyncIterable<Uint8Array>, mediaType: string): AsyncIterable<Uint8Array> {
  if (mediaType.endsWith('+zstd') || mediaType.endsWith('.zstd'))
    return through(zstdBlocks(blob), createZstdDecompress())
  if (mediaType.endsWith('+gzip') || mediaType.endsWith('.gzip')) return through(blob, createGunzip())
  return blob
}

function through<T extends NodeJS.ReadWriteStream>(input: AsyncIterable<Uint8Array>, output: T): T {
  // An error of the input ends the output with that error, and whoever reads the output sees it there.
  pipeline(Readable.from(input), output, () => undefined)
  return output
}

// Node's decompressor drops what follows a frame in the same chunk without a word, so that no chunk may cross the end of
// a frame. Format: https://www.rfc-editor.org/rfc/rfc8878#section-3.1
async function* zstdBlocks(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ByteReader(blob)
  for (;;) {
    const magic = await input.take(4)
    if (magic === undefined) return
    const number = Buffer.from(magic).readUInt32LE()
    if (number >= 0x184d2a50 && number <= 0x184d2a5f) {
      await input.skip(Buffer.from(await input.need(4)).readUInt32LE())
      continue
    }
    if (number !== 0xfd2fb528) throw new Error('this is not zstd data')
    const [descriptor = 0] = await input.need(1)
    const single = (descriptor & 0x20) !== 0
    const sizeLength = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
    const idLength = [0, 1, 2, 4][descriptor & 3] ?? 0
    const rest = await input.need((single ? 0 : 1) + idLength + sizeLength)
    yield Buffer.concat([magic, Uint8Array.of(descriptor), rest])
    for (let last = false; !last;) {
      const header = await input.need(3)
      const bits = (header[0] ?? 0) | ((header[1] ?? 0) << 8) | ((header[2] ?? 0) << 16)
      last = (bits & 1) === 1
      const type = (bits >> 1) & 3
      const body = await input.need(type === 1 ? 1 : bits >> 3)
      const checksum = last && (descriptor & 4) !== 0 ? await input.need(4) : new Uint8Array(0)
      yield Buffer.concat([header, body, checksum])
    }
  }
}
