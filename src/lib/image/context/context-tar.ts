import { paddingOf, tarEnd, tarHeader } from '../layer/tar-writer.js'
import type { Context, ContextEntry } from './context.js'
import { openListed } from './read-file.js'

const pieceSize = 512 * 1024
const nobody = { uid: 0, gid: 0 }

/**
 * A build context as the archive that an engine takes, read as it goes; sockets and the like are left out, as Docker's
 * client does. `files` stand in it as given, and take the place of files of the same path.
 */
export function* contextTar(context: Context, files: ReadonlyMap<string, Uint8Array>): Generator<Uint8Array> {
  for (const [path, bytes] of files) {
    const identity = { file: path, size: bytes.length, mtimeNs: 0n, ctimeNs: 0n, inode: 0n }
    yield tarHeader({ kind: 'file', path, mode: 0o644, ...nobody, identity }, 0)
    yield bytes
    yield Buffer.alloc(paddingOf(bytes.length))
  }
  for (const entry of context.entries) {
    if (!files.has(entry.path)) yield* entryTar(entry)
  }
  yield tarEnd
}

function* entryTar(entry: ContextEntry): Generator<Uint8Array> {
  switch (entry.kind) {
    case 'special':
      return
    case 'directory':
      yield tarHeader({ ...entry, ...nobody }, 0)
      return
    case 'symlink':
      yield tarHeader({ ...entry, mode: 0o777, ...nobody }, 0)
      return
    case 'file': {
      const { size, mtimeNs } = entry.identity
      // Docker's own client sends the times, too: a RUN may look at them.
      yield tarHeader({ ...entry, ...nobody }, Math.max(0, Number(mtimeNs / 1_000_000_000n)))
      const file = openListed(entry.identity)
      try {
        for (let at = 0; at < size; at += pieceSize) {
          const bytes = Buffer.alloc(Math.min(pieceSize, size - at))
          file.fill(bytes)
          yield bytes
        }
        file.check()
      } finally {
        file.close()
      }
      yield Buffer.alloc(paddingOf(size))
    }
  }
}
