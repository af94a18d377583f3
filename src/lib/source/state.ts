import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Bytes kept between runs, by name. It may lose everything at any time; it never gives back anything else than was put. */
export interface FileCache {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, bytes: Uint8Array): Promise<void>
}

export interface FileCacheOptions {
  /** Made with mode 0700 when it is first needed. */
  readonly directory: string
  /** The oldest files go when there are more bytes than this. */
  readonly mostBytes: number
}

const day = 86_400_000
const digestLength = 32

/** Where this person's caches of rampart are: in XDG_CACHE_HOME or ~/.cache. https://specifications.freedesktop.org/basedir-spec/latest/ */
export function cacheHome(environment: Readonly<Record<string, string | undefined>>): string {
  const configured = environment['XDG_CACHE_HOME']
  // The specification: a relative path is invalid and to be ignored.
  const base = configured?.startsWith('/') === true ? configured : join(environment['HOME'] ?? homedir(), '.cache')
  return join(base, 'rampart')
}

const sha256 = (data: string | Uint8Array): Buffer =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(data).digest()

/**
 * One file of mode 0600 per key, each with a checksum, so that a damaged one counts as absent. Where the directory
 * cannot be written nothing is kept and nothing fails.
 */
export function createFileCache({ directory, mostBytes }: FileCacheOptions): FileCache {
  let made: Promise<boolean> | undefined
  let pruned: Promise<void> | undefined
  const pathOf = (key: string): string => join(directory, sha256(key).toString('hex'))

  const make = (): Promise<boolean> =>
    (made ??= mkdir(directory, { recursive: true, mode: 0o700 }).then(
      () => true,
      () => false,
    ))

  /** Once a day at most: the marker's time says when it was done last. */
  async function prune(): Promise<void> {
    const marker = join(directory, 'pruned')
    const last = await stat(marker).catch(() => undefined)
    if (last !== undefined && Date.now() - last.mtimeMs < day) return
    await writeFile(marker, '', { mode: 0o600 })
    await utimes(marker, new Date(), new Date())
    const names = (await readdir(directory)).filter((name) => name !== 'pruned')
    const files = await Promise.all(
      names.map(async (name) => {
        const found = await stat(join(directory, name)).catch(() => undefined)
        return { name, size: found?.size ?? 0, time: found?.mtimeMs ?? 0 }
      }),
    )
    let size = 0
    for (const file of files.sort((a, b) => b.time - a.time)) {
      size += file.size
      // What a run that was killed left half-written is not older than a day by accident.
      const abandoned = file.name.includes('.') && Date.now() - file.time > day
      if (size > mostBytes || abandoned) await rm(join(directory, file.name), { force: true })
    }
  }

  return {
    get: async (key) => {
      const kept = await readFile(pathOf(key)).catch(() => undefined)
      if (kept === undefined || kept.length < digestLength) return undefined
      const bytes = kept.subarray(digestLength)
      return sha256(bytes).equals(kept.subarray(0, digestLength)) ? bytes : undefined
    },
    put: async (key, bytes) => {
      if (!(await make())) return
      const path = pathOf(key)
      const draft = `${path}.${randomBytes(6).toString('hex')}`
      try {
        await writeFile(draft, Buffer.concat([sha256(bytes), bytes]), { mode: 0o600, flag: 'wx' })
        await rename(draft, path)
        await (pruned ??= prune())
      } catch {
        await rm(draft, { force: true }).catch(() => undefined)
      }
    },
  }
}

/** A cache that keeps nothing. */
export const noCache: FileCache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() }
