import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryDirectory } from './project.js'

/** Programs that stand before others on PATH and note what each child is told, before anything else runs. */
export interface ChildNotes {
  /** To be put first in PATH. */
  readonly directory: string
  /** To be given to the parent as NODE_OPTIONS: it notes each program that it starts, whatever that is. */
  readonly nodeOptions: string
  /** The notes: `NAME.PID.environ`, `NAME.PID.cmdline`, and `NAME.PID.stdin` where it reads that. */
  readonly notes: string
  /** Writes one that notes and then answers by this shell script; `path` is where, in `directory` when left out. */
  readonly write: (name: string, script: string, path?: string) => Promise<void>
  /** Names of the programs that noted themselves, and of those that the parent started. */
  readonly noted: () => Promise<{ readonly started: readonly string[]; readonly seen: readonly string[] }>
}

// The kernel keeps there what a process began with, whatever becomes of it. The shell is that process.
const note = (notes: string, name: string): string => `#!/bin/sh
cat /proc/$$/environ >'${notes}/${name}'.$$.environ
cat /proc/$$/cmdline >'${notes}/${name}'.$$.cmdline
`

// https://nodejs.org/api/diagnostics_channel.html#process: one message for each process that is started.
const watcher = (file: string): string => `import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import { basename } from 'node:path'
subscribe('child_process', ({ process: child }) =>
  child.on('spawn', () => appendFileSync(${JSON.stringify(file)}, basename(child.spawnfile) + '\\n')))
`

/** Makes such programs in a directory that goes with the test. `wrapped` are those that then run as they are. */
export async function noteChildren(wrapped: readonly string[]): Promise<ChildNotes> {
  const root = await temporaryDirectory('child-notes')
  const [directory, notes, log] = [join(root, 'bin'), join(root, 'notes'), join(root, 'started')]
  await Promise.all([directory, notes].map((path) => mkdir(path, { recursive: true })))
  await Promise.all([writeFile(join(root, 'watch.mjs'), watcher(log)), writeFile(log, '')])
  const write = async (name: string, script: string, path = join(directory, name)): Promise<void> => {
    await writeFile(path, `${note(notes, name)}${script}\n`)
    await chmod(path, 0o755)
  }
  for (const name of wrapped) {
    const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    // oxlint-disable-next-line no-await-in-loop -- a handful
    await write(name, `exec '${real}' "$@"`)
  }
  return {
    directory,
    nodeOptions: `--import=${join(root, 'watch.mjs')}`,
    notes,
    write,
    noted: async () => {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '')
      const files = (await readdir(notes)).filter((file) => file.endsWith('.environ'))
      const names = files.map((file) => file.replace(/\.\d+\.environ$/, ''))
      return { started: [...new Set(lines)].toSorted(), seen: [...new Set(names)].toSorted() }
    },
  }
}
