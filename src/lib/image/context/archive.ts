import { closeSync, openSync, readSync } from 'node:fs'
import { constants, gunzipSync } from 'node:zlib'

const head = 64 * 1024

/** Whether Docker's ADD would take the file for an archive to unpack; true as well where only Docker could tell. */
export function looksLikeArchive(file: string): boolean {
  const bytes = Buffer.alloc(head)
  const handle = openSync(file, 'r')
  let length: number
  try {
    length = readSync(handle, bytes, 0, head, 0)
  } finally {
    closeSync(handle)
  }
  const start = bytes.subarray(0, length)
  const magic = start.toString('latin1', 0, 6)
  if (magic.startsWith('\x1F\x8B')) return isTar(gunzipStart(start))
  // bzip2, xz and zstd.
  if (magic.startsWith('BZh') || magic === '\xFD7zXZ\0' || magic.startsWith('\x28\xB5\x2F\xFD')) return true
  return isTar(start)
}

function gunzipStart(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return Buffer.alloc(0)
  }
}

function isTar(bytes: Buffer): boolean {
  if (bytes.length < 512) return false
  const header = bytes.subarray(0, 512)
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
  const stored = Number.parseInt(header.toString('latin1', 148, 156).replace(/[\0 ]+/g, ''), 8)
  return sum === stored || header.every((byte) => byte === 0)
}
