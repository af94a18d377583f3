interface Decoded {
  readonly body: Uint8Array
  readonly cut: boolean
}

/** The content of an answer, unpacked; as it came where that can not be done. Never more than `most` bytes. */
export function decode(body: Buffer, encoding: string | undefined, cut: boolean, most: number): Decoded {
  const { brotliDecompressSync, gunzipSync, inflateSync } = process.getBuiltinModule('node:zlib')
  const unpack = { gzip: gunzipSync, 'x-gzip': gunzipSync, deflate: inflateSync, br: brotliDecompressSync }
  const known = Object.entries(unpack).find(([name]) => name === encoding?.trim().toLowerCase())
  if (known === undefined || cut || body.length === 0) return { body, cut }
  try {
    return { body: known[1](body, { maxOutputLength: most }), cut }
  } catch (error) {
    return { body, cut: error instanceof RangeError }
  }
}
