import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case } from './cases.js'
import type { Files } from './project.js'

const examples = fileURLToPath(new URL('../../../examples', import.meta.url))

/** The services of the examples, each on the test's base. */
export const exampleCases: readonly Case[] = globSync('*/*/Dockerfile.app', { cwd: examples }).map(
  (dockerfile): Case => {
    const root = join(examples, dirname(dockerfile))
    return {
      name: `example ${dirname(dockerfile)}`,
      dockerfile: readFileSync(join(examples, dockerfile), 'utf8').replace(/^FROM .*$/m, 'FROM BASE'),
      files: filesOf(root),
    }
  },
)

function filesOf(root: string): Files {
  const paths = globSync('{**/*,**/.*}', { cwd: root, exclude: (name) => name === 'node_modules' || name === '.venv' })
  return Object.fromEntries(
    paths.flatMap((path): readonly (readonly [string, Files[string]])[] => {
      const stat = statSync(join(root, path))
      if (!stat.isFile()) return []
      const content = readFileSync(join(root, path), 'utf8')
      return [[relative(root, join(root, path)), (stat.mode & 0o100) === 0 ? content : { script: content }]]
    }),
  )
}
