import { open, readFile, rm, writeFile } from 'node:fs/promises'

/** A file that is being downloaded: this process alone writes it. */
export interface Draft {
  readonly path: string
  /** Lets others have it; what was written stays. */
  release(): Promise<void>
}

/**
 * The file in which the download of a blob is kept until it is whole. Who comes while another process writes it gets a
 * file of its own: both may go on, and who ends first has the blob.
 */
export async function takeDraft(blob: string): Promise<Draft> {
  const lock = `${blob}.lock`
  for (let attempt = 0; attempt < 2; attempt++) {
    if (await created(lock)) return { path: `${blob}.incomplete`, release: () => rm(lock, { force: true }) }
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
    if (owner === 0 || isRunning(owner)) break
    // It was killed; its part of the file is good to go on with.
    await rm(lock, { force: true })
  }
  const path = `${blob}.${process.pid}-${process.hrtime.bigint()}.incomplete`
  return { path, release: () => rm(path, { force: true }) }
}

async function created(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It runs, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Opens a draft for going on where it ended; longer than `size` it is started anew. */
export async function openDraft(path: string, size: number) {
  const handle = await open(path, 'a+', 0o600)
  const { size: there } = await handle.stat()
  if (there > size) await handle.truncate(0)
  return { handle, offset: there > size ? 0 : there }
}
