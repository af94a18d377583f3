import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'

const names = ['rampart.yml', 'rampart.yaml'] as const

/** The absolute path of the nearest rampart.yml in a directory or above it; a RampartError (`usage`) when there is none. */
export function findConfig(cwd: string): string {
  const start = resolve(cwd)
  for (let directory = start; ; directory = dirname(directory)) {
    const [found, second] = names.map((name) => join(directory, name)).filter((path) => existsSync(path))
    if (second !== undefined) {
      throw new RampartError('usage', `${directory} has both rampart.yml and rampart.yaml`, {
        next: ['Keep one of them'],
      })
    }
    if (found !== undefined) return found
    if (dirname(directory) === directory) break
  }
  throw new RampartError('usage', `There is no rampart.yml in ${start} or above it`, {
    next: ['Name the file with --config <path>'],
  })
}
