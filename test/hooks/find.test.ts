import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findHooks } from '../../src/lib/hooks/find.js'
import { hookFolder, writeHook } from './support.js'

test('no folder, no hooks', async () => {
  const directory = await hookFolder({})
  expect(await findHooks(join(directory, 'none'), '.rampart/hooks')).toEqual({ paths: new Map(), flaws: [] })
})

test('programs by the names of the moments, links too; texts and libraries beside them are nothing', async () => {
  const directory = await hookFolder({ 'pre-build': 'exit 0' })
  await writeHook(directory, 'README.md', 'text', 0o644)
  await symlink('pre-build', join(directory, 'failed'))
  const { paths, flaws } = await findHooks(directory, '.rampart/hooks')
  expect([...paths]).toEqual([
    ['failed', join(directory, 'failed')],
    ['pre-build', join(directory, 'pre-build')],
  ])
  expect(flaws).toEqual([])
})

test('what was meant to run and can not is named, with what mends it', async () => {
  const directory = await hookFolder({ 'pre-build.sh': 'exit 0' })
  await writeHook(directory, 'post-deploy', 'exit 0', 0o644)
  await mkdir(join(directory, 'failed'))
  await symlink('nowhere', join(directory, 'pre-deploy'))
  const { paths, flaws } = await findHooks(directory, '.rampart/hooks')
  expect([...paths]).toEqual([])
  expect(flaws).toEqual([
    { message: 'The hook .rampart/hooks/failed is left out: it is not a file', next: [] },
    {
      message: 'The hook .rampart/hooks/post-deploy is left out: it is not executable',
      next: ['chmod +x .rampart/hooks/post-deploy'],
    },
    {
      message: '.rampart/hooks/pre-build.sh is run at no moment: no hook has that name',
      next: [
        'name it pre-build, pre-deploy, post-rollout, post-deploy, failed, post-rollback, or take its executable bit away',
      ],
    },
    { message: 'The hook .rampart/hooks/pre-deploy is left out: it can not be found or read', next: [] },
  ])
})
