import { spawn } from 'node:child_process'
import { RampartError } from '../errors/rampart-error.js'
import type { GitTags, Standing } from '../ports/git-tags.js'
import type { GitOptions } from './git.js'

interface Answer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A remote may be slow, and hooks of the person's may run before a push. */
const timeout = 120_000

/** The last of git's words, without passwords in addresses, on one line. */
function lastWords({ code, stderr }: Answer): string {
  const lines = stderr.split('\n').map((line) => line.replaceAll(/[^\x20-\x7e]+/g, ' ').trim())
  const said = lines.findLast((line) => /^(?:fatal|error|remote|!)\b|^!/.test(line)) ?? lines.findLast(Boolean)
  return (said ?? `it ended with ${code ?? 'a signal'}`).replaceAll(/\/\/[^/@\s]*@/g, '//***@').slice(0, 300)
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

/** The `git` program, where it names commits and shares the names. */
export function createGitTags(options: GitOptions): GitTags {
  function ask(directory: string, words: readonly string[], input = ''): Promise<Answer> {
    return new Promise((resolve) => {
      const child = spawn('git', words, {
        cwd: directory,
        env: { ...options.environment, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
        stdio: ['pipe', 'pipe', 'pipe'],
        // Without a terminal, ssh fails where it would ask; and a Ctrl-C is rampart's to judge.
        detached: true,
        timeout,
        ...(options.signal !== undefined && { signal: options.signal }),
      })
      let stdout = ''
      let stderr = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      child.on('error', (error) => resolve({ code: null, stdout, stderr: error.message }))
      child.on('close', (code) => resolve({ code, stdout: stdout.replace(/\n$/, ''), stderr }))
      child.stdin.on('error', () => undefined)
      child.stdin.end(input)
    })
  }

  async function must(directory: string, doing: string, words: readonly string[], input?: string): Promise<string> {
    const answer = await ask(directory, words, input)
    if (answer.code === 0) return answer.stdout
    options.signal?.throwIfAborted()
    throw new RampartError('unreachable', `git could not ${doing}: ${lastWords(answer)}`)
  }

  async function checkedOut(directory: string): ReturnType<GitTags['checkedOut']> {
    const [head, changes] = await Promise.all([
      ask(directory, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']),
      ask(directory, ['status', '--porcelain', '--untracked-files=normal']),
    ])
    if (head.code !== 0 || changes.code !== 0) return undefined
    return { commit: head.stdout, changes: linesOf(changes.stdout) }
  }

  const isPartOf = async (directory: string, commit: string, tip: string): Promise<boolean> =>
    (await ask(directory, ['merge-base', '--is-ancestor', commit, tip])).code === 0

  /** By its name alone: an address may hold a password. */
  async function originOf(directory: string, tag: string, commit: string): Promise<Standing['origin']> {
    if ((await ask(directory, ['remote', 'get-url', 'origin'])).code !== 0) return undefined
    const text = await must(directory, 'ask origin for its branches', [
      'ls-remote',
      'origin',
      'refs/heads/*',
      `refs/tags/${tag}`,
      `refs/tags/${tag}^{}`,
    ])
    const refs = new Map(
      linesOf(text).map((line) => {
        const [id = '', name = ''] = line.split('\t')
        return [name, id] as const
      }),
    )
    // An annotated tag is an object of its own; the second name is that of the commit.
    const tagged = refs.get(`refs/tags/${tag}^{}`) ?? refs.get(`refs/tags/${tag}`)
    const branches = [...refs].filter(([name]) => name.startsWith('refs/heads/'))
    const holds = async ([name, id]: readonly [string, string]): Promise<boolean> =>
      id === commit ||
      (await isPartOf(directory, commit, id)) ||
      // The branch has gone on to commits that were not fetched: what was is known by the last fetch.
      (await isPartOf(directory, commit, name.replace('refs/heads/', 'refs/remotes/origin/')))
    let hasCommit = tagged === commit || branches.some(([, id]) => id === commit)
    for (const branch of branches) {
      if (hasCommit) break
      // oxlint-disable-next-line no-await-in-loop -- the first that has it is enough
      hasCommit = await holds(branch)
    }
    return { hasCommit, ...(tagged !== undefined && { tag: tagged }) }
  }

  return {
    checkedOut,
    standing: async (directory, tag) => {
      const now = await checkedOut(directory)
      if (now === undefined) return undefined
      const { commit } = now
      const [subject, local, origin] = await Promise.all([
        must(directory, 'read its last commit', ['log', '-1', '--format=%s', commit]),
        ask(directory, ['rev-parse', '--verify', '--quiet', `refs/tags/${tag}^{commit}`]),
        originOf(directory, tag, commit),
      ])
      return {
        ...now,
        subject,
        ...(local.code === 0 && { local: local.stdout }),
        ...(origin !== undefined && { origin }),
      }
    },
    tryTag: async (directory, tag, commit) => {
      await Promise.all([
        must(directory, 'say who makes the tag', ['var', 'GIT_COMMITTER_IDENT']),
        must(directory, 'push a tag to origin', [
          'push',
          '--dry-run',
          '--no-verify',
          'origin',
          `${commit}:refs/tags/${tag}`,
        ]),
      ])
    },
    createTag: async (directory, tag, commit, message) => {
      // Nothing is taken out of the message, not even a line that begins with #.
      const words = ['tag', '--annotate', '--cleanup=whitespace', '--file=-', tag, commit]
      await must(directory, `make the tag ${tag}`, words, message)
    },
    pushTag: async (directory, tag) => {
      await must(directory, `push the tag ${tag} to origin`, ['push', 'origin', `refs/tags/${tag}:refs/tags/${tag}`])
    },
  }
}
