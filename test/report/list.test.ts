import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { requires } from '../support/requires.js'
import { runOnTerminal, type Seen } from './screen.js'

const { describe } = requires('python3')
const player = fileURLToPath(new URL('player.js', import.meta.url))
const recording = (name: string): string => `test/fixtures/events/${name}.ndjson`
const utf8 = { LANG: 'C.UTF-8', TERM: 'xterm-256color' }

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
const frameStart = '\u001b[?2026h'

function playList(name: string, columns: number, env: Record<string, string>, ...more: string[]): Promise<Seen> {
  return runOnTerminal({ columns, rows: 40 }, [process.execPath, player, recording(name), 'list', ...more], env)
}

describe('the list on a terminal', () => {
  for (const [name, columns] of [
    ['healthy', 100],
    ['bad-image', 100],
    ['attached', 40],
  ] as const) {
    test(`leaves the run ${name} on ${columns} columns`, async () => {
      const seen = await playList(name, columns, utf8, '5')
      expect(seen.exitCode).toBe(0)
      await expect(seen.text).toMatchFileSnapshot(`../golden/report/${name}.list-${columns}.txt`)
    })
  }

  test('is the same when everything happens at once', async () => {
    const slow = await playList('bad-image', 100, utf8, '5')
    const fast = await playList('bad-image', 100, utf8, '0')
    expect(fast.text).toBe(slow.text)
  })

  test('is drawn at most ten times a second', async () => {
    const before = performance.now()
    const seen = await playList('healthy', 100, utf8, '20')
    const seconds = (performance.now() - before) / 1000
    const frames = seen.raw.split(frameStart).length - 1
    expect(frames).toBeGreaterThan(3)
    expect(frames).toBeLessThanOrEqual(seconds * 10 + 1)
  })

  test('has no colour and no sign beyond ASCII where they are not wanted', async () => {
    const seen = await playList('bad-image', 80, { LC_ALL: 'C', TERM: 'xterm', NO_COLOR: '1' }, '5')
    // oxlint-disable-next-line no-control-regex -- colours
    expect(seen.raw).not.toMatch(/\u001b\[\d+(?:;\d+)*m/)
    expect(seen.text).toMatch(/^[\n -~]*$/)
    expect(seen.text).toContain('x rollout    failed after 4m 02s: rolled back to revision 7')
  })

  test('gives the cursor back at its end, and when the process leaves in the middle', async () => {
    const whole = await playList('healthy', 80, utf8, '5')
    expect(whole.raw.lastIndexOf(showCursor)).toBeGreaterThan(whole.raw.lastIndexOf(hideCursor))
    const left = await playList('healthy', 80, utf8, '60', '30')
    expect(left.exitCode).toBe(130)
    expect(left.raw).toContain(hideCursor)
    expect(left.raw.lastIndexOf(showCursor)).toBeGreaterThan(left.raw.lastIndexOf(hideCursor))
  })
})
