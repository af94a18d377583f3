import type { Git } from '../ports/git.js'

/**
 * Version control as it will be when the commit has its version: what its images are called is the same before its git
 * tag is made and ever after.
 */
export function namedGit(git: Git, version: string, commit: () => Promise<string | undefined>): Git {
  return {
    sourceRevision: async (directory, paths) => {
      const [source, head] = await Promise.all([git.sourceRevision(directory, paths), commit()])
      return source?.commit !== undefined && source.commit === head ? { ...source, version } : source
    },
  }
}
