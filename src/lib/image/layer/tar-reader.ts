import { ByteReader } from './byte-reader.js'

/** One header of a tar archive, extensions of PAX and GNU applied. */
export interface TarHeader {
  /** Relative, with no slash at either end and no `./` before it; empty for the root. */
  readonly path: string
  /** The type flag: `0` a file, `1` a hard link, `2` a symbolic link, `5` a directory … */
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly linkTarget: string
}

/** A header, and the content where {@link readTar} was asked to keep it. */
export interface TarEntry {
  readonly header: TarHeader
  readonly content: Uint8Array | undefined
}

const block = 512
// What comes before a header to extend it is small; more of it is not an archive that anyone made in good faith.
const longestExtension = 1 << 20

/**
 * Reads a tar archive as it streams by, holding only the contents that `keep` asks for; of what is not kept, `watch` may
 * see the content piece by piece. Throws an Error when it is damaged or cut short.
 * Format: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, and GNU's own.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  keep: (header: TarHeader) => boolean,
  watch?: (header: TarHeader) => ((piece: Uint8Array) => void) | undefined,
): AsyncGenerator<TarEntry> {
  const input = new ByteReader(chunks)
  let extension: Record<string, string> = {}
  for (;;) {
    const bytes = await input.take(block)
    if (bytes === undefined || bytes.every((byte) => byte === 0)) {
      // Whoever checks a digest of the stream does so at its very end.
      await input.drain()
      return
    }
    const raw = parseHeader(bytes)
    const padding = (block - (raw.size % block)) % block
    if (raw.type === 'x' || raw.type === 'L' || raw.type === 'K' || raw.type === 'g') {
      if (raw.size > longestExtension) throw new Error('an extension header of the archive is too long')
      const body = await input.need(raw.size)
      await input.skip(padding)
      if (raw.type === 'x') Object.assign(extension, parsePax(body))
      else if (raw.type === 'L') extension['path'] = cString(body)
      else if (raw.type === 'K') extension['linkpath'] = cString(body)
      continue
    }
    const header = extend(raw, extension)
    extension = {}
    const content = keep(header) ? Buffer.from(await input.need(header.size)) : undefined
    if (content === undefined) await input.skip(header.size, watch?.(header))
    await input.skip((block - (header.size % block)) % block)
    yield { header, content }
  }
}

function parseHeader(bytes: Uint8Array): TarHeader {
  const sum = bytes.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0)
  if (sum !== number(bytes, 148, 8)) throw new Error('a header of the archive is damaged')
  const ustar = cString(bytes.subarray(257, 262)) === 'ustar'
  // GNU's format keeps other things where ustar has the prefix.
  const prefix = ustar && bytes[263] === 0x30 ? cString(bytes.subarray(345, 500)) : ''
  const name = cString(bytes.subarray(0, 100))
  const flag = String.fromCharCode(bytes[156] ?? 0)
  const type = flag === '\0' || flag === '7' ? '0' : flag
  return {
    path: tidy(prefix === '' ? name : `${prefix}/${name}`),
    // Old archives tell a directory by the slash alone.
    type: type === '0' && name.endsWith('/') ? 'slash' : type,
    mode: number(bytes, 100, 8) & 0o7777,
    uid: number(bytes, 108, 8),
    gid: number(bytes, 116, 8),
    // Only files and extensions have content, whatever the field says.
    size: '12345'.includes(type) ? 0 : number(bytes, 124, 12),
    mtime: number(bytes, 136, 12),
    linkTarget: cString(bytes.subarray(157, 257)),
  }
}

function extend(header: TarHeader, extension: Readonly<Record<string, string>>): TarHeader {
  const { path, linkpath, size, uid, gid, mtime } = extension
  // Behind an extended name the short one means nothing, its last character included.
  const type = header.type === 'slash' ? ((path ?? '/').endsWith('/') ? '5' : '0') : header.type
  return {
    ...header,
    type,
    ...(type === '5' && { size: 0 }),
    ...(path !== undefined && { path: tidy(path) }),
    ...(linkpath !== undefined && { linkTarget: linkpath }),
    ...(size !== undefined && type === '0' && { size: Number(size) }),
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(gid !== undefined && { gid: Number(gid) }),
    ...(mtime !== undefined && { mtime: Number(mtime) }),
  }
}

function tidy(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8')
}

// Octal digits, or GNU's base 256 when the first bit is set.
function number(bytes: Uint8Array, at: number, length: number): number {
  const field = bytes.subarray(at, at + length)
  const first = field[0] ?? 0
  if ((first & 0x80) === 0) {
    const text = cString(field).trim()
    return text === '' ? 0 : Number.parseInt(text, 8)
  }
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, first & 0x7f)
}

// Records of the form `length key=value\n`, the length counting itself.
function parsePax(body: Uint8Array): Readonly<Record<string, string>> {
  const records: Record<string, string> = {}
  const bytes = Buffer.from(body)
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(bytes.toString('latin1', at, space))
    const equals = bytes.indexOf(0x3d, space)
    if (space < 0 || equals < 0 || !(length > 0)) throw new Error('a PAX record of the archive is damaged')
    records[bytes.toString('utf8', space + 1, equals)] = bytes.toString('utf8', equals + 1, at + length - 1)
    at += length
  }
  return records
}
