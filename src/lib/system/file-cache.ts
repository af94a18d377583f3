import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
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
  let pruned: Promise<void> | undefined
  const pathOf = (key: string): string => join(directory, sha256(key).toString('hex'))

  /** Once a day at most: the marker's time says when it was done last. */
  async function prune(): Promise<void> {
    const marker = join(directory, 'pruned')
    const last = await stat(marker).catch(() => undefined)
    if (last !== undefined && Date.now() - last.mtimeMs < day) return
    await writeFile(marker, '', { mode: 0o600 })
    await utimes(marker, new Date(), new Date())
    // A directory in it belongs to somebody else.
    const entries = await readdir(directory, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isFile() && entry.name !== 'pruned').map(({ name }) => name)
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

  // Dozens of small files are read and written in a run: without waiting, because the way through the thread pool, on
  // which other things are compressed meanwhile, takes ten times as long as the reading itself.
  const get = (key: string): Uint8Array | undefined => {
    let kept: Buffer
    try {
      kept = readFileSync(pathOf(key))
    } catch {
      return undefined
    }
    const bytes = kept.subarray(digestLength)
    return kept.length >= digestLength && sha256(bytes).equals(kept.subarray(0, digestLength)) ? bytes : undefined
  }

  const put = (key: string, bytes: Uint8Array): void => {
    const path = pathOf(key)
    const draft = `${path}.${randomBytes(6).toString('hex')}`
    const write = (): void =>
      writeFileSync(draft, Buffer.concat([sha256(bytes), bytes]), { mode: 0o600, flag: 'wx', flush: false })
    if (!succeeds(write)) {
      // The directory is made when it turns out to be missing, so that it need not be looked for each time.
      if (!succeeds(() => mkdirSync(directory, { recursive: true, mode: 0o700 })) || !succeeds(write)) return
    }
    if (!succeeds(() => renameSync(draft, path))) succeeds(() => rmSync(draft, { force: true }))
  }

  return {
    get: (key) => Promise.resolve(get(key)),
    put: async (key, bytes) => {
      put(key, bytes)
      await (pruned ??= prune().catch(() => undefined))
    },
  }
}

/** Does it; false when it failed. */
function succeeds(work: () => unknown): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}
