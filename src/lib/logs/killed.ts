import type { LoadFact } from './fact.js'

const killed = (why: string): LoadFact => ({ kind: 'killed', why })

const outOfMemory = /Out of memory: Killed process \d{1,10} \(([^)]{1,64})\)/i
// bash: `start.sh: line 3:     7 Killed                  uvicorn …`; a shell without a script says `Killed` alone.
const shell = /(?:^Killed$|: line \d{1,6}: {1,12}\d{1,10} Killed\b)/
const status =
  /\bexit(?:ed)?(?: with)?(?: (?:code|status))?[:= "']{0,4}137\b|\bexit[ _-]?(?:code|status)[":= ]{1,4}137\b/i
const worker = /\bWorker \(pid:\d{1,10}\) was sent SIGKILL!|\bWorker with pid \d{1,10} was terminated due to signal 9\b/
// ECS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
const platform = /\bOOMKilled\b(?!["']?\s?[:=]\s?false)|\bOutOfMemoryError: Container killed due to memory usage/

/** Whether a line says that a process was killed from outside, which for model servers is the want of memory. */
export function readKilled(text: string): LoadFact | undefined {
  const process = outOfMemory.exec(text)?.[1]
  if (process !== undefined) return killed(`out of memory (the kernel killed ${process})`)
  if (/\boom-kill:|\boom_reaper: reaped process/.test(text))
    return killed('out of memory (the kernel killed a process)')
  if (platform.test(text)) return killed('out of memory (the platform killed the container)')
  if (worker.test(text)) return killed('a worker got SIGKILL, most likely out of memory')
  if (status.test(text)) return killed('exit code 137, most likely out of memory')
  return shell.test(text) ? killed('killed, most likely out of memory') : undefined
}
