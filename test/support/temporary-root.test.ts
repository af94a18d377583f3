import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cleanEnvironment } from './cli.js'
import { temporaryDirectory } from './project.js'
import setup from './temporary-root.js'

test('this run has a temporary directory of its own, and so have the processes that it starts', () => {
  expect(basename(tmpdir())).toMatch(/^rampart-tests-\d+-/)
  const child = spawnSync(process.execPath, ['-p', 'os.tmpdir()'], { env: cleanEnvironment(), encoding: 'utf8' })
  expect(child.stdout.trim()).toBe(tmpdir())
})

test('it goes with the run, and so does what killed runs left; those that are under way keep theirs', async () => {
  const parent = await temporaryDirectory('parent')
  const before = process.env['TMPDIR']
  onTestFinished(() => {
    process.env['TMPDIR'] = before
  })
  const { pid: ended } = spawnSync('true')
  const [left, other, mine] = [`rampart-tests-${ended}-abcdef`, `rampart-tests-${process.ppid}-abcdef`, 'something']
  for (const name of [left, other, mine]) mkdirSync(join(parent, name, 'inner'), { recursive: true })
  process.env['TMPDIR'] = parent
  const end = setup()
  const root = tmpdir()
  expect(readdirSync(parent).toSorted()).toEqual([basename(root), other, mine].toSorted())
  writeFileSync(join(root, 'late'), 'written by a process that was killed')
  end()
  expect(existsSync(root)).toBe(false)
  expect(readdirSync(parent).toSorted()).toEqual([other, mine].toSorted())
})
