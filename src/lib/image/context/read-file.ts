import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { RampartError } from '../../errors/rampart-error.js'
import type { FileIdentity } from './context.js'

/** A file that is read as it was listed, or not at all. */
export interface OpenFile {
  /** Fills the target from where the last call ended, or from a position. Throws when the file ends before. */
  fill(target: Uint8Array, position?: number): void
  /** Throws when the file has changed since it was listed. */
  check(): void
  close(): void
}

/** Opens a listed file. Throws `usage` errors that name it when it cannot be read or is not what was listed. */
export function openListed(identity: FileIdentity): OpenFile {
  let handle: number
  try {
    handle = openSync(identity.file, 'r')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new RampartError('usage', `${identity.file} cannot be read (${code})`, {
      place: { file: identity.file },
      next: ['make it readable, or name it in .dockerignore'],
      cause,
    })
  }
  const check = (): void => {
    const stat = fstatSync(handle, { bigint: true })
    const same = stat.size === BigInt(identity.size) && stat.mtimeNs === identity.mtimeNs && stat.ino === identity.inode
    if (!same) throw changed(identity)
  }
  try {
    check()
  } catch (error) {
    closeSync(handle)
    throw error
  }
  return {
    fill: (target, position) => {
      let filled = 0
      while (filled < target.length) {
        const at = position === undefined ? null : position + filled
        const count = readSync(handle, target, filled, target.length - filled, at)
        if (count === 0) throw changed(identity)
        filled += count
      }
    },
    check,
    close: () => closeSync(handle),
  }
}

/** Reads a whole listed file into `target`, which is as long as the file. */
export function readListed(identity: FileIdentity, target: Uint8Array): void {
  const file = openListed(identity)
  try {
    file.fill(target)
    file.check()
  } finally {
    file.close()
  }
}

function changed(identity: FileIdentity): RampartError {
  return new RampartError('usage', `${identity.file} changed while the image was made`, {
    place: { file: identity.file },
    next: ['run the same command again when nothing writes into the build context'],
  })
}
