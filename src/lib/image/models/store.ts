import { createHash } from 'node:crypto'
import { link, lstat, mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { formatBytes } from '../../domain/format-bytes.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { ModelFile } from '../../ports/model-hub.js'
import type { FileIdentity } from '../context/context.js'
import { openListed } from '../context/read-file.js'
import { download } from './download.js'
import { takeDraft } from './draft.js'
import { contentHash } from './hash.js'
import type { StoredFile } from './layout.js'
import type { ModelPorts, WantedModel } from './types.js'

/** Files of models on this machine, by their hash. A download that was cut off goes on where it ended. */
export interface ModelStore {
  /**
   * Has the files here, their content checked, two downloads at a time. A download with wrong bytes is thrown away and
   * asked for once more. Progress is that of `whole`, of which the files may be a part that is needed first.
   */
  ensure(model: WantedModel, files: readonly ModelFile[], whole?: readonly ModelFile[]): Promise<readonly StoredFile[]>
  /** Keeps a short text as a file. */
  text(content: string): Promise<FileIdentity>
}

const parallelDownloads = 2

const rowOf = ({ size, mtimeNs, ctimeNs, inode }: FileIdentity): string => [size, mtimeNs, ctimeNs, inode].join(' ')
const keyOf = (path: string): string => JSON.stringify(['model-blob', 1, path])

/** What is at the place of a blob and of its size; its content is not looked at. */
async function found(path: string, size: number): Promise<FileIdentity | undefined> {
  const stat = await lstat(path, { bigint: true }).catch(() => undefined)
  if (stat?.isFile() !== true || stat.size !== BigInt(size)) return undefined
  return { file: path, size, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs, inode: stat.ino }
}

/** A store in the ports' directory, which is made with mode 0700 when it is first needed. */
export function createModelStore(
  ports: Pick<ModelPorts, 'hub' | 'store' | 'memory' | 'onProgress' | 'signal'>,
): ModelStore {
  const directory = join(ports.store, 'blobs')

  async function isTrusted(identity: FileIdentity): Promise<boolean> {
    const row = await ports.memory.get(keyOf(identity.file))
    return row !== undefined && Buffer.from(row).toString('utf8') === rowOf(identity)
  }

  /** The blob, if it is here and is what its name says. */
  async function stored(file: ModelFile): Promise<FileIdentity | undefined> {
    const path = join(directory, file.hash)
    const identity = await found(path, file.size)
    if (identity === undefined || (await isTrusted(identity))) return identity
    if (!(await isIntact(file, identity, ports.signal))) {
      await rm(path, { force: true })
      return undefined
    }
    await ports.memory.put(keyOf(path), Buffer.from(rowOf(identity)))
    return identity
  }

  async function fetchBlob(
    model: WantedModel,
    file: ModelFile,
    onBytes: (count: number) => void,
  ): Promise<FileIdentity> {
    const path = join(directory, file.hash)
    const draft = await takeDraft(path)
    try {
      await download(model, file, draft.path, { ...ports, onBytes })
      // Another process may have been faster, and be reading what it has.
      await link(draft.path, path).catch(async (error: NodeJS.ErrnoException) => {
        const theirs = error.code === 'EEXIST' ? await found(path, file.size) : undefined
        if (theirs === undefined) await rename(draft.path, path)
      })
      await rm(draft.path, { force: true })
    } finally {
      await draft.release()
    }
    const identity = await found(path, file.size)
    if (identity === undefined) throw new RampartError('preflight', `${path} was removed while it was downloaded`)
    await ports.memory.put(keyOf(path), Buffer.from(rowOf(identity)))
    return identity
  }

  return {
    ensure: (model, files, whole = files) =>
      usable(ports.store, async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const blobs = new Map(files.map((file) => [file.hash, file]))
        const here = new Map<string, FileIdentity>()
        for (const file of blobs.values()) {
          const identity = await stored(file)
          if (identity !== undefined) here.set(file.hash, identity)
        }
        const missing = [...blobs.values()].filter(({ hash }) => !here.has(hash))
        await checkSpace(directory, missing)
        const total = sum([...new Map(whole.map((file) => [file.hash, file])).values()])
        let received = sum([...blobs.values()]) - sum(missing)
        const onBytes = (count: number): void => {
          received += count
          ports.onProgress?.({ id: model.id, received, total })
        }
        const stop = new AbortController()
        const queue = missing.toSorted((one, other) => one.size - other.size)
        const work = async (): Promise<void> => {
          for (let file = queue.shift(); file !== undefined && !stop.signal.aborted; file = queue.shift()) {
            here.set(file.hash, await fetchBlob(model, file, onBytes))
          }
        }
        const workers = Array.from({ length: parallelDownloads }, async () => {
          try {
            await work()
          } catch (error) {
            stop.abort()
            throw error
          }
        })
        // The other one ends its file: what is downloaded stays.
        const failed = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected')
        if (failed !== undefined) throw failed.reason
        return files.flatMap((file) => {
          const identity = here.get(file.hash)
          return identity === undefined ? [] : [{ ...file, identity }]
        })
      }),
    text: (content) =>
      usable(ports.store, async () => {
        const texts = join(ports.store, 'texts')
        await mkdir(texts, { recursive: true, mode: 0o700 })
        const path = join(texts, createHash('sha256').update(content).digest('hex'))
        const size = Buffer.byteLength(content)
        if ((await found(path, size)) === undefined) await writeFile(path, content, { mode: 0o600 })
        const identity = await found(path, size)
        if (identity === undefined) throw new RampartError('preflight', `${path} was removed while it was used`)
        return identity
      }),
  }
}

const sum = (files: readonly ModelFile[]): number => files.reduce((total, { size }) => total + size, 0)

async function isIntact(file: ModelFile, identity: FileIdentity, signal: AbortSignal | undefined): Promise<boolean> {
  const hash = contentHash(file)
  const room = Buffer.allocUnsafeSlow(1024 * 1024)
  const handle = openListed(identity)
  try {
    for (let left = identity.size; left > 0;) {
      const piece = room.subarray(0, Math.min(left, room.length))
      handle.fill(piece)
      hash.update(piece)
      left -= piece.length
      await setImmediate()
      signal?.throwIfAborted()
    }
  } finally {
    handle.close()
  }
  return hash.digest('hex') === file.hash
}

async function checkSpace(directory: string, missing: readonly ModelFile[]): Promise<void> {
  const needed = sum(missing)
  const { bavail, bsize } = await statfs(directory)
  if (needed <= bavail * bsize) return
  throw new RampartError(
    'preflight',
    `the models to download have ${formatBytes(needed)}, and ${directory} has room for ${formatBytes(bavail * bsize)}`,
    { next: ['make room, or set XDG_CACHE_HOME to a directory on a larger disk'] },
  )
}

/** Failures of the disk in words that say which directory it is. */
async function usable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (error instanceof RampartError || !/^(?:ENOSPC|EDQUOT|EACCES|EPERM|EROFS|ENOTDIR|EIO)$/.test(code)) throw error
    throw new RampartError('preflight', `models cannot be kept in ${directory} (${code})`, {
      next: ['make room or make it writable, or set XDG_CACHE_HOME to another directory'],
      cause: error,
    })
  }
}
