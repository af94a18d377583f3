import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

const prefix = 'rampart-registry'
const leftoverAge = 60 * 60 * 1000

/**
 * Makes a new directory under `parent` that is this process's alone, readable by its user only. Those that killed
 * processes of this machine left there an hour ago or more are deleted on the way.
 */
export async function claimDirectory(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true })
  await sweep(parent)
  return mkdtemp(join(parent, `${prefix}-${machine()}-${process.pid}-`))
}

async function sweep(parent: string): Promise<void> {
  const pattern = new RegExp(`^${prefix}-${machine()}-(\\d+)-\\w{6}$`)
  for (const name of await readdir(parent)) {
    const owner = Number(pattern.exec(name)?.[1])
    if (Number.isNaN(owner) || isAlive(owner)) continue
    const path = join(parent, name)
    // The age keeps us from a process of another container that shares this directory and our name for the machine.
    // Another process may sweep the same directory at the same time: then there is nothing left to look at.
    const found = await stat(join(path, 'uploads')).catch(() => stat(path).catch(() => undefined))
    // A directory of another user can not be deleted, and need not be.
    if (found !== undefined && Date.now() - found.mtimeMs > leftoverAge)
      await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

function machine(): string {
  return hostname().replaceAll(/\W/g, '_')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of another user is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
