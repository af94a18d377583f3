import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'

/** How a layer is compressed. */
export type Compression = 'gzip' | 'zstd'

/** The layer's media type: https://github.com/opencontainers/image-spec/blob/main/layer.md */
export const layerMediaTypes: Readonly<Record<Compression, string>> = {
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
}

const gzipAsync = promisify(gzip)
const zstdAsync = promisify(zstdCompress)

// Level 1 of both: on code, level 6 of gzip takes three times as long to save an eighth of the bytes.
const gzipLevel = 1
const zstdLevel = 1

/** Names everything but the content that the compressed bytes depend on. */
export const compressorNames: Readonly<Record<Compression, string>> = {
  gzip: `gzip-${gzipLevel}-${process.versions['zlib']}`,
  zstd: `zstd-${zstdLevel}-${process.versions['zstd']}`,
}

/**
 * Compresses into one whole gzip member or zstd frame, in the thread pool; such pieces one after the other are a valid
 * blob (https://www.rfc-editor.org/rfc/rfc1952#section-2.2, https://www.rfc-editor.org/rfc/rfc8878#section-3).
 */
export async function compress(bytes: Uint8Array, compression: Compression): Promise<Uint8Array> {
  // Its multi-threaded stream truncates in Node 24.21, so that independent frames are what runs in parallel.
  if (compression === 'zstd') {
    return zstdAsync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } })
  }
  const member = await gzipAsync(bytes, { level: gzipLevel })
  // zlib writes the operating system here, which would make the digest depend on it; 255 is "unknown".
  member[9] = 255
  return member
}
