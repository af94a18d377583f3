import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package that a module is in: the nearest directory above it with a package.json, whether bundled or not. */
export function packageRoot(url: string): string {
  for (let directory = dirname(fileURLToPath(url)); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory
    if (directory === dirname(directory)) throw new Error(`There is no package.json above ${url}.`)
  }
}
