import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createGit, publicAddress } from '../../src/lib/system/git.js'
import { requires } from '../support/requires.js'

const git = createGit({ environment: process.env })

requires('git').describe('git', () => {
  let root: string
  const run = (...words: string[]): string =>
    execFileSync('git', words, {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_COMMITTER_DATE: '2026-05-04T10:00:00+02:00',
      },
    }).trim()
  const commit = async (file: string, text: string): Promise<string> => {
    await writeFile(join(root, file), text)
    run('add', '.')
    run('-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com', 'commit', '-q', '-m', `Change ${file}`)
    return run('rev-parse', 'HEAD')
  }
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'rampart-git-'))
    await mkdir(join(root, 'backend'))
    await mkdir(join(root, 'frontend'))
    run('init', '-q')
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  test('names the last commit that touched the paths, not the last one', async () => {
    const backend = await commit('backend/main.py', '1')
    await commit('frontend/index.js', '1')
    const found = await git.sourceRevision(join(root, 'backend'), ['.'])
    expect(found).toEqual({
      commit: backend,
      committedAt: '2026-05-04T10:00:00+02:00',
      subject: 'Change backend/main.py',
      dirty: false,
      version: backend.slice(0, 7),
    })
  })

  test('tells changes below the paths from changes elsewhere', async () => {
    await commit('backend/main.py', '1')
    await writeFile(join(root, 'frontend', 'new.js'), '')
    expect((await git.sourceRevision(join(root, 'backend'), ['.']))?.dirty).toBe(false)
    await writeFile(join(root, 'backend', 'new.py'), '')
    expect((await git.sourceRevision(join(root, 'backend'), ['.']))?.dirty).toBe(true)
  })

  test('knows the version by the nearest tag, and the remote without its password', async () => {
    await commit('backend/main.py', '1')
    run('tag', 'v1.0')
    run('remote', 'add', 'origin', 'https://me:secret@git.example:8443/team/app.git')
    expect(await git.sourceRevision(root, ['backend'])).toMatchObject({
      version: 'v1.0',
      remote: 'https://git.example:8443/team/app',
    })
    await commit('backend/main.py', '2')
    expect((await git.sourceRevision(root, ['backend']))?.version).toMatch(/^v1\.0-1-g[0-9a-f]{7}$/)
  })

  test('knows nothing outside a repository, without commits, and of paths that no commit has', async () => {
    expect(await git.sourceRevision(root, ['.'])).toBeUndefined()
    await commit('backend/main.py', '1')
    expect(await git.sourceRevision(root, ['frontend'])).toBeUndefined()
    expect(await git.sourceRevision(tmpdir(), ['.'])).toBeUndefined()
  })

  test('takes a path for what it is and not for a pattern', async () => {
    await commit('backend/main.py', '1')
    expect(await git.sourceRevision(root, ['b*'])).toBeUndefined()
  })
})

test('without git nothing is known and nothing fails', async () => {
  expect(await createGit({ environment: { PATH: '/nowhere' } }).sourceRevision(tmpdir(), ['.'])).toBeUndefined()
})

describe('the address of a source', () => {
  test.each([
    ['https://github.com/a/b.git', 'https://github.com/a/b'],
    ['https://user:token@github.com/a/b', 'https://github.com/a/b'],
    ['git@github.com:a/b.git', 'https://github.com/a/b'],
    ['github.com:a/b', 'https://github.com/a/b'],
    ['ssh://git@git.example:2222/a/b.git/', 'https://git.example/a/b'],
    ['git://git.example/a/b', 'https://git.example/a/b'],
    ['/srv/git/b.git', undefined],
    ['file:///srv/git/b.git', undefined],
    ['../b', undefined],
    ['C:\\git\\b', undefined],
  ])('%s is %s', (remote, address) => {
    expect(publicAddress(remote)).toBe(address)
  })
})
