import { describe, expect, test } from 'vitest'
import type { ProgramEnd } from '../../src/lib/ports/programs.js'
import { createPrograms } from '../../src/lib/system/programs.js'
import { hookFolder, isAlive } from '../hooks/support.js'
import { ManualClock } from '../support/manual-clock.js'

/** Starts a script; `said` resolves with its output when it has written that text. */
async function start(script: string, signal: AbortSignal, until: string) {
  const directory = await hookFolder({ script })
  const said = Promise.withResolvers<string>()
  let output = ''
  const end: Promise<ProgramEnd> = createPrograms(new ManualClock()).run(
    { path: `${directory}/script`, directory, environment: { PATH: process.env['PATH'] ?? '' }, input: '' },
    {
      signal,
      onOutput: (_stream, bytes) => {
        output += Buffer.from(bytes).toString()
        if (output.includes(until)) said.resolve(output)
      },
    },
  )
  return { end, said: said.promise }
}

describe('a program that is ended', () => {
  test('and does not listen is killed after a while', async () => {
    const controller = new AbortController()
    const { end, said } = await start(
      "trap '' TERM\necho $$\necho up\nwhile :; do sleep 300; done",
      controller.signal,
      'up',
    )
    const pid = Number.parseInt(await said, 10)
    controller.abort()
    expect(await end).toEqual({ kind: 'killed', signal: 'SIGKILL' })
    expect(isAlive(pid)).toBe(false)
  })

  test('before it began is not started', async () => {
    const { end } = await start('echo never', AbortSignal.abort(), 'never')
    expect(await end).toEqual({ kind: 'killed', signal: 'SIGTERM' })
  })
})

test('nothing is left listening for the end of the process', async () => {
  const before = process.listenerCount('exit')
  const { end } = await start('exit 0', new AbortController().signal, '')
  expect(await end).toEqual({ kind: 'exited', code: 0 })
  expect(process.listenerCount('exit')).toBe(before)
})
