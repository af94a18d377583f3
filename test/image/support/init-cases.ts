import { planOf, readFiles, repositories, repositoryPath } from '../../init/support.js'
import type { Case } from './cases.js'

/** The thin images that init writes for the repositories of its tests, each on the test's base. */
export const initCases: readonly Case[] = repositories.flatMap((name) => {
  const files = readFiles(repositoryPath(name))
  const planned = planOf(files, name).plan.files
  const written = Object.fromEntries(planned.map(({ path, content }) => [path, content]))
  return planned
    .filter(({ path }) => path.endsWith('.app'))
    .map(({ path, content }) => ({
      name: `init of ${name}: ${path}`,
      dockerfile: content.replace(/^FROM .*$/m, 'FROM BASE'),
      files: { ...files, ...written },
    }))
})
