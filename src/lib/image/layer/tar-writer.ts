import type { LayerEntry } from './layer.js'

const block = 512
const largestOctal = 0o7777777
// A length above this does not fit the eleven octal digits of the classic header.
const largestSize = 8 * 1024 ** 3 - 1

/** Bytes of padding that bring a file's content to a whole number of blocks. */
export function paddingOf(size: number): number {
  return (block - (size % block)) % block
}

/** The two empty blocks that end an archive. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * block)

/**
 * The header of one entry, with a PAX header before it where the classic one cannot say all: names of more than 100
 * bytes or beyond ASCII, large sizes and ids. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export function tarHeader(entry: LayerEntry, mtime: number): Uint8Array {
  const path = entry.kind === 'directory' ? `${entry.path}/` : entry.path
  const target = entry.kind === 'symlink' ? entry.target : ''
  const size = entry.kind === 'file' ? entry.identity.size : 0
  const records = [
    ...(fits(path) ? [] : [record('path', path)]),
    ...(fits(target) ? [] : [record('linkpath', target)]),
    ...(size > largestSize ? [record('size', String(size))] : []),
    ...(entry.uid > largestOctal ? [record('uid', String(entry.uid))] : []),
    ...(entry.gid > largestOctal ? [record('gid', String(entry.gid))] : []),
  ]
  const type = { file: '0', symlink: '2', directory: '5' }[entry.kind]
  const classic = header({ name: path, target, size, type, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime })
  if (records.length === 0) return classic
  const body = Buffer.concat(records)
  const pax = header({ name: 'PaxHeaders/entry', target: '', size: body.length, type: 'x', mode: 0o644, mtime })
  return Buffer.concat([pax, body, Buffer.alloc(paddingOf(body.length)), classic])
}

// What is beyond printable ASCII has no agreed meaning in a classic header.
function fits(text: string): boolean {
  return text.length <= 100 && /^[ -~]*$/.test(text)
}

/** `length key=value\n`, where the length counts its own digits. */
function record(key: string, value: string): Buffer {
  const body = Buffer.byteLength(` ${key}=${value}\n`)
  let length = body
  while (length !== body + String(length).length) length = body + String(length).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

interface Fields {
  readonly name: string
  readonly target: string
  readonly size: number
  readonly type: string
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime: number
}

function header(fields: Fields): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, digits: number): void => {
    bytes.write(value.toString(8).padStart(digits, '0'), at, 'latin1')
  }
  bytes.write(ascii(fields.name), 0, 100, 'latin1')
  octal(fields.mode, 100, 7)
  octal(Math.min(fields.uid ?? 0, largestOctal), 108, 7)
  octal(Math.min(fields.gid ?? 0, largestOctal), 116, 7)
  octal(fields.size > largestSize ? 0 : fields.size, 124, 11)
  octal(fields.mtime, 136, 11)
  bytes.fill(' ', 148, 156)
  bytes.write(fields.type, 156, 'latin1')
  bytes.write(ascii(fields.target), 157, 100, 'latin1')
  bytes.write('ustar\x0000', 257, 'latin1')
  octal(0, 329, 7)
  octal(0, 337, 7)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

/** For readers that know no PAX; those that do read the whole name there. */
function ascii(text: string): string {
  return text.replaceAll(/[^ -~]/gu, '_')
}
