import { spawn } from 'node:child_process'
import type { Git, SourceRevision } from '../ports/git.js'

export interface GitOptions {
  /** The process environment; PATH decides which git is run. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
}

const timeout = 20_000

/** The `git` program. Three short runs at once give a revision. */
export function createGit(options: GitOptions): Git {
  /** What it printed, without the last line's end; undefined when it failed or is not there. */
  function git(directory: string, ...words: readonly string[]): Promise<string | undefined> {
    return new Promise((resolve) => {
      const child = spawn('git', ['--literal-pathspecs', ...words], {
        cwd: directory,
        // Without optional locks `status` never disturbs a commit that is being made.
        env: { ...options.environment, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout,
        ...(options.signal !== undefined && { signal: options.signal }),
      })
      const parts: Buffer[] = []
      child.stdout.on('data', (part: Buffer) => parts.push(part))
      child.on('error', () => resolve(undefined))
      child.on('close', (code) =>
        resolve(code === 0 ? Buffer.concat(parts).toString('utf8').replace(/\n$/, '') : undefined),
      )
    })
  }

  return {
    sourceRevision: async (directory, paths) => {
      const [log, changes, address] = await Promise.all([
        git(directory, 'log', '-1', '--format=%H%x00%cI%x00%h%x00%(describe:tags=true)%x00%s', '--', ...paths),
        git(directory, 'status', '--porcelain', '--', ...paths),
        git(directory, 'config', '--get', 'remote.origin.url'),
      ])
      if (log === undefined || log === '') return undefined
      const [commit = '', committedAt = '', short = '', described = '', subject = ''] = log.split('\0')
      // A git older than 2.35 leaves the placeholder as it is.
      const tag = described.startsWith('%(') ? await git(directory, 'describe', '--tags', commit) : described
      const remote = address === undefined ? undefined : publicAddress(address)
      return {
        commit,
        committedAt,
        subject,
        dirty: changes !== '',
        ...(remote !== undefined && { remote }),
        version: tag === undefined || tag === '' ? short : tag,
      } satisfies SourceRevision
    },
  }
}

/**
 * A remote as an https address without user, password and `.git`, so that a clone by ssh and one by https name the
 * same source; undefined for one on this machine.
 */
export function publicAddress(remote: string): string | undefined {
  const short = /^(?:[^@/]+@)?([^:/\\]{2,}):(?!\/\/)(.+)$/.exec(remote)
  const url = URL.parse(short === null ? remote : `ssh://${short[1]}/${short[2]?.replace(/^\/+/, '')}`)
  if (url === null || !['https:', 'http:', 'ssh:', 'git:', 'git+ssh:'].includes(url.protocol) || url.hostname === '') {
    return undefined
  }
  const port = url.protocol.startsWith('http') && url.port !== '' ? `:${url.port}` : ''
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '')
  return `https://${url.hostname}${port}${path}`
}
