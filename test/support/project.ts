import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { root } from './cli.js'

/** A copy of the example in a folder of its own, so that it can be edited and no commit changes what is built. */
export interface Project {
  readonly directory: string
  /** Its rampart.yml. */
  readonly config: string
  /** Replaces a text in one of its files, and fails when it is not there. */
  edit(file: string, from: string | RegExp, to: string): Promise<void>
  write(file: string, content: string | Uint8Array): Promise<void>
}

/** What an example's rampart.yml says of its own stack, secrets and all, for a test that has another or none. */
export const ownStack = / {4}# What it stands on.*\n {4}infra:\n(?: {6}.*\n)*/

/** Removes a directory when the test that asked for it ends. */
export async function temporaryDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `rampart-${name}-`))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** An example, to be changed at will. It goes when the test ends. */
export async function copyExample(name: 'rampart-ai' | 'finbert-rag' = 'rampart-ai'): Promise<Project> {
  const directory = await temporaryDirectory('project')
  await cp(join(root, 'examples', name), directory, {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  })
  return {
    directory,
    config: join(directory, 'rampart.yml'),
    async edit(file, from, to) {
      const path = join(directory, file)
      const text = await readFile(path, 'utf8')
      const changed = text.replace(from, to)
      if (changed === text) throw new Error(`${file} does not hold ${String(from)}`)
      await writeFile(path, changed)
    },
    write: (file, content) => writeFile(join(directory, file), content),
  }
}
