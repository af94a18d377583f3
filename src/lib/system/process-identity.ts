import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '../domain/process-identity.js'

interface Standing {
  readonly state: string
  readonly began: string
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name may hold anything, so that it is counted from its end. */
function standingOf(id: number | 'self'): Standing | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state, began: rest[18] ?? '' }
  } catch {
    return undefined
  }
}

/** This boot of this machine, and what of its processes can be seen from here; undefined where that can not be told. */
function machine(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}

/** This process; undefined on a system that does not tell, as all but Linux. */
export function thisProcess(): ProcessIdentity | undefined {
  const where = machine()
  const began = standingOf('self')?.began
  return where === undefined || began === undefined ? undefined : { machine: where, id: process.pid, began }
}

/** True when that process was of this machine and has ended; false for one that can not be seen from here. */
export function isGone({ machine: where, id, began }: ProcessIdentity): boolean {
  if (where !== machine()) return false
  const now = standingOf(id)
  // One that has ended and was not waited for yet is listed still.
  return now === undefined || now.began !== began || now.state === 'Z' || now.state === 'X'
}
