import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isGone, thisProcess } from '../../src/lib/system/process-identity.js'

test.runIf(process.platform === 'linux')(
  'a process lives until it has ended, and its number alone is not it',
  async () => {
    const own = thisProcess()
    if (own === undefined) throw new Error('this machine does not tell its processes apart')
    expect(own.id).toBe(process.pid)
    expect(isGone(own)).toBe(false)
    expect(isGone({ ...own, began: '1' })).toBe(true)
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
    const id = child.pid ?? 0
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isGone({ ...own, id })).toBe(true)
  },
)

test('what another machine says is never taken for gone', () => {
  expect(isGone({ machine: 'another boot/pid:[1]', id: 1, began: '1' })).toBe(false)
})
