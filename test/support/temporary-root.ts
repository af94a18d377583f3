import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const name = /^rampart-tests-(\d+)-\w{6}$/

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const remove = (directory: string): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })

/**
 * Gives a run of the tests a temporary directory of its own, and takes it away with all that killed processes left in it.
 * A run that was killed itself leaves its directory to the next one.
 */
export default function setup(): () => void {
  const parent = tmpdir()
  for (const entry of readdirSync(parent)) {
    const owner = Number(name.exec(entry)?.[1])
    if (!Number.isNaN(owner) && !isAlive(owner)) remove(join(parent, entry))
  }
  const root = mkdtempSync(join(parent, `rampart-tests-${process.pid}-`))
  // Workers are forked later, and what they start gets it by `cleanEnvironment`.
  process.env['TMPDIR'] = root
  return () => {
    process.env['TMPDIR'] = parent
    remove(root)
  }
}
