import { lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { readFileSync, type Dirent, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'
import type { Tree } from './tree.js'

// Nobody's sources: installed packages, caches and what builds leave.
const skipped = new Set([
  'node_modules',
  '__pycache__',
  'venv',
  'site-packages',
  'dist',
  'build',
  'target',
  'vendor',
  'coverage',
])
const mostFiles = 50_000
const largest = 1_000_000

/** Reads the names of a repository's files; texts are read when they are asked for. Links are not followed. */
export async function readTree(root: string): Promise<Tree> {
  const about = await stat(root).catch(() => undefined)
  if (about?.isDirectory() !== true) {
    throw new RampartError('usage', `${root} is not a directory.`, {
      next: ['give the top directory of the repository'],
    })
  }
  const paths: string[] = []
  const waiting = ['']
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const entry of await entriesOf(join(root, directory))) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`
      if (entry.isDirectory() && !skipped.has(entry.name) && isRead(entry.name)) waiting.push(path)
      else if (!entry.isDirectory()) paths.push(path)
    }
    if (paths.length > mostFiles) {
      throw new RampartError('usage', `${root} holds more than ${mostFiles} files.`, {
        next: ['give the directory of the repository that holds the services'],
      })
    }
  }
  const texts = new Map<string, string | undefined>()
  return {
    paths: paths.sort(),
    text: (path) => {
      if (!texts.has(path)) texts.set(path, readText(join(root, path)))
      return texts.get(path)
    },
  }
}

// What begins with a dot is of tools; only that of workflows says something of how the app is deployed.
const isRead = (name: string): boolean => !name.startsWith('.') || name === '.github'

/** A directory that may not be read holds nothing for us. */
async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.length > largest || bytes.includes(0) ? undefined : bytes.toString('utf8')
  } catch {
    return undefined
  }
}

/** Looks whether a file can be put there; rejects when something stands there that is no regular file. */
export async function checkPlace(path: string): Promise<Stats | undefined> {
  const there = await lstat(path).catch(() => undefined)
  if (there !== undefined && !there.isFile()) {
    throw new RampartError('usage', `${path} is not a regular file, and is left alone; nothing was written.`, {
      next: ['move it away, and run init again'],
    })
  }
  return there
}

/** Writes a file as a whole or not at all, and only over a regular one. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const there = await checkPlace(path)
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.rampart`
  try {
    await writeFile(temporary, content, { flag: 'wx', mode: there?.mode ?? 0o644 })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    const why = error instanceof Error ? error.message : String(error)
    throw new RampartError('usage', `${path} cannot be written: ${why}`, { cause: error })
  }
}
