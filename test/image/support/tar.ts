import { tarEnd, tarHeader, paddingOf } from '../../../src/lib/image/layer/tar-writer.js'
import { readTar } from '../../../src/lib/image/layer/tar-reader.js'

/** One file system entry for a test's tar archive. */
export interface Made {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly content?: string
  readonly target?: string
}

/** A tar archive of these entries. */
export function makeTar(entries: readonly Made[]): Buffer {
  const parts = entries.flatMap(({ path, kind, mode, uid = 0, gid = 0, content = '', target = '' }) => {
    const bytes = Buffer.from(kind === 'file' ? content : '')
    const common = { path, uid, gid, mode: mode ?? (kind === 'file' ? 0o644 : 0o755) }
    const identity = { file: '', size: bytes.length, mtimeNs: 0n, ctimeNs: 0n, inode: 0n }
    const header =
      kind === 'file'
        ? tarHeader({ ...common, kind, identity }, 0)
        : kind === 'symlink'
          ? tarHeader({ ...common, kind, target }, 0)
          : tarHeader({ ...common, kind }, 0)
    return [header, bytes, Buffer.alloc(paddingOf(bytes.length))]
  })
  return Buffer.concat([...parts, tarEnd])
}

/** What a path of an image is, in one line of text: type, mode, owner, and content or target. */
export type FlatImage = ReadonlyMap<string, string>

/** Puts layers on each other as a container engine does. */
export async function flatten(
  layers: readonly (Iterable<Uint8Array> | AsyncIterable<Uint8Array>)[],
): Promise<FlatImage> {
  const all = new Map<string, string>()
  const remove = (path: string): void => {
    for (const known of Array.from(all.keys())) if (known === path || known.startsWith(`${path}/`)) all.delete(known)
  }
  for (const layer of layers) {
    for await (const { header, content } of readTar(layer, (entry) => entry.type === '0')) {
      const { path, type, mode, uid, gid, linkTarget } = header
      const name = path.slice(path.lastIndexOf('/') + 1)
      if (path === '') continue
      if (name === '.wh..wh..opq') {
        const directory = path.slice(0, -name.length)
        for (const known of Array.from(all.keys())) if (known.startsWith(directory)) all.delete(known)
        continue
      }
      if (name.startsWith('.wh.')) {
        remove(path.slice(0, path.length - name.length) + name.slice(4))
        continue
      }
      const bits = mode.toString(8)
      if (type === '5') {
        if (!(all.get(path) ?? 'directory').startsWith('directory')) remove(path)
        all.set(path, `directory ${bits} ${uid}:${gid}`)
        continue
      }
      remove(path)
      if (type === '0') all.set(path, `file ${bits} ${uid}:${gid} ${Buffer.from(content ?? []).toString('base64')}`)
      else if (type === '1') all.set(path, all.get(linkTarget.replace(/^\//, '')) ?? `lost link to ${linkTarget}`)
      else if (type === '2') all.set(path, `symlink ${uid}:${gid} ${linkTarget}`)
      else all.set(path, `type ${type}`)
    }
  }
  return new Map(Array.from(all).sort(([one], [other]) => (one < other ? -1 : 1)))
}
