import { execFileSync } from 'node:child_process'
import { temporaryDirectory } from './project.js'

export interface Repository {
  /** Runs git in the working tree; what it printed. */
  readonly git: (...words: readonly string[]) => string
  /** Commits all there is, and pushes it. */
  readonly commit: (subject: string) => void
  /** Runs git in the bare repository that is `origin`. */
  readonly atOrigin: (...words: readonly string[]) => string
  readonly origin: string
}

const environment = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }

const run = (cwd: string, words: readonly string[]): string =>
  execFileSync('git', words, { cwd, encoding: 'utf8', env: environment, stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** A real repository around a folder, with a bare `origin` on disk that has its first commit. */
export async function withOrigin(directory: string): Promise<Repository> {
  const origin = await temporaryDirectory('origin')
  run(origin, ['init', '-q', '--bare', '-b', 'main'])
  const git = (...words: readonly string[]): string => run(directory, words)
  git('init', '-q', '-b', 'main')
  for (const [key, value] of [
    ['user.name', 't'],
    ['user.email', 't@example.com'],
    ['commit.gpgsign', 'false'],
    ['tag.gpgsign', 'false'],
  ] as const) {
    git('config', key, value)
  }
  git('remote', 'add', 'origin', origin)
  const commit = (subject: string): void => {
    git('add', '-A')
    git('commit', '-q', '-m', subject)
    git('push', '-q', 'origin', 'main')
  }
  commit('Serve the policy model')
  return { git, commit, origin, atOrigin: (...words) => run(origin, words) }
}
